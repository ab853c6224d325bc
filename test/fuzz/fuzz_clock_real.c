/* The real clock, for lwIP's timers. */
#include <time.h>

#include "clock_port.h"

uint64_t clock_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}
