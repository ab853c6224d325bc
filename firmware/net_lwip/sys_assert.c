/* The end of a program in which lwIP found something that cannot be. */
#include <stdlib.h>

#include "log_port.h"
#include "lwip/arch.h"

_Noreturn void sys_assert_failed(const char *file, int line)
{
    log_event(LOG_LEVEL_ERROR, "net", "assert_failed", "file=%s line=%d", file, line);
    abort();
}
