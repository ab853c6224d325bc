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

/* Starts listening for requests, which are counted from now on. Returns false if the system
 * refuses. Call once, from the loop's thread, before there is anything to wake. */
PORT_MUST_USE bool control_open(void);

/* From now on each request also calls wake(net), which must be async-signal-safe; look at what came
 * before. net is borrowed until control_close. */
void control_attach(void (*wake)(struct net *net), struct net *net);

/* Stops listening; what is asked from now on is ignored. Safe to call when control_open was not
 * called or failed. */
void control_close(void);

/* How often the program was asked to stop: 0 = go on, 1 = drain and end, 2 or more = end now. */
unsigned control_stop_count(void);

/* Asks the program to stop, once more. From the loop's thread, which looks for itself: wakes
 * nobody.
 */
void control_request_stop(void);

/* The same, and the board shall start again afterwards; what runs the program has to see to that.
 */
void control_request_restart(void);
bool control_restart_is_requested(void);

/* ---- The console's input (standard input): lines, or bytes, not both ---------------------------
 */

enum control_line { CONTROL_LINE_NONE, CONTROL_LINE_OK, CONTROL_LINE_TOO_LONG, CONTROL_LINE_END };

/* Starts reading lines. The first one wakes the loop. Returns false if the system refuses. */
PORT_MUST_USE bool control_start_lines(void);

/* Takes one line, without its end, into out (cap bytes, always terminated); *len gets its length.
 * At most one line waits here: the reader stops until it is taken. NONE: no line waits. TOO_LONG: a
 * line of cap bytes or more was dropped. END: the input has ended, no line will come. Never blocks.
 */
PORT_MUST_USE enum control_line control_take_line(char *out, size_t cap, size_t *len);

/* True if the input is a terminal, where a person may type. */
bool control_input_is_terminal(void);

/* Starts reading bytes as they come, for a console that may bring noise: a flood is slowed down
 * where it comes from, to some 25 KB a second. The first ones wake the loop. Returns false if the
 * system refuses. */
PORT_MUST_USE bool control_start_input(void);

/* Bytes that control_take_input gives at most. */
#define CONTROL_INPUT_MAX 256

/* Takes what has come in into out, which has room for CONTROL_INPUT_MAX bytes. Returns how many; 0:
 * nothing waits, or nothing will come any more. Never blocks. */
size_t control_take_input(char *out);

#endif
