/* The control seam: what the world outside the network asks of the event loop.
 *
 * Requests are recorded where they arise (a signal handler, the console's reader) and the loop is
 * woken; the loop takes them at its own pace. */
#ifndef CONTROL_PORT_H
#define CONTROL_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "port.h"

struct net;

/* Starts listening for requests; each one then calls wake(net), which must be async-signal-safe.
 * net is borrowed until control_close. Returns false if the system refuses. Call once, from the
 * loop's thread. */
PORT_MUST_USE bool control_open(void (*wake)(struct net *net), struct net *net);

/* Stops listening; what is asked from now on is ignored. Safe to call when control_open was not
 * called or failed. */
void control_close(void);

/* How often the program was asked to stop: 0 = go on, 1 = drain and end, 2 or more = end now. */
unsigned control_stop_count(void);

enum control_line { CONTROL_LINE_NONE, CONTROL_LINE_OK, CONTROL_LINE_TOO_LONG, CONTROL_LINE_END };

/* Starts reading lines from the console's input (standard input). The first line wakes the loop.
 * Returns false if the system refuses. */
PORT_MUST_USE bool control_start_lines(void);

/* Takes one line, without its end, into out (cap bytes, always terminated); *len gets its length.
 * At most one line waits here: the reader stops until it is taken. NONE: no line waits. TOO_LONG: a
 * line of cap bytes or more was dropped. END: the input has ended, no line will come. Never blocks.
 */
PORT_MUST_USE enum control_line control_take_line(char *out, size_t cap, size_t *len);

#endif
