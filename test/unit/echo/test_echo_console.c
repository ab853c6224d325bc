/* Does each command answer, and can nothing that is typed hurt? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "echo_client.h"
#include "echo_console.h"
#include "echo_server.h"
#include "fake_ports.h"
#include "log_port.h"

static const struct tls_identity identity = {
    .chain = {{(const uint8_t *)"leaf", 4}, {(const uint8_t *)"", 0}}, .chain_count = 2};
static struct echo_console_config config;
static struct echo_console console;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    config = (struct echo_console_config){.is_wanted = true, .identity = &identity};
    echo_console_start(&console, &config, NULL, NULL);
    fake.log[0] = '\0';
    return 0;
}

static void type(const char *text)
{
    fake_type(text);
    while (fake.typed_len > 0) {
        echo_console_poll(&console);
    }
}

/* The whole log since the last look. */
static void assert_log(const char *wanted)
{
    assert_string_equal(fake.log, wanted);
    fake.log[0] = '\0';
}

static void an_unwanted_console_takes_nothing(void **state)
{
    (void)state;
    config.is_wanted = false;
    echo_console_start(&console, &config, NULL, NULL);
    fake_type("drain\n");
    echo_console_poll(&console);
    echo_console_start(&console, NULL, NULL, NULL);
    echo_console_poll(&console);
    assert_int_equal(fake.typed_len, 6);
    assert_log("");
}

static void a_console_without_input_says_so(void **state)
{
    (void)state;
    fake.input_fails = true;
    echo_console_start(&console, &config, NULL, NULL);
    fake_type("drain\n");
    echo_console_poll(&console);
    assert_int_equal(fake.stop_count, 0);
    assert_log("console failed reason=\"cannot read the input\"\n");
}

static void log_sets_the_level(void **state)
{
    (void)state;
    type("log debug\n");
    assert_int_equal(fake.log_level, LOG_LEVEL_DEBUG);
    assert_log("console log level=debug\n");
    type("  LOG   Error  \r\n");
    assert_int_equal(fake.log_level, LOG_LEVEL_ERROR);
    assert_log("console log level=error\n");
}

static void log_takes_levels_alone(void **state)
{
    (void)state;
    fake.log_level = 77;
    type("log\nlog loud\nlog answer\n");
    assert_int_equal(fake.log_level, 77);
    assert_int_equal(
        fake_log_count("console refused command=log reason=\"type log error, log warn, "
                       "log info or log debug\""),
        3);
}

static void net_shows_address_and_state(void **state)
{
    (void)state;
    fake.ip = (struct net_address){NET_FAMILY_IPV4, {198, 18, 0, 2}, 0};
    type("net\n");
    assert_int_equal(fake_log_count("console net state=up ip=198.18.0.2 ip6=none sockets=0 "), 1);
    fake.ip.family = NET_FAMILY_NONE;
    fake.net_state = NET_STATE_STARTING;
    type("net\n");
    assert_int_equal(fake_log_count("console net state=starting ip=none ip6=none "), 1);
}

static void cert_shows_each_certificate(void **state)
{
    (void)state;
    type("cert\n");
    assert_log("console cert index=0 subject=\"CN=leaf\" issuer=\"CN=CA\" "
               "not_before=2026-01-01T00:00:00Z not_after=2027-01-01T00:00:00Z "
               "sha256=ab00000000000000000000000000000000000000000000000000000000000000\n"
               "console cert index=1 reason=\"out of memory\"\n");
    static const struct tls_identity none;
    config.identity = &none;
    type("cert\n");
    assert_log(
        "console refused command=cert reason=\"this client has no certificate of its own\"\n");
    config.identity = NULL;
    type("cert\n");
    assert_int_equal(fake_log_count("no certificate of its own"), 1);
}

static void drain_asks_to_stop(void **state)
{
    (void)state;
    type("drain\n");
    assert_int_equal(fake.stop_count, 1);
    assert_false(fake.restart);
    assert_log("console drain stops=1\n");
    type("drain\n");
    assert_int_equal(fake.stop_count, 2);
}

static void reboot_is_for_a_board_and_takes_two_words(void **state)
{
    (void)state;
    type("reboot now\n");
    assert_log(
        "console refused command=reboot reason=\"this board runs more than this program: use "
        "drain\"\n");
    config.can_restart = true;
    type("reboot\nreboot later\n");
    assert_int_equal(fake_log_count("restarts the board: type reboot now"), 2);
    assert_int_equal(fake.stop_count, 0);
    fake.log[0] = '\0';
    type("reboot now\n");
    assert_true(fake.restart);
    assert_int_equal(fake.stop_count, 1);
    assert_log("console reboot stops=1\n");
}

static void a_client_has_no_sessions(void **state)
{
    (void)state;
    type("help\n");
    assert_int_equal(fake_log_count("console help command="), 6);
    assert_int_equal(fake_log_count("console help command=log takes=error|warn|info|debug does="),
                     1);
    assert_int_equal(fake_log_count("sessions does="), 0);
    fake.log[0] = '\0';
    type("stats\n");
    assert_log("console unknown text=\"stats\" lines=1 hint=\"type help\"\n");
}

static void too_many_words_are_unknown(void **state)
{
    (void)state;
    type("drain twice\n");
    assert_log("console unknown text=\"drain twice\" lines=1 hint=\"type help\"\n");
    type("reboot now please\n");
    assert_log("console unknown text=\"reboot now please\" lines=1 hint=\"type help\"\n");
    assert_int_equal(fake.stop_count, 0);
}

