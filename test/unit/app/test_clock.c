/* Does time only go forward, and is the wall clock believed only where it can be right? */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "clock_port.h"
#include "log_port.h"
#include "system_clock.h"
#include "wall_clock.h"

#define THREADS 4

/* The tests go on from each other: the clock is one per process, and what it was set to stays. */
#define BUILD ((int64_t)BUILD_EPOCH_S)
#define BLOB (BUILD + 86400)
#define YEAR INT64_C(31536000)
#define US INT64_C(1000000)

/* ---- What the clock stands on */

static struct {
    int64_t system_us; /* of the system's clock */
    bool has_rtc;
    int64_t rtc_s, written_rtc_s;
    char log[1024];
} fake;

int64_t system_clock_now_us(void)
{
    return fake.system_us;
}

bool system_clock_read_rtc(int64_t *unix_s)
{
    *unix_s = fake.rtc_s;
    return fake.has_rtc;
}

void system_clock_set(int64_t unix_us)
{
    fake.system_us = unix_us;
}

void system_clock_write_rtc(int64_t unix_s)
{
    fake.written_rtc_s = unix_s;
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    va_list args;
    int len = snprintf(fake.log, sizeof(fake.log), "%d %s %s ", (int)level, module, event);
    va_start(args, format);
    (void)vsnprintf(fake.log + len, sizeof(fake.log) - (size_t)len, format, args);
    va_end(args);
}

const char *log_quote(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
    return out;
}

/* ---- Monotonic time */

static void *look_often(void *went_back)
{
    uint64_t last_us = clock_now_us();
    for (int i = 0; i < 10000; i++) {
        uint64_t now_us = clock_now_us();
        if (now_us < last_us) {
            *(bool *)went_back = true;
        }
        last_us = now_us;
    }
    return NULL;
}

static void time_never_goes_back(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    bool went_back[THREADS] = {false};
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, &went_back[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(went_back[i]);
    }
}

static void time_begins_at_the_first_look(void **state)
{
    (void)state;
    assert_true(clock_now_us() < UINT64_C(60000000)); /* not since the machine's start */
}

static void time_runs_at_the_systems_pace(void **state)
{
    (void)state;
    struct timespec pause = {.tv_nsec = 20000000};
    uint64_t before_us = clock_now_us();
    assert_int_equal(nanosleep(&pause, NULL), 0);
    assert_true(clock_now_us() - before_us >= 20000);
}

/* ---- The wall clock */

/* Asserts what the clock says, to within the minute that the tests may take. */
static void assert_wall(enum clock_source source, int64_t unix_s, unsigned steps)
{
    struct clock_wall wall = clock_wall();
    assert_int_equal(wall.source, source);
    assert_true(wall.unix_s >= unix_s && wall.unix_s <= unix_s + 59);
    assert_int_equal(wall.steps, steps);
}

static void assert_logged(const char *text)
{
    if (strstr(fake.log, text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, fake.log);
    }
}

static void without_a_clock_the_lower_bound_stands_in(void **state)
{
    (void)state;
    fake.system_us = (BUILD - 1) * US;
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BUILD, 0);
    wall_clock_start(BUILD - YEAR); /* an old blob makes it no worse */
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BUILD, 0);
    wall_clock_start(BLOB);
    assert_int_equal(wall_clock_lower_bound(), BLOB);
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 0); /* a better bound is no step */
    fake.system_us = (BLOB - 1) * US;
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 0);
}

static void the_system_clock_counts_once_it_can_be_right(void **state)
{
    (void)state;
    fake.system_us = (BLOB + 5) * US;
    assert_wall(CLOCK_SOURCE_SYSTEM, BLOB + 5, 1);
    fake.system_us = (BLOB + 50) * US; /* a correction */
    assert_wall(CLOCK_SOURCE_SYSTEM, BLOB + 50, 1);
    fake.system_us = (BLOB + 200) * US;
    assert_wall(CLOCK_SOURCE_SYSTEM, BLOB + 200, 2);
    fake.system_us = 0;
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 3);
}

