/* The watchdog seam: what restarts the board, or the program, when the event loop stops working.
 *
 * Behind it may be a timer of the board, a supervisor that started the program, or both. It is fed
 * by the loop and by nothing else: a thread or a signal that feeds would say that it lives itself.
 * All functions belong to the loop's thread; none blocks. */
#ifndef WATCHDOG_PORT_H
#define WATCHDOG_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

/* Starts the board's watchdog with this timeout; 0: the board's is left alone. A supervisor that
 * wants to be told is found by itself. False: the board has none or refuses the timeout; then none
 * is running, and reason (cap bytes, always terminated) says why and what to do, in words. Call
 * once. */
PORT_MUST_USE bool watchdog_open(uint32_t timeout_s, char *reason, size_t cap);

/* The longest time between two feeds, in microseconds: of several watchdogs the shortest; 0: there
 * is none. May be another than was asked for, if the board cannot do that one exactly. */
uint64_t watchdog_timeout_us(void);

/* Puts the end off by the timeout. Safe without a watchdog. */
void watchdog_feed(void);

/* Tells a supervisor that the start is over, and those who wait for it may go on. Later calls do
 * nothing. */
void watchdog_tell_ready(void);

/* Stops the watchdog: the program ends in order. One that the system does not let stop runs on.
 * Safe when watchdog_open was not called or failed. */
void watchdog_close(void);

#endif
