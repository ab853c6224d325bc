/* One TLS connection, as server and client both need it: a socket, the session on it, the phase it
 * is in, what it waits for, and its orderly end. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net_port.h"
#include "port.h"
#include "tls_port.h"

enum connection_phase {
    CONNECTION_NONE = 0,  /* not in use */
    CONNECTION_HANDSHAKE, /* until tls_handshake is over */
    CONNECTION_OPEN,      /* data flows */
    CONNECTION_NOTIFYING, /* closing: close_notify, or a fatal alert, is on its way out */
    CONNECTION_FINISHING, /* closing: FIN is on its way out */
    CONNECTION_AWAITING,  /* closing, if asked for: until the peer's close_notify */
    CONNECTION_DRAINING,  /* closing: until the peer's FIN, so that no RST destroys what we sent */
};

struct connection {
    struct tls_transport transport; /* what the session sits on: this connection's socket */
    struct net_socket *socket;
    struct tls_session *session;
    struct net_address peer;
    unsigned id; /* session= in the log */
    enum connection_phase phase;
    bool awaits_notify;      /* the orderly end includes the peer's close_notify */
    enum tls_outcome ending; /* with awaits_notify: how the peer's side ended; OK: it sent data */
    uint8_t wants;           /* bits of enum net_event: what the last call waits for */
    size_t want_len;         /* how many bytes of it */
    unsigned clock_steps;    /* clock_wall()'s, by which the peer's certificate was judged */
    uint64_t started_us;
    uint64_t deadline_us; /* of the phase, absolute */
    uint64_t bytes_in, bytes_out;
    uint64_t wire_bytes; /* moved on the socket, both ways together */
};

/* Starts a connection on socket, which it owns from now on, whatever the outcome; the phase is
 * HANDSHAKE. config->transport is filled in here. On any outcome but OK (NO_MEMORY, MISUSE, FAILED)
 * call connection_end. */
PORT_MUST_USE enum tls_outcome connection_start(struct connection *connection,
                                                struct net_socket *socket,
                                                struct tls_context *context,
                                                const struct tls_session_config *config);

/* True for the two outcomes that say: call again once the socket is ready. */
bool connection_is_want(enum tls_outcome outcome);

/* As tls_handshake, tls_read and tls_write; they note what to wait for, and count bytes. */
PORT_MUST_USE enum tls_outcome connection_handshake(struct connection *connection);
PORT_MUST_USE enum tls_outcome connection_read(struct connection *connection, uint8_t *buf,
                                               size_t cap, size_t *count);
PORT_MUST_USE enum tls_outcome connection_write(struct connection *connection, const uint8_t *bytes,
                                                size_t len, size_t *count);

/* Judges the certificate of a peer whose handshake is over again if the wall clock was set since it
 * was judged last. Bits of enum tls_verify, 0: it is as good as before. */
PORT_MUST_USE unsigned connection_recheck(struct connection *connection);

/* Starts the orderly end, to be over by deadline_us. await_notify: the peer's close_notify is part
 * of it, and connection->ending will say whether it came (TLS_CLOSED); the peer must have nothing
 * left to send. Otherwise what the peer still sends is dropped unseen. */
void connection_start_close(struct connection *connection, bool await_notify, uint64_t deadline_us);

/* Drives the orderly end: close_notify (or our fatal alert), FIN, the peer's close_notify if
 * awaited, the peer's FIN. True when it is over: then call connection_end. */
PORT_MUST_USE bool connection_close(struct connection *connection);

/* Frees session and socket; the phase is NONE. Safe in any phase, also when nothing was started. */
void connection_end(struct connection *connection);

/* Another number whenever the connection got something done: moved a byte, or left its phase. */
uint64_t connection_advance(const struct connection *connection);

/* What to wait for before the next call. */
struct net_wait_item connection_wait_item(const struct connection *connection);

/* True while the orderly end is under way. */
bool connection_is_closing(const struct connection *connection);

#endif
