/* The log seam: one event a line, key=value after the event's name.
 *
 *   [    1.201877] INFO  server handshake_ok session=3 peer=198.18.0.1:51234 version=TLSv1.3
 *
 * The implementation adds time, level and line end, and hands each line to the console in one
 * piece. Any thread may log; not a signal handler. Never log key material or payload bytes. */
#ifndef LOG_PORT_H
#define LOG_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "port.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_ANSWER, /* an answer to somebody: printed whatever the level is, and called INFO */
};

/* Longest line with its end, in bytes; a longer one is cut and ends in "...". */
#define LOG_LINE_MAX 768

/* Logs one event. module and event are lower snake case words; format and what follows give the
 * key=value pairs (no line end). All strings are borrowed for the call. */
void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
    PORT_PRINTF(4, 5);

/* True if an event of this level would be printed: spares the cost of building its values. */
bool log_enabled(enum log_level level);

/* Events above this level (not ANSWER) are dropped. Takes effect at once for all threads. */
void log_set_level(enum log_level level);

/* Writes text into out (cap bytes, at least 3) as one value: as it is when it is a plain word, in
 * double quotes with \" \\ and \xNN escapes otherwise, so that bytes of a peer can neither break
 * the line nor forge a pair. Cut to fit, always terminated. Returns out. */
const char *log_quote(char *out, size_t cap, const char *text);

#endif
