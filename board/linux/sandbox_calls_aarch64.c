/* aarch64 never had the older system calls. */
#include <linux/audit.h>

#include "sandbox_calls.h"

const uint32_t sandbox_arch = AUDIT_ARCH_AARCH64;
const struct sandbox_call sandbox_arch_calls[1];
const size_t sandbox_arch_call_count = 0;
