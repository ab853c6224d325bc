/* The wall clock's start; clock_port.h has what the rest of the firmware asks of it. */
#ifndef WALL_CLOCK_H
#define WALL_CLOCK_H

#include <stdint.h>

/* This process is the whole system: the system's clock and the battery-backed one are ours to read
 * and to set. Call before wall_clock_start. */
void wall_clock_own_system(void);

/* Nothing before unix_s, nor before the build, is believed from now on. As the whole system the
 * battery-backed clock, if there is one, is then read, and logged. Call once. */
void wall_clock_start(int64_t unix_s);

/* The lower bound, seconds since 1970. */
int64_t wall_clock_lower_bound(void);

#endif
