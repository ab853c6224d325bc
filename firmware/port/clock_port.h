/* The clock seam: monotonic time for deadlines and the log, wall time for certificate dates.
 *
 * Both functions may be called from any thread, never block and never fail. */
#ifndef CLOCK_PORT_H
#define CLOCK_PORT_H

#include <stdint.h>

/* Microseconds since the firmware's start ("boot" in the log). Never goes back, is not affected by
 * wall clock changes, and advances while the system sleeps if the system can tell. */
uint64_t clock_now_us(void);

/* Where the wall time comes from, worst first. */
enum clock_source {
    CLOCK_SOURCE_BUILD,  /* no believable clock: the firmware's build time stands in as lower bound
                          */
    CLOCK_SOURCE_SYSTEM, /* the operating system's clock, at or after the build time */
};

struct clock_wall {
    int64_t unix_s; /* seconds since 1970-01-01T00:00:00Z, leap seconds not counted */
    enum clock_source source;
};

/* The wall time that certificate dates are checked against. */
struct clock_wall clock_wall(void);

#endif
