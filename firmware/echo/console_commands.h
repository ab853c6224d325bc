/* The table of the console's commands. */
#ifndef CONSOLE_COMMANDS_H
#define CONSOLE_COMMANDS_H

#include <stddef.h>

#include "echo_console.h"

#define CONSOLE_MODULE "console"

struct console_command {
    const char *name;
    const char *argument; /* what it takes, as the help shows it; NULL: nothing */
    bool is_server_only;
    const char *help;
    /* argument is NULL if none was typed; borrowed for the call. */
    void (*run)(struct echo_console *console, const char *argument);
};

/* The command of this name that the console's role has, or NULL. */
const struct console_command *console_command_find(const struct echo_console *console,
                                                   const char *name);

/* Goes on with the sessions command: logs one session, or says that it is through. */
void console_list_session(struct echo_console *console);

#endif
