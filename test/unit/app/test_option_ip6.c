/* Are IPv6 addresses read strictly, wherever an option or HOST may have one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "option_values.h"
#include "options_fixture.h"

#define CLIENT "tls-echo-client --netif tap:t "
#define SERVER "tls-echo-server --netif tap:t "

static void every_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t bytes[16];
    } good[] = {
        {"::", {0}},
        {"::1", {[15] = 1}},
        {"1::", {0, 1}},
        {"2001:db8::2", {0x20, 1, 0xd, 0xb8, [15] = 2}},
        {"2001:DB8::AbCd", {0x20, 1, 0xd, 0xb8, [14] = 0xab, [15] = 0xcd}},
        {"1:2:3:4:5:6:7:8", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}},
        {"1:2:3:4:5:6:7::", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0}},
        {"::2:3:4:5:6:7:8", {0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}},
        {"1::8", {0, 1, [15] = 8}},
        {"ffff::00ff", {0xff, 0xff, [15] = 0xff}},
        {"64:ff9b::198.18.0.1", {0, 0x64, 0xff, 0x9b, [12] = 198, 18, 0, 1}},
        {"1:2:3:4:5:6:198.18.0.1", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 198, 18, 0, 1}},
        {"::198.18.0.1", {[12] = 198, 18, 0, 1}},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint8_t bytes[16];
        memset(bytes, 0x55, sizeof(bytes));
        if (!value_read_ipv6(good[i].text, strlen(good[i].text), bytes)) {
            print_error("refused: %s\n", good[i].text);
        }
        assert_true(value_read_ipv6(good[i].text, strlen(good[i].text), bytes));
        assert_memory_equal(bytes, good[i].bytes, sizeof(bytes));
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:",
                                      ":1",
                                      "1:2",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1::2::3",
                                      "1:::2",
                                      "::1:",
                                      ":1::",
                                      "12345::",
                                      "::g",
                                      "::1%eth0",
                                      "[::1]",
                                      "::1 ",
                                      " ::1",
                                      "198.18.0.1",
                                      "::198.18.0",
                                      "::198.18.0.256",
                                      "::198.18.0.1:1",
                                      "1:2:3:4:5:6:7:198.18.0.1",
                                      "0x1::",
                                      "-1::"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t bytes[16] = {7};
        if (value_read_ipv6(bad[i], strlen(bad[i]), bytes)) {
            print_error("accepted: %s\n", bad[i]);
        }
        assert_false(value_read_ipv6(bad[i], strlen(bad[i]), bytes));
        assert_int_equal(bytes[0], 7); /* untouched */
    }
}

static void option_takes_a_mode_or_an_address(void **state)
{
    (void)state;
    static const uint8_t address[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
    struct parse parse;
    parse_begin(&parse, SERVER);
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip6_mode, NET_IP6_AUTO);
    parse_end(&parse);
    parse_begin(&parse, SERVER "--ip6 off");
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip6_mode, NET_IP6_OFF);
    parse_end(&parse);
    parse_begin(&parse, SERVER "--ip6 2001:db8::2/64");
    assert_true(parse.ok);
    assert_int_equal(parse.options.ip6_mode, NET_IP6_STATIC);
    assert_int_equal(parse.options.ip6_prefix_len, 64);
    assert_memory_equal(parse.options.ip6, address, sizeof(address));
    parse_end(&parse);
}

static void option_refuses_what_no_host_can_have(void **state)
{
    (void)state;
    static const char *const bad[] = {"on",
                                      "2001:db8::2",
                                      "2001:db8::2/",
                                      "2001:db8::2/0",
                                      "2001:db8::2/129",
                                      "2001:db8::2/48",
                                      "::/64",
                                      "::1/64",
                                      "ff02::1/64",
                                      "fe80::1/64",
                                      "::ffff:198.18.0.2/64",
                                      "198.18.0.2/24"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[120], text[200];
        (void)snprintf(line, sizeof(line), SERVER "--ip6 %s", bad[i]);
        (void)snprintf(text, sizeof(text),
                       "--ip6: %s is not allowed: must be auto, off, or the address of a host and "
                       "/64, such as 2001:db8::2/64",
                       bad[i]);
        assert_refused(line, EXIT_STATUS_USAGE, text);
    }
}

static void check_host(const char *text, const char *host, unsigned port)
{
    struct parse parse;
    char line[120];
    (void)snprintf(line, sizeof(line), CLIENT "%s", text);
    parse_begin(&parse, line);
    assert_true(parse.ok);
    assert_string_equal(parse.options.host, host);
    assert_string_equal(parse.options.server_name, host);
    assert_int_equal(parse.options.port, port);
    parse_end(&parse);
}

static void host_may_be_an_address_in_brackets(void **state)
{
    (void)state;
    check_host("[2001:db8::2]:443", "2001:db8::2", 443);
    check_host("[2001:db8::2]", "2001:db8::2", 8433);
    check_host("2001:db8::2", "2001:db8::2", 8433);
    check_host("::1", "::1", 8433);
}

static void host_in_brackets_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]",         "[fe80]",     "[198.18.0.2]", "[host]:1",
                                      "[::1",       "::1]",       "[::1]8433",    "[[::1]]:1",
                                      "2001:db8:2", "[::1%eth0]", "::1%eth0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[120], text[300];
        (void)snprintf(line, sizeof(line), CLIENT "%s", bad[i]);
        (void)snprintf(text, sizeof(text),
                       "HOST: %s is not allowed: must be a host name, an IPv4 or an IPv6 address, "
                       "and :PORT if need be (IPv6 in brackets then)",
                       bad[i]);
        assert_refused(line, EXIT_STATUS_USAGE, text);
    }
    assert_refused(CLIENT "[::1]:", EXIT_STATUS_USAGE,
                   "PORT of HOST: [::1]: is not allowed: must be a whole number from 1 to 65535");
    assert_refused(CLIENT "--ip6 off ::1", EXIT_STATUS_USAGE,
                   "HOST: ::1 is an IPv6 address, and --ip6 is off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(option_takes_a_mode_or_an_address),
        cmocka_unit_test(option_refuses_what_no_host_can_have),
        cmocka_unit_test(host_may_be_an_address_in_brackets),
        cmocka_unit_test(host_in_brackets_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
