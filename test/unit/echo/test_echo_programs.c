/* Server loop and client run from start to end on scripted seams: what they refuse, and their exit
 * status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "echo_client.h"
#include "echo_server.h"
#include "fake_ports.h"

static char printed[64];

static void print(const char *text, size_t len)
{
    strncat(printed, text, len);
}

static struct echo_server_config server_config(void)
{
    return (struct echo_server_config){
        .port = 8433,
        .max_sessions = 2,
        .buffer_count = 1,
        .handshake_timeout_ms = 5000,
        .idle_timeout_ms = 60000,
        .record_timeout_ms = 30000,
        .close_timeout_ms = 1000,
    };
}

static struct echo_client_config client_config(void)
{
    return (struct echo_client_config){
        .host = "198.18.0.2",
        .port = 8433,
        .server_name = "198.18.0.2",
        .message = "hello server",
        .count = 1,
        .connect_timeout_ms = 5000,
        .handshake_timeout_ms = 5000,
        .idle_timeout_ms = 60000,
        .close_timeout_ms = 1000,
        .print = print,
    };
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    printed[0] = '\0';
    return 0;
}

static enum exit_status run_server(const struct echo_server_config *config)
{
    return echo_server_run(config, NULL, NULL);
}

static enum exit_status run_client(const struct echo_client_config *config)
{
    return echo_client_run(config, NULL, NULL);
}

/* ---- Server ------------------------------------------------------------------------------------
 */

static void test_server_refuses_when_the_pool_is_full(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.accepts_left = 3;
    fake.waits_left = 5;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("server accepted"), 2);
    assert_int_equal(fake_log_count("server refused peer=198.18.0.1:50000 reason=pool_full"), 1);
    assert_int_equal(fake_log_count("server closed"), 2);
}

static void test_server_limits_the_rate(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    config.rate_limit = 1;
    fake.accepts_left = 2;
    fake.waits_left = 5;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("reason=rate_limit"), 1);
}

static void test_server_sleeps_until_the_nearest_deadline(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.waits_left = 3;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_true(fake.last_deadline_us == NET_NO_DEADLINE);
}

static void test_server_tells_a_conflict_and_a_taken_port(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.net_state = NET_STATE_CONFLICT;
    assert_int_equal(run_server(&config), EXIT_STATUS_CONFIG);
    fake.net_state = NET_STATE_UP;
    fake.listen_outcome = NET_IN_USE;
    assert_int_equal(run_server(&config), EXIT_STATUS_CONFIG);
    assert_int_equal(fake_log_count("listen_failed port=8433 reason=in_use"), 1);
}

/* ---- The wall clock ----------------------------------------------------------------------------
 */

static struct echo_server_config clock_server_config(void)
{
    struct echo_server_config config = server_config();
    config.needs_clock = true;
    config.clock_timeout_ms = 30000;
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    return config;
}

static void test_server_does_not_listen_without_a_clock(void **state)
{
    struct echo_server_config config = clock_server_config();
    uint64_t began_us = fake.now_us;
    (void)state;
    assert_int_equal(run_server(&config), EXIT_STATUS_DEADLINE);
    assert_true(fake.now_us - began_us >= 30000000);
    assert_int_equal(fake_log_count("server deadline session=0 phase=clock"), 1);
    assert_int_equal(fake_log_count("listening"), 0);
}

static void test_server_listens_once_the_clock_is_set(void **state)
{
    struct echo_server_config config = clock_server_config();
    (void)state;
    fake.set_clock_at_wait = 5;
    fake.waits_left = 8;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("listening"), 1);
    assert_int_equal(fake.context_rechecks, 1);
    assert_int_equal(fake_log_count("identity_dates"), 0);
}

static void test_server_does_not_start_with_dates_that_are_wrong(void **state)
{
    struct echo_server_config config = clock_server_config();
    (void)state;
    fake.set_clock_at_wait = 2;
    fake.identity_verify = TLS_VERIFY_EXPIRED;
    assert_int_equal(run_server(&config), EXIT_STATUS_CONFIG);
    assert_int_equal(fake_log_count("identity_dates verify=expired clock=sntp"), 1);
    assert_int_equal(fake_log_count("listening"), 0);
}

static void test_server_stops_while_it_waits_for_the_clock(void **state)
{
    struct echo_server_config config = clock_server_config();
    (void)state;
    fake.waits_left = 3;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("listening"), 0);
}

static void test_server_goes_on_when_its_dates_turn_out_wrong(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    fake.set_clock_at_wait = 2;
    fake.waits_left = 6;
    fake.identity_verify = TLS_VERIFY_EXPIRED;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("identity_dates verify=expired"), 1);
    assert_int_equal(fake.context_rechecks, 1);
}

static void test_server_judges_its_sessions_again(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.accepts_left = 1;
    fake.set_clock_at_wait = 4;
    fake.waits_left = 8;
    fake.session_verify = TLS_VERIFY_EXPIRED;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake.session_rechecks, 1);
    assert_int_equal(fake_log_count("server trust_lost session=1 verify=expired clock=sntp"), 1);
    assert_int_equal(fake_log_count("closed session=1 reason=refused"), 1);
}

