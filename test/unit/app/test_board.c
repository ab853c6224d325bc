/* Are a board's defaults values that the options allow, for both roles? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "options_fixture.h"

/* A board that names no netif needs one on the command line. */
static void parse_defaults(const char *program, const char *board_netif)
{
    struct parse parse;
    char line[128];
    (void)snprintf(line, sizeof(line), "%s%s", program,
                   board_netif == NULL ? " --netif tap:tap0" : "");
    parse_begin(&parse, line);
    if (!parse.ok) {
        print_error("%s\n", parse.error.text);
    }
    assert_true(parse.ok);
    assert_non_null(parse.options.netif);
    parse_end(&parse);
}

static void defaults_are_allowed(void **state)
{
    (void)state;
    parse_defaults("tls-echo-server", board.server.netif);
    parse_defaults("tls-echo-client h", board.client.netif);
}

static void name_is_the_folders(void **state)
{
    (void)state;
    assert_string_equal(board.name, BOARD_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_allowed),
        cmocka_unit_test(name_is_the_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
