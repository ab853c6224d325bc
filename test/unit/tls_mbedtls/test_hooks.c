/* Do the library's hooks into our seams tell the truth? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "backend.h"
#include "doubles.h"
#include "mbedtls/platform.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"
#include "psa/crypto.h"

static void assert_same_date(int64_t unix_s)
{
    mbedtls_time_t ours_s = unix_s;
    time_t theirs_s = (time_t)unix_s;
    struct tm ours, theirs;
    assert_ptr_equal(mbedtls_platform_gmtime_r(&ours_s, &ours), &ours);
    assert_non_null(gmtime_r(&theirs_s, &theirs));
    assert_int_equal(ours.tm_year, theirs.tm_year);
    assert_int_equal(ours.tm_mon, theirs.tm_mon);
    assert_int_equal(ours.tm_mday, theirs.tm_mday);
    assert_int_equal(ours.tm_hour, theirs.tm_hour);
    assert_int_equal(ours.tm_min, theirs.tm_min);
    assert_int_equal(ours.tm_sec, theirs.tm_sec);
}

/* The step is prime, so that all times of day and of the year come up. */
static void test_dates_are_those_of_libc(void **state)
{
    (void)state;
    const int64_t span_s = INT64_C(400) * 365 * 86400;
    for (int64_t at = -span_s; at < span_s; at += 86399 * 3 + 2) {
        assert_same_date(at);
    }
}

static void test_dates_at_the_edges(void **state)
{
    (void)state;
    const int64_t edges[] = {-1,         0,          951782399,  951782400,
                             951868800,  1709164799, 1709164800, 1709251200,
                             1735689599, 1735689600, 2147483648, 4102444800};
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        assert_same_date(edges[i]);
    }
}

static void test_clocks(void **state)
{
    (void)state;
    int64_t now = 0;
    double_wall_s = 1234567890;
    assert_int_equal(tls_mbedtls_time(&now), 1234567890);
    assert_int_equal(now, 1234567890);
    assert_int_equal(tls_mbedtls_time(NULL), 1234567890);
    double_now_us = 5999;
    assert_int_equal(mbedtls_ms_time(), 5);
    double_wall_s = 0;
}

static void test_no_entropy_is_an_error(void **state)
{
    (void)state;
    unsigned char byte;
    double_entropy_fails = true;
    assert_int_not_equal(tls_mbedtls_random(NULL, &byte, 1), 0);
    assert_int_not_equal(library_acquire(), 0);
    double_entropy_fails = false;
    assert_int_equal(library_acquire(), 0);
    library_release();
    double_assert_all_freed();
}

static void test_library_lives_as_long_as_its_last_user(void **state)
{
    (void)state;
    assert_int_equal(library_acquire(), 0);
    assert_int_equal(library_acquire(), 0);
    library_release();
    psa_key_id_t key = 0;
    psa_key_attributes_t attributes = psa_key_attributes_init();
    psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
    psa_set_key_bits(&attributes, 128);
    assert_int_equal(psa_generate_key(&attributes, &key), PSA_SUCCESS);
    library_release();
    double_assert_all_freed();
    assert_int_equal(psa_generate_key(&attributes, &key), PSA_ERROR_BAD_STATE);
}

static void test_refused_allocations_are_noticed(void **state)
{
    (void)state;
    unsigned before = tls_mbedtls_allocation_failures();
    assert_int_equal(error_outcome(-1, before), TLS_FAILED);
    double_allocations_left = 0;
    assert_null(mbedtls_calloc(1, 1));
    double_allocations_left = -1;
    assert_int_equal(tls_mbedtls_allocation_failures(), before + 1);
    assert_int_equal(error_outcome(-1, before), TLS_NO_MEMORY);
    assert_int_equal(error_outcome(0, before), TLS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates_are_those_of_libc),
        cmocka_unit_test(test_dates_at_the_edges),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_no_entropy_is_an_error),
        cmocka_unit_test(test_library_lives_as_long_as_its_last_user),
        cmocka_unit_test(test_refused_allocations_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