/* The server judged the identity by an older clock than the one it starts with. */
static void test_server_notices_a_step_before_its_start(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.wall.steps = 1;
    fake.waits_left = 2;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake.context_rechecks, 1);
}

static void test_client_waits_for_the_clock(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    config.needs_clock = true;
    config.clock_timeout_ms = 30000;
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    assert_int_equal(run_client(&config), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake_log_count("client deadline session=1 phase=clock"), 1);
    assert_int_equal(fake.handshakes, 0);
    set_up(NULL);
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    fake.set_clock_at_wait = 5;
    fake.identity_verify = TLS_VERIFY_NOT_YET_VALID;
    assert_int_equal(run_client(&config), EXIT_STATUS_CONFIG);
    assert_int_equal(fake_log_count("identity_dates verify=not_yet_valid"), 1);
}

static void test_client_ends_when_the_server_turns_out_untrusted(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.set_clock_at_wait = 3;
    fake.session_verify = TLS_VERIFY_EXPIRED;
    assert_int_equal(run_client(&config), EXIT_STATUS_UNTRUSTED);
    assert_int_equal(fake_log_count("client trust_lost session=1 verify=expired"), 1);
    assert_int_equal(fake_log_count("closed session=1 reason=refused"), 1);
}

/* ---- The watchdog ------------------------------------------------------------------------------
 */

static void test_server_that_sleeps_feeds_the_watchdog(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.watchdog_us = 30000000;
    fake.waits_to_deadline = true;
    fake.waits_left = 4;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake.now_us, 1000000 + 40000000);
    assert_int_equal(fake.feeds, 1 + 4);
    assert_int_equal(fake.readies, 1);
}

static void test_server_without_address_feeds_the_watchdog(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.net_state = NET_STATE_STARTING;
    fake.watchdog_us = 30000000;
    fake.waits_to_deadline = true;
    fake.waits_left = 4;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake.feeds, 1 + 4);
    assert_int_equal(fake.readies, 0);
}

/* Turns the loop 10 microseconds a round, for three windows of a second. */
static void spin_server(const struct echo_server_config *config)
{
    fake.watchdog_us = 3000000;
    fake.wait_us = 10;
    fake.waits_left = 300000;
    assert_int_equal(run_server(config), EXIT_STATUS_OK);
}

static void test_server_with_a_session_that_never_advances_is_not_fed(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.accepts_left = 1;
    fake.script.has_input = true; /* "read on", says TLS, and then: "wait" */
    spin_server(&config);
    assert_int_equal(fake.feeds, 1 + 1); /* in the first window it was accepted */
    assert_int_equal(fake_log_count("app loop_stuck"), 2);
}

static void test_server_whose_listener_is_ready_for_nothing_is_not_fed(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    spin_server(&config); /* the listener is always ready, and nobody is there */
    assert_int_equal(fake.feeds, 1);
    assert_int_equal(fake_log_count("app loop_stuck"), 3);
}

static void test_server_that_echoes_without_rest_is_fed(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    fake.accepts_left = 1;
    fake.script.reads_forever = true;
    spin_server(&config);
    assert_int_equal(fake.feeds, 1 + 3);
}

static void test_server_that_drains_for_long_is_fed(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    config.close_timeout_ms = 60000;
    fake.accepts_left = 1;
    fake.stop_count = 0;
    fake.waits_left = 2; /* accepted, and then asked to stop */
    fake.script.drain = NET_WANT_READ;
    fake.watchdog_us = 30000000;
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake.feeds, 1 + 6);
}

static void test_server_logs_stats_at_the_interval(void **state)
{
    struct echo_server_config config = server_config();
    (void)state;
    config.stats_interval_s = 1;
    fake.waits_left = 3500; /* rounds of a millisecond */
    assert_int_equal(run_server(&config), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count("server stats"), 4); /* three, and the last one */
}

/* ---- Client ------------------------------------------------------------------------------------
 */

static void test_client_echoes_and_prints(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello server", 0};
    fake.script.read[1] = (struct fake_step){TLS_CLOSED, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_OK);
    assert_string_equal(printed, "hello server");
    assert_int_equal(fake_log_count("client closed session=1 reason=clean"), 1);
}

static void test_client_does_not_insist_on_the_fin(void **state)
{
    struct echo_client_config config = client_config();
    uint64_t began_us = fake.now_us;
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello server", 0};
    fake.script.read[1] = (struct fake_step){TLS_CLOSED, NULL, 0};
    fake.script.drain = NET_WANT_READ;
    assert_int_equal(run_client(&config), EXIT_STATUS_OK);
    assert_true(fake.now_us - began_us < 500000);
    assert_int_equal(fake_log_count("closed session=1 reason=clean"), 1);
    assert_int_equal(fake_log_count("client deadline"), 0);
}

static void test_client_tells_a_cut_stream(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello", 0};
    fake.script.read[1] = (struct fake_step){TLS_TRUNCATED, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_ECHO);
    assert_string_equal(printed, "");
    assert_int_equal(fake_log_count("closed session=1 reason=truncated"), 1);
}

