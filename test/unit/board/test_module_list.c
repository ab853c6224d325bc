/* Is the list of kernel modules read in its order, whatever else stands in the file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "module_list.h"

static void check_paths(const char *list, const char *const *expected)
{
    char text[256];
    assert_true(strlen(list) < sizeof(text));
    memcpy(text, list, strlen(list) + 1);
    char *cursor = text;
    for (; *expected != NULL; expected++) {
        const char *path = module_list_next(&cursor);
        assert_non_null(path);
        assert_string_equal(path, *expected);
    }
    assert_null(module_list_next(&cursor));
    assert_null(module_list_next(&cursor));
}

static void paths_come_in_the_order_of_the_lines(void **state)
{
    (void)state;
    const char *const expected[] = {"/lib/b.ko", "/lib/a.ko", NULL};
    check_paths("/lib/b.ko\n/lib/a.ko\n", expected);
}

static void an_empty_list_has_no_path(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    check_paths("", none);
    check_paths("\n\n", none);
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    const char *const expected[] = {"/a.ko", "/b.ko", NULL};
    check_paths("/a.ko\n/b.ko", expected);
}

static void blank_lines_comments_and_trailing_blanks_say_nothing(void **state)
{
    (void)state;
    const char *const expected[] = {"/a.ko", "/b.ko", NULL};
    check_paths("# made by hand\n\n/a.ko \r\n  \n/b.ko\t# why\n#/c.ko\n", expected);
}

static void what_is_no_absolute_path_is_not_dropped_in_silence(void **state)
{
    (void)state;
    const char *const expected[] = {"a.ko", NULL};
    check_paths("a.ko\n", expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_come_in_the_order_of_the_lines),
        cmocka_unit_test(an_empty_list_has_no_path),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(blank_lines_comments_and_trailing_blanks_say_nothing),
        cmocka_unit_test(what_is_no_absolute_path_is_not_dropped_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
