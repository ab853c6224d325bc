/* Does the log get its names right? Distinguished names come from peers, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backend.h"
#include "mbedtls/oid.h"

static mbedtls_x509_buf buf_of(const char *bytes, size_t len)
{
    return (mbedtls_x509_buf){
        .tag = MBEDTLS_ASN1_UTF8_STRING, .len = len, .p = (unsigned char *)(uintptr_t)bytes};
}

static mbedtls_x509_name name_of(const char *oid, const char *value, size_t len)
{
    mbedtls_x509_name name = {.oid = buf_of(oid, strlen(oid)), .val = buf_of(value, len)};
    name.oid.tag = MBEDTLS_ASN1_OID;
    return name;
}

static void assert_cn_text(const char *value, size_t len, const char *expected)
{
    char text[64];
    mbedtls_x509_name name = name_of(MBEDTLS_OID_AT_CN, value, len);
    name_to_text(&name, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_name_begins_with_the_last_attribute(void **state)
{
    (void)state;
    char text[64];
    mbedtls_x509_name organisation = name_of(MBEDTLS_OID_AT_ORGANIZATION, "Some one", 8);
    mbedtls_x509_name common = name_of(MBEDTLS_OID_AT_CN, "x", 1);
    organisation.next = &common;
    name_to_text(&organisation, text, sizeof(text));
    assert_string_equal(text, "CN=x,O=Some one");
}

static void test_name_escapes(void **state)
{
    (void)state;
    assert_cn_text("a,b=\"c\"", 7, "CN=a\\,b\\=\\\"c\\\"");
    assert_cn_text("# leading", 9, "CN=\\# leading");
    assert_cn_text("a\n\0b\x7f", 5, "CN=a\\0A\\00b\\7F");
    assert_cn_text("\xc3\xa4", 2, "CN=\\C3\\A4");
    assert_cn_text("", 0, "CN=");
}

static void test_name_is_cut_to_fit(void **state)
{
    (void)state;
    char text[8];
    mbedtls_x509_name name = name_of(MBEDTLS_OID_AT_CN, "abcdefgh", 8);
    memset(text, 'x', sizeof(text));
    name_to_text(&name, text, sizeof(text));
    assert_string_equal(text, "CN=abcd");
    name.val = buf_of("abc\x01", 4);
    name_to_text(&name, text, sizeof(text));
    assert_string_equal(text, "CN=abc"); /* an escape is not cut in the middle */
}

static void test_name_without_attributes(void **state)
{
    (void)state;
    char text[8] = "x";
    mbedtls_x509_name name = {.next = NULL};
    name_to_text(&name, text, sizeof(text));
    assert_string_equal(text, "");
}

static void test_suites_and_groups(void **state)
{
    (void)state;
    assert_string_equal(name_of_suite(0x1301), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(name_of_suite(0xcca9), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    assert_string_equal(name_of_suite(0x002f), "unknown");
    assert_string_equal(name_of_group(29), "x25519");
    assert_string_equal(name_of_group(24), "secp384r1");
    assert_string_equal(name_of_group(0), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_begins_with_the_last_attribute),
        cmocka_unit_test(test_name_escapes),
        cmocka_unit_test(test_name_is_cut_to_fit),
        cmocka_unit_test(test_name_without_attributes),
        cmocka_unit_test(test_suites_and_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
