/* Line editing for a console that anything may come in on. */
#include "console_input.h"

#include <string.h>

#define BACKSPACE '\b'
#define DELETE 0x7f
#define CONTROL_C 0x03
#define CONTROL_U 0x15

static void clear(struct console_input *input)
{
    input->len = 0;
    input->is_spoiled = false;
}

static bool is_printable(char byte)
{
    return byte >= ' ' && byte <= '~';
}

static void append(struct console_input *input, char byte)
{
    if (input->len < CONSOLE_LINE_MAX) {
        input->line[input->len++] = byte;
    } else {
        input->is_spoiled = true;
    }
}

/* A byte that does not end the line. */
static void edit(struct console_input *input, char byte)
{
    if (byte == CONTROL_U || byte == CONTROL_C) {
        clear(input);
    } else if (byte == BACKSPACE || byte == DELETE) {
        input->len -= input->len > 0;
    } else if (byte == '\t') {
        append(input, ' ');
    } else if (is_printable(byte)) {
        append(input, byte);
    } else {
        input->is_spoiled = true;
    }
}

/* Leaves the line's text terminated, and begins the next one. */
static enum console_line end_line(struct console_input *input)
{
    bool is_spoiled = input->is_spoiled;
    input->line[is_spoiled ? 0 : input->len] = '\0';
    clear(input);
    if (is_spoiled) {
        return CONSOLE_LINE_UNREADABLE;
    }
    bool is_blank = input->line[strspn(input->line, " ")] == '\0';
    return is_blank ? CONSOLE_LINE_NONE : CONSOLE_LINE_TEXT;
}

size_t console_input_feed(struct console_input *input, const char *bytes, size_t len,
                          enum console_line *line)
{
    *line = CONSOLE_LINE_NONE;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\r' && bytes[i] != '\n') {
            edit(input, bytes[i]);
            continue;
        }
        /* The LF of a CRLF ends a blank line, which says nothing. */
        *line = end_line(input);
        if (*line != CONSOLE_LINE_NONE) {
            return i + 1;
        }
    }
    return len;
}
