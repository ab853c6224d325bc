/* No console: what echo_console.h promises, in a firmware that is built without its commands. */
#include "echo_console.h"

void echo_console_start(struct echo_console *console, const struct echo_console_config *config,
                        struct net *net, const struct echo_server *server)
{
    *console = (struct echo_console){.config = config, .net = net, .server = server};
}

void echo_console_poll(struct echo_console *console)
{
    (void)console;
}

bool echo_console_is_busy(const struct echo_console *console)
{
    (void)console;
    return false;
}
