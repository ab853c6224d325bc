/* Where the monotonic clock of Linux boards begins. */
#ifndef CLOCK_START_H
#define CLOCK_START_H

/* From now on clock_now_us counts from the kernel's start, not from its own first call: for the
 * first process, whose time is the board's. Call before the first call of clock_now_us. */
void clock_start_at_boot(void);

#endif
