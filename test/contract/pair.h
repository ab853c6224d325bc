/* A client and a server of the same backend on one wire, driven as an event loop would drive them.
 *
 * Every call goes through functions that check what holds for all calls: the outcome is one of the
 * header's, a count comes with OK and with nothing else, the error kept is the first one. */
#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock_port.h"
#include "tls_port.h"
#include "wire.h"

/* How far a call that may have to be repeated has come. */
struct activity {
    enum tls_outcome outcome; /* of the last call */
    size_t want_len;          /* what it waits for, if that is a want */
    bool tried, over;
};

struct side {
    const char *name;
    struct tls_session *session;
    struct wire_end *end;
    struct activity handshake, read, write, close;
    enum tls_outcome first_error; /* TLS_OK: none */
    const uint8_t *message;       /* what it writes after the handshake */
    size_t message_len, written_len;
    uint8_t *received;
    size_t received_len, received_cap;
    size_t read_cap; /* of each read */
    int64_t wall_s;  /* what clock_wall says in its calls, and where it has it from */
    enum clock_source wall_source;
    bool stays_open;     /* does not close after its message */
    bool memory_refused; /* an allocation was refused in one of its calls */
    bool gone;           /* has closed its transport */
};

struct pair {
    struct wire wire;
    struct side client, server;
    struct tls_context *client_context, *server_context;
};

/* What both contexts and sessions are made from. An identity without chain, or a trust without
 * anchors, is passed on as NULL. The pointers of the two contexts' configs are filled in. */
struct pair_config {
    struct tls_context_config client, server;
    struct tls_identity client_identity, server_identity;
    struct tls_trust client_trust, server_trust;
    const char *server_name;
    struct tls_span resume;
    bool wire_tells;      /* the transports tell what is receivable and sendable */
    bool reads_need_room; /* of the server's session */
};

/* One TLS version that the suite goes through. */
struct pair_version {
    const char *name; /* as in tls_session_info */
    bool is_1_2;
};

/* All versions, ended by a NULL name. */
extern const struct pair_version pair_versions[];

/* A server with the EC identity, a client that trusts its CA and asks for its name. No tickets, no
 * ALPN, no client certificate. */
struct pair_config pair_config_default(void);
struct pair_config pair_config_version(const struct pair_version *version);

/* Opens one context. What is borrowed for that call only is overwritten right after it. */
enum tls_outcome pair_open_context(const struct tls_context_config *config,
                                   const struct tls_identity *identity,
                                   const struct tls_trust *trust, struct tls_context **out,
                                   struct tls_error *error);

/* Contexts and sessions; both must succeed. Sessions may be closed and opened again. */
void pair_open_contexts(struct pair *pair, const struct pair_config *config);
void pair_open_sessions(struct pair *pair, const struct pair_config *config);
void pair_open(struct pair *pair, const struct pair_config *config);
void pair_close_sessions(struct pair *pair);
void pair_close(struct pair *pair);

/* The calls themselves, checked. */
enum tls_outcome side_handshake(struct side *side);
enum tls_outcome side_read(struct side *side, uint8_t *buf, size_t cap, size_t *count);
enum tls_outcome side_write(struct side *side, const uint8_t *bytes, size_t len, size_t *count);
enum tls_outcome side_close(struct side *side);

/* Goes on until both handshakes are over, whatever came of them. Does not read or write. */
void pair_shake(struct pair *pair);

/* pair_open and a handshake that succeeds on both sides. */
void pair_open_and_shake(struct pair *pair, const struct pair_config *config);

/* Gives a side its message and room for what it receives. */
void side_set_message(struct side *side, const uint8_t *message, size_t len);

/* Both sides shake hands, write their messages, close, and read to the end, each sleeping whenever
 * nothing it waits for can happen. True: both came to an end. False: both sleep for ever. A side
 * that runs again and again without anything moving fails the test. */
bool pair_converse(struct pair *pair);

/* What ended a side: its first error, or TLS_OK. */
enum tls_outcome side_result(const struct side *side);

/* Reads all that has come, at most cap bytes, until a read has no data. Returns that outcome. */
enum tls_outcome side_read_all(struct side *side, uint8_t *buf, size_t cap, size_t *len);

/* Writes all of bytes; the transport must have room. */
void side_write_all(struct side *side, const uint8_t *bytes, size_t len);

/* Fills buf with bytes that differ from place to place. */
void pattern_fill(uint8_t *buf, size_t len, unsigned variant);

#endif