static void what_is_before_the_lower_bound_is_refused(void **state)
{
    (void)state;
    assert_int_equal(clock_set_wall(BLOB * US - 1, CLOCK_SOURCE_SNTP, "198.18.0.1"),
                     CLOCK_SET_TOO_EARLY);
    assert_logged("1 time time_failed source=sntp server=198.18.0.1 reason=before_lower_bound");
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 3);
}

static void an_rtc_is_read_by_the_whole_system_only(void **state)
{
    (void)state;
    fake.has_rtc = true;
    fake.rtc_s = BLOB + YEAR;
    wall_clock_start(BLOB);
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 3);
    wall_clock_own_system();
    fake.rtc_s = BLOB - 1;
    wall_clock_start(BLOB);
    assert_logged("time_failed source=rtc device=/dev/rtc0 reason=before_lower_bound step_ms=-");
    assert_wall(CLOCK_SOURCE_LOWER_BOUND, BLOB, 3);
    fake.rtc_s = BLOB + YEAR;
    wall_clock_start(BLOB);
    assert_logged("2 time time_set source=rtc device=/dev/rtc0 step_ms=3153");
    assert_wall(CLOCK_SOURCE_RTC, BLOB + YEAR, 4);
    assert_int_equal(fake.system_us, (BLOB + YEAR) * US);
    assert_int_equal(fake.written_rtc_s, 0);
}

static void a_time_server_wins_and_sets_the_rtc(void **state)
{
    (void)state;
    int64_t then_us = (BLOB + 2 * YEAR) * US;
    uint64_t before_us = clock_now_us();
    assert_int_equal(clock_set_wall(then_us, CLOCK_SOURCE_SNTP, "198.18.0.1"), CLOCK_SET_OK);
    assert_true(clock_now_us() - before_us < UINT64_C(60000000)); /* only the wall clock moved */
    assert_logged("2 time time_set source=sntp server=198.18.0.1 step_ms=3153");
    assert_wall(CLOCK_SOURCE_SNTP, BLOB + 2 * YEAR, 5);
    assert_int_equal(fake.system_us, then_us);
    assert_int_equal(fake.written_rtc_s, BLOB + 2 * YEAR);
    fake.system_us = 0; /* whatever the system says from now on */
    assert_wall(CLOCK_SOURCE_SNTP, BLOB + 2 * YEAR, 5);
}

static void a_time_server_may_correct_but_not_contradict_itself(void **state)
{
    (void)state;
    int64_t base_s = BLOB + 2 * YEAR;
    assert_int_equal(clock_set_wall((base_s + 30) * US, CLOCK_SOURCE_SNTP, "a"), CLOCK_SET_OK);
    assert_wall(CLOCK_SOURCE_SNTP, base_s + 30, 5);
    assert_int_equal(clock_set_wall((base_s + 900) * US, CLOCK_SOURCE_SNTP, "a"), CLOCK_SET_OK);
    assert_wall(CLOCK_SOURCE_SNTP, base_s + 900, 6);
    assert_int_equal(clock_set_wall((base_s + 2000) * US, CLOCK_SOURCE_SNTP, "a"),
                     CLOCK_SET_TOO_FAR);
    assert_logged("1 time time_failed source=sntp server=a reason=step_too_large step_ms=1");
    assert_int_equal(clock_set_wall((base_s - 200) * US, CLOCK_SOURCE_SNTP, "a"),
                     CLOCK_SET_TOO_FAR);
    assert_wall(CLOCK_SOURCE_SNTP, base_s + 900, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(time_begins_at_the_first_look),
        cmocka_unit_test(time_runs_at_the_systems_pace),
        cmocka_unit_test(without_a_clock_the_lower_bound_stands_in),
        cmocka_unit_test(the_system_clock_counts_once_it_can_be_right),
        cmocka_unit_test(what_is_before_the_lower_bound_is_refused),
        cmocka_unit_test(an_rtc_is_read_by_the_whole_system_only),
        cmocka_unit_test(a_time_server_wins_and_sets_the_rtc),
        cmocka_unit_test(a_time_server_may_correct_but_not_contradict_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
