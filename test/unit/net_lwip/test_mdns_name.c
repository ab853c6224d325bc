/* Tests the names that a host tries by turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mdns_name.h"

#define LONGEST "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23" /* 63 */

static void assert_name(const char *host_name, unsigned number, const char *expected)
{
    char name[MDNS_NAME_MAX + 1];
    memset(name, 'x', sizeof(name));
    mdns_name_make(name, host_name, number);
    assert_string_equal(name, expected);
}

static void the_first_is_the_name_itself(void **state)
{
    (void)state;
    assert_name("tls-echo", 1, "tls-echo");
    assert_name("a", 1, "a");
    assert_name(LONGEST, 1, LONGEST);
}

static void others_have_their_number(void **state)
{
    (void)state;
    assert_name("tls-echo", 2, "tls-echo-2");
    assert_name("kitchen-2", 3, "kitchen-2-3");
    assert_name("a", 4294967295U, "a-4294967295");
}

static void a_long_name_is_cut_for_it(void **state)
{
    (void)state;
    assert_name(LONGEST, 2, "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g-2");
    assert_name(LONGEST, 4294967295U,
                "a23456789-b23456789-c23456789-d23456789-e23456789-f2-4294967295");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_name_itself),
        cmocka_unit_test(others_have_their_number),
        cmocka_unit_test(a_long_name_is_cut_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
