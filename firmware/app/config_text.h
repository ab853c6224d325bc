/* A configuration file as lines of "name = value": what both readers of such files share. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Largest configuration file, bytes. */
#define CONFIG_FILE_MAX 65536

/* The text still to be read. */
struct config_text {
    char *next; /* borrowed; NULL: all is read */
    size_t left;
    unsigned line; /* number of the last line taken, from 1 */
};

struct config_line {
    unsigned number;
    const char *name; /* "": a blank line or a comment */
    const char *value;
    const char *problem; /* words to stand before name, which is then the text that is wrong; or
                            NULL */
    bool has_nul;        /* the line held NUL bytes, which were left out */
};

enum config_load_outcome {
    CONFIG_LOAD_OK,
    CONFIG_LOAD_MISSING, /* there is no such file */
    CONFIG_LOAD_FAILED   /* cannot be read, larger than CONFIG_FILE_MAX, no memory */
};

/* Reads the whole file into *text (*len bytes and a '\0'; the caller frees it). A byte order mark
 * of UTF-8 is left out. Not OK: *text is NULL and *why, a static text, says why. */
enum config_load_outcome config_text_load(const char *path, char **text, size_t *len,
                                          const char **why);

/* Begins with len bytes of text, which config_line_take writes into and which ends with a '\0'
 * after them. */
void config_text_begin(struct config_text *text, char *bytes, size_t len);

/* Takes the next line; false: there is none. Lines end with LF, CRLF or CR. Blank lines and what
 * follows a '#' at the begin of a line or after white space are skipped; a value in double quotes
 * keeps its spaces and '#'. The strings point into the text. */
bool config_line_take(struct config_text *text, struct config_line *out);

#endif
