/* The system calls that the firmware needs once its netif is open. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* One call, or one use of it: with a first argument of value, or with all bits of value in it. */
struct sandbox_call {
    enum { CALL_ANY, CALL_FIRST_IS, CALL_FIRST_HAS } rule;
    uint32_t number;
    uint32_t value;
};

/* What all architectures have, most frequent first; in sandbox_calls.c. */
extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_call_count;

/* In sandbox_calls_ARCH.c: the architecture's number (AUDIT_ARCH_*) and the older calls that its C
 * library still uses. */
extern const uint32_t sandbox_arch; /* 0: not known here, no filter */
extern const struct sandbox_call sandbox_arch_calls[];
extern const size_t sandbox_arch_call_count;

/* What only a program that sets the clock needs. */
extern const struct sandbox_call sandbox_clock_calls[];
extern const size_t sandbox_clock_call_count;

#endif
