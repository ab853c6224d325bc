/* The console's commands: what a person types on the board's UART, or in a terminal.
 *
 * The answers are events of the log, module "console", whatever the log's level. Nothing that comes
 * in, be it noise, a flood or our own log sent back by a modem, can slow the loop, grow memory or
 * fill the log: bytes are taken a few at a time, commands answered a few a second, and other lines
 * are answered a few a minute and then only counted. */
#ifndef ECHO_CONSOLE_H
#define ECHO_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "console_input.h"
#include "net_port.h"
#include "tls_port.h"

struct echo_server;

/* Borrowed for as long as the console is used. */
struct echo_console_config {
    bool is_wanted;                      /* false: nothing is read, nothing answered */
    bool can_restart;                    /* the board runs nothing else: reboot is a command */
    const struct tls_identity *identity; /* own certificates; NULL: none */
};

struct echo_console {
    const struct echo_console_config *config;
    struct net *net;
    const struct echo_server *server; /* NULL: a client's console */
    struct console_input input;
    bool is_open;
    bool is_listing; /* the sessions command is not through yet */
    unsigned next_session;
    uint64_t answers_us, others_us; /* how far the two limits are used up */
    unsigned unanswered;            /* lines since the last complaint */
};

/* Starts reading what is typed, if config wants it; config NULL: it does not. net and server are
 * borrowed for as long as the console is used; server NULL: a client's. */
void echo_console_start(struct echo_console *console, const struct echo_console_config *config,
                        struct net *net, const struct echo_server *server);

/* Takes what has been typed, and does what it says. Call once a round. */
void echo_console_poll(struct echo_console *console);

/* True if there is more to do without anything being typed: do not sleep. */
bool echo_console_is_busy(const struct echo_console *console);

#endif
