/* The log lines that server and client share, one function an event. */
#ifndef ECHO_LOG_H
#define ECHO_LOG_H

#include "connection.h"
#include "log_port.h"
#include "tls_port.h"

/* module is "server" or "client". Durations are taken from connection->started_us. */

void echo_log_handshake_ok(const char *module, const struct connection *connection);

/* reason is the outcome's name, or "deadline". level: WARN if the program goes on without this
 * peer, ERROR if it ends. */
void echo_log_handshake_failed(enum log_level level, const char *module,
                               const struct connection *connection, const char *reason);

/* Logs the peer's certificate, if it sent one, and what of it the clock could not judge. */
void echo_log_peer_certificate(const char *module, const struct connection *connection);

/* The clock was set, and by it the peer's certificate is not what it was taken for. verify: bits of
 * enum tls_verify. */
void echo_log_trust_lost(enum log_level level, const char *module,
                         const struct connection *connection, unsigned verify);

/* The same of our own certificate. */
void echo_log_identity_dates(enum log_level level, const char *module, unsigned verify);

/* reason: clean, truncated, reset, alert, deadline, refused or failed. */
void echo_log_closed(const char *module, const struct connection *connection, const char *reason);

/* phase: what did not end in time; since_us: when it began; session 0: none yet. */
void echo_log_deadline(const char *module, unsigned session, const char *phase, uint64_t since_us);

/* The word of the closed event for the outcome that ended a session. */
const char *echo_close_reason(enum tls_outcome outcome);

#endif
