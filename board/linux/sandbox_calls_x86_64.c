/* The older system calls that the C library uses on x86-64. */
#include <linux/audit.h>
#include <sys/syscall.h>

#include "sandbox_calls.h"

const uint32_t sandbox_arch = AUDIT_ARCH_X86_64;
const struct sandbox_call sandbox_arch_calls[] = {
    {CALL_ANY, SYS_poll, 0},
    {CALL_ANY, SYS_unlink, 0},
    {CALL_ANY, SYS_time, 0},
};
const size_t sandbox_arch_call_count = sizeof(sandbox_arch_calls) / sizeof(sandbox_arch_calls[0]);
