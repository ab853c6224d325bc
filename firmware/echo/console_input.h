/* Makes lines of what comes in on the console: typed by a person, or noise of a cable.
 *
 * Pure: bytes in, lines out, in memory of a fixed size. A line ends with CR, LF or both. Backspace
 * and DEL take back a character, ^U and ^C the line. What no command holds (other control
 * characters, bytes beyond ASCII, more than the line's length) spoils the line: it comes out as
 * unreadable, without its text. */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Longest line in bytes, its end not counted: longer than any command. */
#define CONSOLE_LINE_MAX 63

enum console_line {
    CONSOLE_LINE_NONE, /* no line has ended yet */
    CONSOLE_LINE_TEXT, /* printable ASCII in input->line, at least one byte that is no space */
    CONSOLE_LINE_UNREADABLE, /* noise, or too long */
};

/* All zero is the beginning. */
struct console_input {
    char line[CONSOLE_LINE_MAX + 1]; /* terminated whenever a line has ended */
    size_t len;
    bool is_spoiled;
};

/* Takes bytes (len of them) up to the end of the first line that says something; blank ones are
 * passed over. Returns how many were taken, all of them with NONE; *line says what there is, valid
 * until the next call. */
size_t console_input_feed(struct console_input *input, const char *bytes, size_t len,
                          enum console_line *line);

#endif
