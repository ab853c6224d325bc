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

static void the_clock_is_the_systems(void **state)
{
    (void)state;
    assert_refused("tls-echo-server --sntp 198.18.0.1", EXIT_STATUS_USAGE,
                   "--sntp: 198.18.0.1 is not allowed: must be left out (this firmware uses the "
                   "system's sockets, and the system's clock)");
}

static void so_is_the_name(void **state)
{
    (void)state;
    assert_refused("tls-echo-server --mdns on", EXIT_STATUS_USAGE,
                   "--mdns: on is not allowed: must be off (this firmware uses the system's "
                   "sockets, and the system's name)");
}

static void address_is_the_systems_or_one_of_its_own(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo-server");
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip_mode, NET_IP_DHCP);
    parse_end(&parse);
    parse_begin(&parse, "tls-echo-server --ip 127.0.0.1/8");
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip_mode, NET_IP_STATIC);
    assert_memory_equal(parse.options.ip, "\x7f\x00\x00\x01", 4);
    parse_end(&parse);
    parse_begin(&parse, "tls-echo-server --ip6 ::1/128");
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip6_mode, NET_IP6_STATIC);
    parse_end(&parse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netif_has_a_default),
        cmocka_unit_test(other_netifs_are_refused),
        cmocka_unit_test(the_clock_is_the_systems),
        cmocka_unit_test(so_is_the_name),
        cmocka_unit_test(address_is_the_systems_or_one_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
