/* No sandbox: sanitizers and the system's own sockets need calls that nobody has listed. */
#include "sandbox.h"

#include "log_port.h"

bool sandbox_enter(const struct sandbox_plan *plan)
{
    bool fails = plan->mode == SANDBOX_ON;
    if (plan->mode != SANDBOX_OFF) {
        log_event(fails ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "app", "sandbox",
                  "result=%s refused=\"this build has no sandbox\"", fails ? "failed" : "off");
    }
    return !fails;
}
