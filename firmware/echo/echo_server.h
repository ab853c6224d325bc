/* The echo server: one event loop, a fixed pool of sessions, every phase with a deadline. */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "echo_console.h"
#include "exit_status.h"
#include "net_port.h"
#include "tls_port.h"

struct echo_server_config {
    uint16_t port;
    unsigned max_sessions;         /* size of the pool, at least 1 */
    unsigned buffer_count;         /* echo buffers, at least 1: see echo_buffers.h */
    uint32_t handshake_timeout_ms; /* from accept to the end of the handshake */
    uint32_t idle_timeout_ms;      /* without a byte read or written */
    uint32_t record_timeout_ms;    /* from a record's header to its last byte */
    uint32_t close_timeout_ms;     /* from our close_notify to the peer's FIN */
    uint32_t stats_interval_s;     /* a stats event this often; 0: only at the end */
    uint32_t rate_limit;           /* new connections a second and address; 0: no limit */
    const struct echo_console_config *console; /* borrowed for the call; NULL: none */
    bool needs_clock;          /* does not listen before somebody has set the wall clock */
    uint32_t clock_timeout_ms; /* how long that may take */
    unsigned clock_steps;      /* clock_wall()'s, by which our own certificate was judged */
};

/* Bytes that the loop keeps for each session beside the session itself. */
#define ECHO_SERVER_TURN_LEN (2 * sizeof(uint32_t) + sizeof(bool))

/* Serves until control_stop_count() is not 0, then drains: accepts no more, finishes what was read,
 * sends close_notify to all, reports. net and context are borrowed; context must be a server's.
 * Returns OK after a drain, CONFIG if it cannot listen, the address is another host's or our own
 * certificate's dates are wrong by the clock that was waited for, DEADLINE if that was not set in
 * time, INTERNAL without memory for the pool. */
enum exit_status echo_server_run(const struct echo_server_config *config, struct net *net,
                                 struct tls_context *context);

#endif
