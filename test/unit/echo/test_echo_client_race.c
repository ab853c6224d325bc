/* Which of a host's addresses does the client end up with, and when does it try each? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "echo_client.h"
#include "fake_ports.h"

static const struct net_address six = {NET_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [15] = 2}, 0};
static const struct net_address four = {NET_FAMILY_IPV4, {198, 18, 0, 2}, 0};

#define NEVER_US (UINT64_C(1) << 40)
#define DELAY_US 250000

static void print(const char *text, size_t len)
{
    (void)text, (void)len;
}

static const struct echo_client_config config = {
    .host = "echo.test",
    .port = 8433,
    .server_name = "echo.test",
    .message = "hello server",
    .count = 1,
    .connect_timeout_ms = 5000,
    .handshake_timeout_ms = 5000,
    .idle_timeout_ms = 60000,
    .close_timeout_ms = 1000,
    .print = print,
};

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake.ip = four;
    fake.ip6 = six;
    fake.addresses[0].address = six;
    fake.addresses[1].address = four;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello server", 0};
    fake.script.read[1] = (struct fake_step){TLS_CLOSED, NULL, 0};
    return 0;
}

/* Whoever lost is closed, too. */
static void check_reached(const char *peer)
{
    assert_int_equal(echo_client_run(&config, NULL, NULL), EXIT_STATUS_OK);
    assert_int_equal(fake_log_count(peer), 1);
}

#define SIX "handshake_ok session=1 peer=[2001:db8::2]:8433"
#define FOUR "handshake_ok session=1 peer=198.18.0.2:8433"

static void test_first_that_answers_is_the_only_one(void **state)
{
    (void)state;
    fake.addresses[0].answers_us = DELAY_US - 10000;
    check_reached(SIX);
    assert_int_equal(fake.addresses[1].begun, 0);
}

static void test_second_begins_when_the_first_is_slow(void **state)
{
    uint64_t began_us = fake.now_us;
    (void)state;
    fake.addresses[0].answers_us = NEVER_US;
    check_reached(FOUR);
    uint64_t after_us = fake.addresses[1].begun_us - began_us;
    assert_in_range(after_us, DELAY_US, DELAY_US + 5000);
}

static void test_first_may_still_win(void **state)
{
    (void)state;
    fake.addresses[0].answers_us = DELAY_US + 50000;
    fake.addresses[1].answers_us = NEVER_US;
    check_reached(SIX);
    assert_int_equal(fake.addresses[1].begun, 1);
}

static void test_second_begins_at_once_when_the_first_fails(void **state)
{
    uint64_t began_us = fake.now_us;
    (void)state;
    fake.addresses[0].result = NET_REFUSED;
    check_reached(FOUR);
    assert_true(fake.addresses[1].begun_us - began_us < 10000);
}

static void test_second_begins_at_once_when_the_first_cannot_begin(void **state)
{
    uint64_t began_us = fake.now_us;
    (void)state;
    fake.addresses[0].begin = NET_UNREACHABLE;
    check_reached(FOUR);
    assert_int_equal(fake.addresses[1].begun_us, began_us);
}

static void test_all_fail(void **state)
{
    (void)state;
    fake.addresses[0].result = NET_UNREACHABLE;
    fake.addresses[1].result = NET_REFUSED;
    fake.addresses[1].answers_us = 3000;
    assert_int_equal(echo_client_run(&config, NULL, NULL), EXIT_STATUS_NO_CONNECTION);
    assert_int_equal(fake_log_count("connect_failed peer=\"echo.test\" port=8433 phase=connect "
                                    "reason=refused"),
                     1);
}

static void test_nobody_answers(void **state)
{
    (void)state;
    fake.addresses[0].answers_us = NEVER_US;
    fake.addresses[1].answers_us = NEVER_US;
    assert_int_equal(echo_client_run(&config, NULL, NULL), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake_log_count("client deadline session=1 phase=connect"), 1);
}

static void test_own_address_that_is_missing_is_no_failure(void **state)
{
    (void)state;
    fake.ip6_comes_us = NEVER_US;
    check_reached(FOUR);
    assert_int_equal(fake.addresses[0].begun, 0);
}

static void test_own_address_is_waited_for_when_there_is_no_other_way(void **state)
{
    (void)state;
    fake.addresses[1].address.family = NET_FAMILY_NONE;
    fake.ip6_comes_us = fake.now_us + 2000000;
    check_reached(SIX);
    assert_true(fake.addresses[0].begun_us >= fake.ip6_comes_us);
}

static void test_own_address_that_never_comes(void **state)
{
    (void)state;
    fake.addresses[1].address.family = NET_FAMILY_NONE;
    fake.ip6_comes_us = NEVER_US;
    assert_int_equal(echo_client_run(&config, NULL, NULL), EXIT_STATUS_DEADLINE);
    assert_int_equal(fake_log_count("client deadline session=1 phase=address"), 1);
}

static void test_other_way_fails_before_the_own_address_comes(void **state)
{
    (void)state;
    fake.ip6_comes_us = NEVER_US;
    fake.addresses[1].result = NET_REFUSED;
    assert_int_equal(echo_client_run(&config, NULL, NULL), EXIT_STATUS_NO_CONNECTION);
    assert_int_equal(fake_log_count("reason=refused"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_that_answers_is_the_only_one, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_second_begins_when_the_first_is_slow, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_first_may_still_win, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_second_begins_at_once_when_the_first_fails, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_second_begins_at_once_when_the_first_cannot_begin,
                                        set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_all_fail, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_answers, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_own_address_that_is_missing_is_no_failure, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_own_address_is_waited_for_when_there_is_no_other_way,
                                        set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_own_address_that_never_comes, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_other_way_fails_before_the_own_address_comes, set_up,
                                        fake_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
