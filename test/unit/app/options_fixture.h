/* Runs the option parser on a command line written as one string. */
#ifndef OPTIONS_FIXTURE_H
#define OPTIONS_FIXTURE_H

#include "options.h"

/* A parse and what came of it; the arguments live as long as it does. */
struct parse {
    struct options options;
    struct options_error error;
    bool ok;
    char line[1024];
    char *argv[64];
};

/* Splits line at spaces and parses it; '_' in a word stands for a space, '^' alone for an empty
 * word. parse_end must follow. */
void parse_begin(struct parse *parse, const char *line);
void parse_end(struct parse *parse);

/* Asserts that line is refused with this status and text. */
void assert_refused(const char *line, enum exit_status status, const char *text);

#endif
