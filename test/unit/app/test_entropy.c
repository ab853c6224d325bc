/* Does the entropy source fill all it is asked for, and never twice the same? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entropy_port.h"

static void fills_all_and_differs(void **state)
{
    (void)state;
    static uint8_t a[4096], b[4096];
    assert_true(entropy_fill(a, sizeof(a)));
    assert_true(entropy_fill(b, sizeof(b)));
    for (size_t at = 0; at < sizeof(a); at += 64) {
        assert_memory_not_equal(a + at, b + at, 64);
        assert_memory_not_equal(a + at, a + (at + 64) % sizeof(a), 64);
    }
}

static void touches_nothing_else(void **state)
{
    (void)state;
    uint8_t bytes[33];
    memset(bytes, 7, sizeof(bytes));
    assert_true(entropy_fill(bytes, 0));
    assert_int_equal(bytes[0], 7);
    assert_true(entropy_fill(bytes, 32));
    assert_int_equal(bytes[32], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_all_and_differs),
        cmocka_unit_test(touches_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
