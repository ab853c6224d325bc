/* Is an option of ours found on the kernel's command line, and nothing else taken for it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel_option.h"

#define OTHERWISE 77

static uint32_t card_wait(const char *command_line)
{
    return kernel_option_number(command_line, "card_wait_ms", 10000, OTHERWISE);
}

static void the_number_is_found_wherever_it_stands(void **state)
{
    (void)state;
    assert_int_equal(card_wait("tls_echo.card_wait_ms=250"), 250);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=250 console=ttyAMA0 quiet"), 250);
    assert_int_equal(card_wait("console=ttyAMA0  tls_echo.card_wait_ms=250\n"), 250);
    assert_int_equal(card_wait("quiet\ttls_echo.card_wait_ms=0 panic=5"), 0);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=10000"), 10000);
}

static void the_last_one_counts(void **state)
{
    (void)state;
    assert_int_equal(card_wait("tls_echo.card_wait_ms=1 tls_echo.card_wait_ms=2"), 2);
}

static void other_words_are_not_taken_for_it(void **state)
{
    (void)state;
    assert_int_equal(card_wait(""), OTHERWISE);
    assert_int_equal(card_wait("card_wait_ms=1"), OTHERWISE);
    assert_int_equal(card_wait("xtls_echo.card_wait_ms=1"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait=1"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms2=1"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.interface_wait_ms=1"), OTHERWISE);
    assert_int_equal(card_wait("tls_ech"), OTHERWISE);
}

static void what_is_no_number_up_to_the_limit_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(card_wait("tls_echo.card_wait_ms="), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms= 5"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=5s"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=-1"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=10001"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=99999999999999999999999999"), OTHERWISE);
    assert_int_equal(card_wait("tls_echo.card_wait_ms=3 tls_echo.card_wait_ms=x"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_is_found_wherever_it_stands),
        cmocka_unit_test(the_last_one_counts),
        cmocka_unit_test(other_words_are_not_taken_for_it),
        cmocka_unit_test(what_is_no_number_up_to_the_limit_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
