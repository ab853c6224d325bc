/* Does a firmware on the system's sockets need no --netif, and refuse those of another stack? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options_fixture.h"

static void netif_has_a_default(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo-client h");
    assert_true(parse.ok);
    assert_string_equal(parse.options.netif, "posix:");
    parse_end(&parse);
    parse_begin(&parse, "tls-echo-server --netif posix:");
    assert_true(parse.ok);
    parse_end(&parse);
}

static void other_netifs_are_refused(void **state)
{
    (void)state;
    assert_refused("tls-echo-server --netif tap:tap0", EXIT_STATUS_USAGE,
                   "--netif: tap:tap0 is not allowed: must be posix: (this firmware uses the "
                   "system's sockets)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netif_has_a_default),
        cmocka_unit_test(other_netifs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