static void unknown_lines_are_answered_now_and_then(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        type("hello\n\xff\n");
    }
    assert_log("console unknown text=\"hello\" lines=1 hint=\"type help\"\n"
               "console unreadable lines=1 hint=\"type help\"\n"
               "console unknown text=\"hello\" lines=1 hint=\"type help\"\n");
    fake.now_us += 9999999;
    type("hello\n");
    assert_log("");
    fake.now_us += 1;
    type("hello\n");
    assert_log("console unknown text=\"hello\" lines=1999 hint=\"type help\"\n");
    type("net\n");
    assert_int_equal(fake_log_count("console net"), 1);
}

static void commands_are_answered_some_a_second(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        type("log info\n");
    }
    assert_int_equal(fake_log_count("console log"), 8);
    for (unsigned i = 0; i < 4; i++) {
        fake.now_us += 250000;
        type("log info\nlog info\n");
    }
    assert_int_equal(fake_log_count("console log"), 12);
    type("what\n");
    assert_int_equal(fake_log_count("console unknown text=\"what\" lines=997"), 1);
}

/* ---- With a server, which calls the console each round ---- */

static struct echo_server_config server_config(void)
{
    return (struct echo_server_config){
        .port = 8433,
        .max_sessions = 4,
        .handshake_timeout_ms = 5000,
        .idle_timeout_ms = 60000,
        .record_timeout_ms = 30000,
        .close_timeout_ms = 1000,
        .console = &config,
    };
}

static void run_server(const char *typed)
{
    struct echo_server_config server = server_config();
    fake.accepts_left = 3;
    fake_type(typed);
    assert_int_equal(echo_server_run(&server, NULL, NULL), 0);
    assert_int_equal(fake.sessions, 0);
    assert_int_equal(fake.sockets, 0);
}

static void a_server_tells_of_itself(void **state)
{
    (void)state;
    fake.waits_left = 10;
    fake.cpu_us = 5000000000;
    run_server("help\nstats\n");
    assert_int_equal(fake_log_count("console open hint="), 1);
    assert_int_equal(fake_log_count("console help command="), 8);
    assert_int_equal(fake_log_count("console stats sessions=3 accepted=3 "), 1);
    assert_non_null(strstr(fake.log, " cpu_us=5000000000\n"));
}

static void sessions_are_listed_one_a_round(void **state)
{
    (void)state;
    fake.waits_left = 10;
    run_server("sessions\n");
    assert_int_equal(fake_log_count("console session session="), 3);
    assert_int_equal(fake_log_count("console session session=2 peer=198.18.0.1:50000 phase=open "
                                    "bytes_in=0 bytes_out=0 ms="),
                     1);
    const char *last = strstr(fake.log, "console session session=3");
    assert_non_null(last);
    assert_non_null(strstr(last, "console sessions count=3 max=4"));
    fake_reset();
    fake.waits_left = 3; /* the command, and two of the sessions; the rest comes in the drain */
    run_server("sessions\n");
    const char *draining = strstr(fake.log, "server draining");
    assert_non_null(draining);
    *(char *)draining = '\0';
    assert_int_equal(fake_log_count("console session session="), 2);
}

static void drain_ends_a_server(void **state)
{
    (void)state;
    run_server("drain\n");
    assert_int_equal(fake_log_count("server draining sessions=3"), 1);
    assert_int_equal(fake_log_count("server closed session="), 3);
}

static void drain_ends_a_server_that_has_no_address(void **state)
{
    (void)state;
    fake.net_state = NET_STATE_STARTING;
    run_server("net\ndrain\n");
    assert_int_equal(fake_log_count("console net state=starting"), 1);
    assert_int_equal(fake_log_count("server listening"), 0);
}

static void print_nothing(const char *text, size_t len)
{
    (void)text, (void)len;
}

static void drain_ends_a_client(void **state)
{
    (void)state;
    struct echo_client_config client = {
        .host = "198.18.0.2",
        .port = 8433,
        .server_name = "198.18.0.2",
        .message = "hello",
        .count = 1,
        .connect_timeout_ms = 5000,
        .handshake_timeout_ms = 5000,
        .idle_timeout_ms = 60000,
        .close_timeout_ms = 1000,
        .print = print_nothing,
        .console = &config,
    };
    fake_type("net\ndrain\n");
    assert_int_equal(echo_client_run(&client, NULL, NULL), EXIT_STATUS_ECHO);
    assert_int_equal(fake_log_count("console net"), 1);
    assert_int_equal(fake_log_count("client interrupted"), 1);
}

#define CONSOLE_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(an_unwanted_console_takes_nothing),
        CONSOLE_TEST(a_console_without_input_says_so),
        CONSOLE_TEST(log_sets_the_level),
        CONSOLE_TEST(log_takes_levels_alone),
        CONSOLE_TEST(net_shows_address_and_state),
        CONSOLE_TEST(cert_shows_each_certificate),
        CONSOLE_TEST(drain_asks_to_stop),
        CONSOLE_TEST(reboot_is_for_a_board_and_takes_two_words),
        CONSOLE_TEST(a_client_has_no_sessions),
        CONSOLE_TEST(too_many_words_are_unknown),
        CONSOLE_TEST(unknown_lines_are_answered_now_and_then),
        CONSOLE_TEST(commands_are_answered_some_a_second),
        CONSOLE_TEST(a_server_tells_of_itself),
        CONSOLE_TEST(sessions_are_listed_one_a_round),
        CONSOLE_TEST(drain_ends_a_server),
        CONSOLE_TEST(drain_ends_a_server_that_has_no_address),
        CONSOLE_TEST(drain_ends_a_client),
    };
    return cmocka_run_group_tests_name("echo_console", tests, NULL, NULL);
}
