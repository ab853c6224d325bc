/* Tests how the spec of a netif names its kind and target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "netif_link.h"

const struct link_ops link_tap = {.name = "tap"};
const struct link_ops link_packet = {.name = "packet"};
const struct link_ops link_stream = {.name = "stream"};

static void finds_each_kind(void **state)
{
    (void)state;
    const char *target = NULL;
    char reason[200];
    assert_ptr_equal(link_find("tap:tap0", &target, reason, sizeof(reason)), &link_tap);
    assert_string_equal(target, "tap0");
    assert_ptr_equal(link_find("packet:eth0", &target, reason, sizeof(reason)), &link_packet);
    assert_string_equal(target, "eth0");
    assert_ptr_equal(link_find("stream:listen=/a:b", &target, reason, sizeof(reason)),
                     &link_stream);
    assert_string_equal(target, "listen=/a:b");
}

static void refuses_others_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ":", "tap", "tap:", "taps:x", "ta:x", "TAP:x", "stream"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *target = "untouched";
        char reason[200] = "";
        assert_null(link_find(bad[i], &target, reason, sizeof(reason)));
        assert_null(target);
        assert_non_null(strstr(reason, bad[i]));
    }
}

static void cuts_a_long_reason(void **state)
{
    (void)state;
    const char *target = NULL;
    char reason[16];
    assert_null(link_find("nonsense", &target, reason, sizeof(reason)));
    assert_int_equal(strlen(reason), sizeof(reason) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_kind),
        cmocka_unit_test(refuses_others_with_a_reason),
        cmocka_unit_test(cuts_a_long_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
