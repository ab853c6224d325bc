/* Does time only go forward, and is the wall clock believed only once it has reached the build? */
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

#define THREADS 4

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

static void wall_clock_has_its_source(void **state)
{
    (void)state;
    struct clock_wall wall = clock_wall();
    assert_int_equal(wall.source, EXPECTED_SOURCE);
    int64_t expected_s =
        wall.source == CLOCK_SOURCE_SYSTEM ? (int64_t)time(NULL) : (int64_t)BUILD_EPOCH_S;
    assert_true(wall.unix_s >= expected_s - 1 && wall.unix_s <= expected_s + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(time_begins_at_the_first_look),
        cmocka_unit_test(time_runs_at_the_systems_pace),
        cmocka_unit_test(wall_clock_has_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
