/* The echo client: connects, verifies, sends, and compares what comes back byte for byte. */
#ifndef ECHO_CLIENT_H
#define ECHO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "echo_console.h"
#include "exit_status.h"
#include "net_port.h"
#include "tls_port.h"

/* All pointers are borrowed for the call of echo_client_run. */
struct echo_client_config {
    const char *host; /* name or address */
    uint16_t port;
    const char *server_name;     /* what the certificate must say */
    const char *message;         /* sent count times, unless size or from_stdin says otherwise */
    uint32_t count;              /* messages in one session, at least 1 */
    uint64_t size;               /* bytes of random payload in place of message; 0: message */
    bool from_stdin;             /* every line typed is a message, until the input ends */
    bool resume;                 /* afterwards connect once more, resuming the session */
    uint32_t connect_timeout_ms; /* address, name and TCP connection together */
    uint32_t handshake_timeout_ms;
    uint32_t idle_timeout_ms;
    uint32_t close_timeout_ms;
    const struct echo_console_config *console; /* NULL: none; not together with from_stdin */
    bool needs_clock;          /* does not connect before somebody has set the wall clock */
    uint32_t clock_timeout_ms; /* how long that may take */
    unsigned clock_steps;      /* clock_wall()'s, by which our own certificate was judged */
    void (*print)(const char *text,
                  size_t len); /* takes each echoed message or line, without its end */
};

/* Runs to the end. net and context are borrowed; context must be a client's. */
enum exit_status echo_client_run(const struct echo_client_config *config, struct net *net,
                                 struct tls_context *context);

#endif
