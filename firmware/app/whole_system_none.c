/* The small firmware is a program on a board's own Linux; it cannot be all of the system. */
#include "whole_system.h"

#include <stdlib.h>

#include "exit_status.h"
#include "log_port.h"

_Noreturn void whole_system_run(void)
{
    log_event(LOG_LEVEL_ERROR, "app", "shutdown", "status=%d reason=%s", EXIT_STATUS_CONFIG,
              "\"this firmware is built without what the only program of a board needs\"");
    exit(EXIT_STATUS_CONFIG);
}
