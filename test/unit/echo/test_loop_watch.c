/* Is the watchdog fed by a loop that works or sleeps, and by no other? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_ports.h"
#include "loop_watch.h"
#include "net_port.h"

#define SECOND_US UINT64_C(1000000)

static struct loop_watch watch;
static uint64_t advances;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake.watchdog_us = 30 * SECOND_US;
    advances = 0;
    loop_watch_start(&watch);
    assert_int_equal(fake.feeds, 1);
    fake.feeds = 0;
    return 0;
}

/* rounds of step_us each, in which the loop advances every nth time; 0: never. */
static void turn(uint64_t rounds, uint64_t step_us, uint64_t nth)
{
    for (uint64_t i = 1; i <= rounds; i++) {
        fake.now_us += step_us;
        advances += nth > 0 && i % nth == 0;
        loop_watch_round(&watch, advances);
    }
}

static void without_a_watchdog_nothing_changes(void **state)
{
    (void)state;
    fake.watchdog_us = 0;
    loop_watch_start(&watch);
    fake.feeds = 0;
    assert_true(loop_watch_deadline(&watch, NET_NO_DEADLINE) == NET_NO_DEADLINE);
    assert_int_equal(loop_watch_deadline(&watch, 5), 5);
    turn(1000, SECOND_US, 1);
    assert_int_equal(fake.feeds, 0);
}

static void an_idle_loop_turns_at_a_third_of_the_timeout(void **state)
{
    (void)state;
    uint64_t end_us = fake.now_us + 10 * SECOND_US;
    assert_int_equal(loop_watch_deadline(&watch, NET_NO_DEADLINE), end_us);
    assert_int_equal(loop_watch_deadline(&watch, end_us + 1), end_us);
    assert_int_equal(loop_watch_deadline(&watch, end_us - 1), end_us - 1);
    fake.now_us = end_us - 1;
    loop_watch_round(&watch, 0);
    assert_int_equal(fake.feeds, 0);
    fake.now_us = end_us;
    loop_watch_round(&watch, 0);
    assert_int_equal(fake.feeds, 1);
    assert_int_equal(loop_watch_deadline(&watch, NET_NO_DEADLINE), end_us + 10 * SECOND_US);
}

static void a_loop_that_is_woken_for_nothing_now_and_then_is_fed(void **state)
{
    (void)state;
    turn(30 * 500, 2000, 0); /* 500 rounds a second, for 30 s */
    assert_int_equal(fake.feeds, 3);
}

static void a_busy_loop_is_fed(void **state)
{
    (void)state;
    turn(3000000, 10, 2);
    assert_int_equal(fake.feeds, 3);
}

static void one_advance_a_window_is_enough(void **state)
{
    (void)state;
    turn(3000000, 10, 1000000);
    assert_int_equal(fake.feeds, 3);
}

static void a_loop_that_spins_is_not_fed(void **state)
{
    (void)state;
    turn(3000000, 10, 0);
    assert_int_equal(fake.feeds, 0);
    assert_int_equal(fake_log_count("app loop_stuck"), 3);
    assert_int_equal(fake_log_count("rounds=1000000 ms=10000 watchdog=not_fed"), 3);
}

static void a_loop_that_recovers_is_fed_again(void **state)
{
    (void)state;
    turn(1500000, 10, 0);
    assert_int_equal(fake.feeds, 0);
    turn(1500000, 10, 1);
    assert_int_equal(fake.feeds, 2); /* the second window and the third */
}

static void a_long_round_feeds_late_but_feeds(void **state)
{
    (void)state;
    turn(1, 25 * SECOND_US, 1);
    assert_int_equal(fake.feeds, 1);
    assert_int_equal(loop_watch_deadline(&watch, NET_NO_DEADLINE), fake.now_us + 10 * SECOND_US);
}

#define WATCH_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(without_a_watchdog_nothing_changes),
        WATCH_TEST(an_idle_loop_turns_at_a_third_of_the_timeout),
        WATCH_TEST(a_loop_that_is_woken_for_nothing_now_and_then_is_fed),
        WATCH_TEST(a_busy_loop_is_fed),
        WATCH_TEST(one_advance_a_window_is_enough),
        WATCH_TEST(a_loop_that_spins_is_not_fed),
        WATCH_TEST(a_loop_that_recovers_is_fed_again),
        WATCH_TEST(a_long_round_feeds_late_but_feeds),
    };
    return cmocka_run_group_tests_name("loop_watch", tests, NULL, NULL);
}
