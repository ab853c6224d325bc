/* A client and a server session of this backend, joined by two pipes in memory. */
#ifndef LINK_H
#define LINK_H

#include "backend.h"

#define PIPE_CAP 262144

/* One direction. What was sent lies at bytes + taken_len, taken_len .. sent_len. */
struct pipe {
    uint8_t bytes[PIPE_CAP];
    size_t sent_len, taken_len;
    size_t room_len;  /* bytes that may still be sent; starts without a limit */
    unsigned sends;   /* calls that something went with */
    size_t piece_len; /* what the last one took */
    bool ended;       /* the sender has gone */
};

struct link_end {
    struct tls_transport transport; /* first, so that the end is found from it */
    struct pipe *out, *in;
};

struct link {
    struct pipe to_server, to_client;
    struct link_end client_end, server_end;
    struct tls_context *client_context, *server_context;
    struct tls_session *client, *server;
};

/* What a link is made of; all zero is the plain case. */
struct link_options {
    enum tls_version min_version;
    bool tls_1_2_only;
    enum tls_peer_auth peer_auth;
    const char *server_identity; /* NULL: "server" */
    const char *client_identity; /* NULL: none */
    const char *server_name;     /* NULL: "server.test" */
    struct tls_span resume;
};

/* Opens contexts and sessions, or only new sessions on the same contexts; both must succeed. */
void link_open(struct link *link, const struct link_options *options);
void link_reopen(struct link *link, const struct link_options *options);

/* Frees all; checks that no memory is left in use. */
void link_close(struct link *link);

/* Drives both handshakes until neither moves; the outcomes are the sessions' last ones. */
void link_shake(struct link *link, enum tls_outcome *client, enum tls_outcome *server);

/* link_open and a handshake that succeeds on both sides. */
void link_open_and_shake(struct link *link, const struct link_options *options);

/* Reads once from session; *len gets what came. */
enum tls_outcome link_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *len);

/* Writes all of text, for which the pipe has room. */
void link_write(struct tls_session *session, const char *text);

#endif
