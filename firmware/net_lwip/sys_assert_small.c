/* The end of a program in which lwIP found something that cannot be. Names of files would take 5
 * KB: the log has the place in the program, which "addr2line -e tls-echo.debug" turns into one. */
#include <stdlib.h>

#include "log_port.h"
#include "lwip/arch.h"

extern const char __executable_start[]; /* the linker's */

_Noreturn void sys_assert_failed_here(void)
{
    const char *at = __builtin_return_address(0);
    log_event(LOG_LEVEL_ERROR, "net", "assert_failed", "at=0x%lx",
              (unsigned long)(at - __executable_start));
    abort();
}
