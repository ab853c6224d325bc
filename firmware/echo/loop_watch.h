/* Feeds the watchdog by what the event loop gets done.
 *
 * That the loop turns proves little: it may spin, because something says "ready" for ever and then
 * does nothing. So the loop counts its advances (bytes moved, a phase left, a connection taken),
 * and time is cut into windows of a third of the watchdog's timeout. A window is a good one if
 *   - the loop advanced in it, or
 *   - it had nothing to do and slept: fewer rounds without an advance than milliseconds.
 * At the end of a good window the watchdog is fed. A loop that hangs never comes to the end of one;
 * one that only spins comes there, is found out, and is not fed. What is stuck while others advance
 * is no matter of the watchdog: each session has its own deadlines. */
#ifndef LOOP_WATCH_H
#define LOOP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct loop_watch {
    uint64_t window_us;   /* length of a window; 0: there is no watchdog */
    uint64_t begun_us;    /* this window's begin */
    uint64_t advances;    /* as told last */
    uint64_t idle_rounds; /* in this window: rounds without an advance */
    bool has_advanced;    /* in this window */
};

/* Call when the loop begins, with the watchdog open: feeds it, and begins the first window. */
void loop_watch_start(struct loop_watch *watch);

/* The earlier one of deadline_us and the window's end: an idle loop has to turn by then. */
uint64_t loop_watch_deadline(const struct loop_watch *watch, uint64_t deadline_us);

/* A round is over. advances is any number that is another one whenever the loop got something
 * done. */
void loop_watch_round(struct loop_watch *watch, uint64_t advances);

#endif
