/* Do lines come out of what is typed, whatever noise comes between? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console_input.h"

static struct console_input input;

static int set_up(void **state)
{
    (void)state;
    memset(&input, 0, sizeof(input));
    return 0;
}

/* Feeds all bytes, portion by portion, and joins what comes out: "text;", "?;" for unreadable. */
static const char *feed(const char *bytes, size_t len, size_t portion)
{
    static char out[4096];
    out[0] = '\0';
    for (size_t at = 0; at < len;) {
        size_t part = len - at < portion ? len - at : portion;
        enum console_line line;
        size_t taken = console_input_feed(&input, bytes + at, part, &line);
        assert_in_range(taken, 1, part);
        assert_true(line != CONSOLE_LINE_NONE || taken == part);
        at += taken;
        if (line != CONSOLE_LINE_NONE) {
            assert_true(strlen(out) + CONSOLE_LINE_MAX + 2 < sizeof(out));
            strcat(out, line == CONSOLE_LINE_TEXT ? input.line : "?");
            strcat(out, ";");
        }
    }
    return out;
}

/* The same comes out whether it comes in at once or byte by byte. */
static void check_bytes(const char *bytes, size_t len, const char *wanted)
{
    static const size_t portions[] = {SIZE_MAX, 1, 2, 3, 7};
    for (size_t i = 0; i < sizeof(portions) / sizeof(portions[0]); i++) {
        memset(&input, 0, sizeof(input));
        assert_string_equal(feed(bytes, len, portions[i]), wanted);
    }
}

static void check(const char *bytes, const char *wanted)
{
    check_bytes(bytes, strlen(bytes), wanted);
}

static void lines_end_with_cr_or_lf_or_both(void **state)
{
    (void)state;
    check("stats\n", "stats;");
    check("stats\r", "stats;");
    check("stats\r\nnet\r\n", "stats;net;");
    check("a\nb\rc\r\nd", "a;b;c;");
}

static void blank_lines_say_nothing(void **state)
{
    (void)state;
    check("\n\r\n\r\r  \n \t \nnet\n", "net;");
}

static void backspace_takes_back_a_character(void **state)
{
    (void)state;
    check("statx\bs\n", "stats;");
    check("statx\x7fs\n", "stats;");
    check("\b\b\bnet\n", "net;");
    check("ab\b\b\b\bnet\n", "net;");
    check("x\b\n", "");
}

static void control_u_and_control_c_take_back_the_line(void **state)
{
    (void)state;
    check("reboot\x15net\n", "net;");
    check("reboot\x03net\n", "net;");
    check("\x1b[A\x15net\n", "net;");
}

static void tab_is_a_space(void **state)
{
    (void)state;
    check("log\tdebug\n", "log debug;");
}

static void noise_spoils_its_line_and_no_other(void **state)
{
    (void)state;
    check_bytes("st\0ats\nnet\n", 11, "?;net;");
    check("net\n\xff\xfe\nnet\n", "net;?;net;");
    check("\x1b[Astats\nnet\n", "?;net;");
    check("gr\xc3\xbc\xc3\x9f"
          "e\nnet\n",
          "?;net;");
    check("\x80\b\nnet\n", "?;net;"); /* what is not seen cannot be taken back */
}

static void line_of_the_largest_size_is_whole(void **state)
{
    (void)state;
    char line[CONSOLE_LINE_MAX + 2], wanted[CONSOLE_LINE_MAX + 2];
    memset(line, 'x', sizeof(line));
    memset(wanted, 'x', sizeof(wanted));
    strcpy(line + CONSOLE_LINE_MAX, "\n");
    strcpy(wanted + CONSOLE_LINE_MAX, ";");
    check(line, wanted);
}

static void longer_lines_are_unreadable(void **state)
{
    (void)state;
    static char bytes[100000];
    memset(bytes, 'x', sizeof(bytes));
    static const char line[] = {'\n', 'n', 'e', 't', '\n'};
    memcpy(bytes + CONSOLE_LINE_MAX + 1, line, sizeof(line));
    memcpy(bytes + sizeof(bytes) - sizeof(line), line, sizeof(line));
    check_bytes(bytes, sizeof(bytes), "?;net;?;net;");
}

/* 10 MB of anything: what comes out is printable and short, and a command is still understood. */
static void any_noise_leaves_a_console_that_works(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (unsigned round = 0; round < 40000; round++) {
        char bytes[256];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1664525U + 1013904223U;
            bytes[i] = (char)(random >> 24);
        }
        for (size_t at = 0; at < sizeof(bytes);) {
            enum console_line line;
            at += console_input_feed(&input, bytes + at, sizeof(bytes) - at, &line);
            if (line == CONSOLE_LINE_TEXT) {
                size_t len = strlen(input.line);
                assert_in_range(len, 1, CONSOLE_LINE_MAX);
                for (size_t i = 0; i < len; i++) {
                    assert_in_range(input.line[i], ' ', '~');
                }
            }
        }
    }
    (void)feed("\n", 1, 1);
    assert_string_equal(feed("net\n", 4, 4), "net;");
}

#define INPUT_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(lines_end_with_cr_or_lf_or_both),
        INPUT_TEST(blank_lines_say_nothing),
        INPUT_TEST(backspace_takes_back_a_character),
        INPUT_TEST(control_u_and_control_c_take_back_the_line),
        INPUT_TEST(tab_is_a_space),
        INPUT_TEST(noise_spoils_its_line_and_no_other),
        INPUT_TEST(line_of_the_largest_size_is_whole),
        INPUT_TEST(longer_lines_are_unreadable),
        INPUT_TEST(any_noise_leaves_a_console_that_works),
    };
    return cmocka_run_group_tests_name("console_input", tests, NULL, NULL);
}
