/* The clock seam: monotonic time for deadlines and the log, wall time for certificate dates.
 *
 * All functions may be called from any thread, and but for clock_set_wall they never block and
 * never fail. */
#ifndef CLOCK_PORT_H
#define CLOCK_PORT_H

#include <stdint.h>

/* Microseconds since the program's start or, where the firmware is the whole system, the kernel's.
 * Never goes back, is not affected by wall clock changes, and advances while the system sleeps if
 * the system can tell. */
uint64_t clock_now_us(void);

/* Microseconds of processor time that the firmware has used, all its threads together and what the
 * system did for them included; 0 where the system does not count it. */
uint64_t clock_cpu_us(void);

/* Where the wall time comes from, worst first. */
enum clock_source {
    CLOCK_SOURCE_LOWER_BOUND, /* nobody has set a clock: a time that has passed for certain, when
                                 the firmware or its certificates were made, stands in */
    CLOCK_SOURCE_SYSTEM,      /* the operating system's clock */
    CLOCK_SOURCE_RTC,         /* the board's battery-backed clock */
    CLOCK_SOURCE_SNTP,        /* a time server */
};

/* As the log says it. */
static inline const char *clock_source_name(enum clock_source source)
{
    static const char *const names[] = {"lower-bound", "system", "rtc", "sntp"};
    return names[source];
}

struct clock_wall {
    int64_t unix_s; /* seconds since 1970-01-01T00:00:00Z, leap seconds not counted; never before
                       the lower bound */
    enum clock_source source;
    unsigned steps; /* how often it was set for the first time, or moved by a minute or more: what
                       was judged by another number of steps has to be judged again */
};

/* The wall time that certificate dates are checked against. While its source is LOWER_BOUND, what
 * has expired by it has expired for certain, and of what is not valid yet by it nobody can tell. */
struct clock_wall clock_wall(void);

enum clock_set_outcome {
    CLOCK_SET_OK = 0,
    CLOCK_SET_TOO_EARLY, /* before the lower bound: it cannot be true */
    CLOCK_SET_TOO_FAR,   /* a time server contradicts what it said before by more than 1000 s (RFC
                            5905 appendix A.1.1, PANICT) */
};

/* Sets the wall clock, unless what it is told cannot be true; monotonic time goes on as before.
 * source is RTC or SNTP, from is the device or the server, borrowed for the call. Logs what came of
 * it, time_set or time_failed. May block for as long as a battery-backed clock takes to be set. */
enum clock_set_outcome clock_set_wall(int64_t unix_us, enum clock_source source, const char *from);

#endif
