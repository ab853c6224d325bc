/* An architecture whose calls nobody has listed: no filter. */
#include "sandbox_calls.h"

const uint32_t sandbox_arch = 0;
const struct sandbox_call sandbox_arch_calls[1];
const size_t sandbox_arch_call_count = 0;
