/* The console: where log lines go. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stddef.h>

/* Makes sure that standard input, output and error are there, if need be as the null device, so
 * that no socket or device opened later takes one of their places. Call once, before all else. */
void console_open(void);

/* Writes one line, its end included, in one piece. Borrowed for the call. May block for as long as
 * the console takes it; a console that takes nothing loses the line rather than stop the program.
 * Any thread. */
void console_write(const char *text, size_t len);

#endif
