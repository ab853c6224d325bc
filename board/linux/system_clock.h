/* Linux's own clock and the battery-backed one (rtc(4)): for clock.c alone. */
#ifndef SYSTEM_CLOCK_H
#define SYSTEM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

#define SYSTEM_CLOCK_RTC_PATH "/dev/rtc0"

/* Microseconds since 1970 by the system's clock; 0 if it cannot be read. */
int64_t system_clock_now_us(void);

/* Opens the battery-backed clock, which stays open, and reads it; it is taken to run in UTC. False:
 * there is none, or it has lost the time, which is logged. */
PORT_MUST_USE bool system_clock_read_rtc(int64_t *unix_s);

/* Set the system's clock, or the battery-backed one if that was opened. Log it if that fails. */
void system_clock_set(int64_t unix_us);
void system_clock_write_rtc(int64_t unix_s);

#endif
