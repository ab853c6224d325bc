/* The clock of Linux boards: CLOCK_BOOTTIME since the first call, and the system's wall clock. */
#include "clock_start.h"

#include <stdatomic.h>
#include <time.h>

#include "clock_port.h"

#ifndef BUILD_EPOCH_S
#error "BUILD_EPOCH_S: seconds since 1970 that the wall clock must have reached"
#endif

static uint64_t boottime_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0 && clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return 1;
    }
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static _Atomic uint64_t start_us; /* 0: not known yet */

void clock_start_at_boot(void)
{
    atomic_store(&start_us, 1);
}

uint64_t clock_now_us(void)
{
    uint64_t now_us = boottime_us();
    uint64_t first_us = 0;
    if (atomic_compare_exchange_strong(&start_us, &first_us, now_us)) {
        return 0;
    }
    /* Another thread may have looked at the clock after us and started it before us. */
    return now_us > first_us ? now_us - first_us : 0;
}

struct clock_wall clock_wall(void)
{
    int64_t system_s = (int64_t)time(NULL);
    if (system_s >= BUILD_EPOCH_S) {
        return (struct clock_wall){.unix_s = system_s, .source = CLOCK_SOURCE_SYSTEM};
    }
    int64_t uptime_s = (int64_t)(clock_now_us() / 1000000U);
    return (struct clock_wall){.unix_s = BUILD_EPOCH_S + uptime_s, .source = CLOCK_SOURCE_BUILD};
}
