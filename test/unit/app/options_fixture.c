/* Runs the option parser on a command line written as one string. */
#include "options_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void restore_spaces(char *word)
{
    if (strcmp(word, "^") == 0) {
        word[0] = '\0';
    }
    for (; *word != '\0'; word++) {
        if (*word == '_') {
            *word = ' ';
        }
    }
}

void parse_begin(struct parse *parse, const char *line)
{
    int argc = 0;
    char *rest = NULL;
    memset(parse, 0, sizeof(*parse));
    assert_true(strlen(line) < sizeof(parse->line));
    (void)snprintf(parse->line, sizeof(parse->line), "%s", line);
    for (char *word = strtok_r(parse->line, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < 63);
        restore_spaces(word);
        parse->argv[argc++] = word;
    }
    parse->ok = options_parse(&parse->options, argc, parse->argv, &parse->error);
}

void parse_end(struct parse *parse)
{
    options_free(&parse->options);
}

void assert_refused(const char *line, enum exit_status status, const char *text)
{
    struct parse parse;
    parse_begin(&parse, line);
    if (parse.ok) {
        print_error("accepted: %s\n", line);
    }
    assert_false(parse.ok);
    assert_string_equal(parse.error.text, text);
    assert_int_equal(parse.error.status, status);
    assert_null(strchr(parse.error.text, '\n'));
    parse_end(&parse);
}
