/* The sandbox: once the netif is open, the program needs little of the system, and gives up the
 * rest, so that a flaw in the parsers of packets and records is worth little to whoever finds it.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

#include "port.h"

enum sandbox_mode {
    SANDBOX_OFF,
    SANDBOX_AUTO, /* as far as the system lets us: what it refuses is logged */
    SANDBOX_ON,   /* all of it, or the program does not start */
};

struct sandbox_plan {
    enum sandbox_mode mode;
    bool keep_user;  /* it has files to remove at its end */
    bool keep_clock; /* it sets the system's clock */
};

/* Gives up: the user root, all capabilities, any way to gain new ones, core dumps and ptrace of our
 * memory, and all system calls but those that are needed from here on; a forbidden one ends the
 * process with SIGSYS. Logs one event "sandbox" that says what holds. Threads that are started
 * later inherit it, so call it before there are any. False: the mode is ON and something was
 * refused. Sources: capabilities(7), prctl(2), seccomp(2). */
PORT_MUST_USE bool sandbox_enter(const struct sandbox_plan *plan);

#endif