static void test_client_wants_the_close_notify_too(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello server", 0};
    fake.script.read[1] = (struct fake_step){TLS_TRUNCATED, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_ECHO);
    assert_int_equal(fake_log_count("closed session=1 reason=truncated"), 1);
}

static void test_client_finds_a_wrong_echo(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello sErver", 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_ECHO);
    assert_int_equal(fake_log_count("echo_differs session=1 at=7"), 1);
}

static void test_client_finds_a_longer_echo(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello server", 0};
    fake.script.read[1] = (struct fake_step){TLS_OK, "more", 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_ECHO);
    assert_int_equal(fake_log_count("echo_differs session=1 at=12"), 1);
}

static void test_client_handshake_deadline(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    config.handshake_timeout_ms = 20;
    for (unsigned i = 0; i < FAKE_STEPS_MAX; i++) {
        fake.script.handshake[i] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    }
    assert_int_equal(run_client(&config), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake_log_count("client deadline session=1 phase=handshake"), 1);
    assert_int_equal(fake_log_count("reason=deadline"), 1);
}

static void test_client_that_waits_is_fed(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    config.idle_timeout_ms = 60000; /* a server that never answers */
    fake.watchdog_us = 30000000;
    assert_int_equal(run_client(&config), EXIT_STATUS_DEADLINE);
    assert_in_range(fake.feeds, 1 + 5, 1 + 6);
}

static void test_client_that_spins_is_not_fed(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.has_input = true;
    fake.watchdog_us = 30000000;
    fake.wait_us = 10;
    assert_int_equal(run_client(&config), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake.feeds, 1 + 1); /* in the first window it connected */
}

static void test_client_refused_certificates_and_alerts(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    fake.script.handshake[0] = (struct fake_step){TLS_UNTRUSTED, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_UNTRUSTED);
    fake_reset();
    fake.script.handshake[0] = (struct fake_step){TLS_ALERT, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_TLS);
    fake_reset();
    /* TLS 1.3: the server refuses our certificate only after our handshake was over. */
    fake.script.read[0] = (struct fake_step){TLS_ALERT, NULL, 0};
    assert_int_equal(run_client(&config), EXIT_STATUS_TLS);
    assert_int_equal(fake_log_count("closed session=1 reason=alert"), 1);
}

static void test_client_idle_deadline(void **state)
{
    struct echo_client_config config = client_config();
    (void)state;
    config.idle_timeout_ms = 20;
    assert_int_equal(run_client(&config), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake_log_count("deadline session=1 phase=idle"), 1);
    assert_int_equal(fake_log_count("closed session=1 reason=deadline"), 1);
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(test_server_refuses_when_the_pool_is_full),
        PROGRAM_TEST(test_server_limits_the_rate),
        PROGRAM_TEST(test_server_sleeps_until_the_nearest_deadline),
        PROGRAM_TEST(test_server_tells_a_conflict_and_a_taken_port),
        PROGRAM_TEST(test_server_does_not_listen_without_a_clock),
        PROGRAM_TEST(test_server_listens_once_the_clock_is_set),
        PROGRAM_TEST(test_server_does_not_start_with_dates_that_are_wrong),
        PROGRAM_TEST(test_server_stops_while_it_waits_for_the_clock),
        PROGRAM_TEST(test_server_goes_on_when_its_dates_turn_out_wrong),
        PROGRAM_TEST(test_server_judges_its_sessions_again),
        PROGRAM_TEST(test_server_notices_a_step_before_its_start),
        PROGRAM_TEST(test_client_waits_for_the_clock),
        PROGRAM_TEST(test_client_ends_when_the_server_turns_out_untrusted),
        PROGRAM_TEST(test_server_that_sleeps_feeds_the_watchdog),
        PROGRAM_TEST(test_server_without_address_feeds_the_watchdog),
        PROGRAM_TEST(test_server_with_a_session_that_never_advances_is_not_fed),
        PROGRAM_TEST(test_server_whose_listener_is_ready_for_nothing_is_not_fed),
        PROGRAM_TEST(test_server_that_echoes_without_rest_is_fed),
        PROGRAM_TEST(test_server_that_drains_for_long_is_fed),
        PROGRAM_TEST(test_server_logs_stats_at_the_interval),
        PROGRAM_TEST(test_client_echoes_and_prints),
        PROGRAM_TEST(test_client_does_not_insist_on_the_fin),
        PROGRAM_TEST(test_client_tells_a_cut_stream),
        PROGRAM_TEST(test_client_wants_the_close_notify_too),
        PROGRAM_TEST(test_client_finds_a_wrong_echo),
        PROGRAM_TEST(test_client_finds_a_longer_echo),
        PROGRAM_TEST(test_client_handshake_deadline),
        PROGRAM_TEST(test_client_that_waits_is_fed),
        PROGRAM_TEST(test_client_that_spins_is_not_fed),
        PROGRAM_TEST(test_client_refused_certificates_and_alerts),
        PROGRAM_TEST(test_client_idle_deadline),
    };
    return cmocka_run_group_tests_name("echo_programs", tests, NULL, NULL);
}
