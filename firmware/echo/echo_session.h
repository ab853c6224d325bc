/* One session of the echo server: reads into a buffer that it borrows, writes the same bytes back,
 * and ends in order. */
#ifndef ECHO_SESSION_H
#define ECHO_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "echo_buffers.h"
#include "echo_server.h"

struct echo_counters {
    uint64_t accepted, refused;
    uint64_t handshakes, handshakes_failed, resumed;
    uint64_t bytes_in, bytes_out; /* of sessions that have ended */
};

/* What all sessions of one server share. */
struct echo_service {
    const struct echo_server_config *config;
    struct tls_context *context;
    struct echo_counters counters;
    struct echo_buffers buffers;
};

struct echo_session {
    struct connection connection;
    enum tls_outcome input; /* TLS_OK while the peer may send; then what ended it */
    const char *reason;     /* of the closed event; NULL: handshake_failed has said it */
    bool ending;            /* drain: read no more, end once the buffer is empty */
    bool runnable;          /* has more to do without waiting for its socket */
    uint64_t progress_us;   /* when a byte last moved */
    uint64_t record_us;     /* when a record was seen to be begun that is not complete; 0: none */
    uint64_t held_back_us;  /* of net_held_back_us: what was allowed for */
    struct echo_borrower borrower;
    size_t begin, end; /* of the borrowed buffer: what is read and not yet echoed */
};

/* Starts a session, all zero before, for an accepted socket, which it owns from now on. */
void echo_session_start(struct echo_session *session, struct echo_service *service,
                        struct net_socket *socket, const struct net_address *peer, unsigned id);

/* Goes on as far as the socket lets it, but not so long that other sessions would starve. Call it
 * when the socket is ready, the session is runnable, or the deadline has passed. When the session
 * has ended, connection.phase is CONNECTION_NONE. */
void echo_session_step(struct echo_session *session, struct echo_service *service);

/* True if it has more to do without waiting for its socket. */
bool echo_session_is_runnable(const struct echo_session *session);

/* The wall clock was set: an open session whose peer is not to be trusted any more is ended. */
void echo_session_recheck(struct echo_session *session, struct echo_service *service);

/* Drain: a handshake is given up, an open session ends once what it has read is echoed. */
void echo_session_drain(struct echo_session *session, struct echo_service *service);

/* Ends a session at once. Safe on one that is not in use. */
void echo_session_abort(struct echo_session *session, struct echo_service *service);

#endif
