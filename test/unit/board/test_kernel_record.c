/* Are records of the kernel's log told apart by who wrote them and how bad it is? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel_record.h"

static bool parse(const char *text, char *record, size_t cap, struct kernel_record *out)
{
    assert_true(strlen(text) < cap);
    memcpy(record, text, strlen(text) + 1);
    return kernel_record_parse(record, out);
}

static void a_record_is_severity_and_text(void **state)
{
    (void)state;
    char record[128];
    struct kernel_record parsed;
    assert_true(parse("3,1234,5678901,-;mmc0: error -110\n SUBSYSTEM=mmc\n DEVICE=+mmc:mmc0\n",
                      record, sizeof(record), &parsed));
    assert_int_equal(parsed.severity, 3);
    assert_int_equal(parsed.time_us, 5678901);
    assert_true(parsed.from_kernel);
    assert_string_equal(parsed.text, "mmc0: error -110");
}

static void a_text_may_have_what_ends_other_fields(void **state)
{
    (void)state;
    char record[128];
    struct kernel_record parsed;
    assert_true(parse("6,1,2,-,caller=T1;a, b; c\n", record, sizeof(record), &parsed));
    assert_int_equal(parsed.severity, 6);
    assert_string_equal(parsed.text, "a, b; c");
}

static void what_a_process_wrote_is_not_the_kernels(void **state)
{
    (void)state;
    char record[128];
    struct kernel_record parsed;
    assert_true(parse("12,1,2,-;hello\n", record, sizeof(record), &parsed));
    assert_int_equal(parsed.severity, 4);
    assert_false(parsed.from_kernel);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "\n",         "3",         "3,1,2,-",       ";text\n",   "x,1,2,-;t",
        "3;text\n", "3,1,-;text", "3,1,2;-,a", "-3,1,2,-;text", "3,x,2,-;t", " 3,1,2,-;text"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char record[128];
        struct kernel_record parsed;
        assert_false(parse(bad[i], record, sizeof(record), &parsed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_severity_and_text),
        cmocka_unit_test(a_text_may_have_what_ends_other_fields),
        cmocka_unit_test(what_a_process_wrote_is_not_the_kernels),
        cmocka_unit_test(what_is_no_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
