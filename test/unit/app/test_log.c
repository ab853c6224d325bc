/* Is every event one line, in the documented form, whatever its values hold? */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "log_port.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    log_set_level(LOG_LEVEL_INFO);
    return 0;
}

static void line_has_the_documented_form(void **state)
{
    (void)state;
    fake.now_us = 412345;
    log_event(LOG_LEVEL_INFO, "net", "net_up", "if=%s ip=%d", "tap0", 7);
    fake.now_us = 413101;
    log_event(LOG_LEVEL_ERROR, "server", "listen_failed", "port=%u", 8433U);
    assert_string_equal(fake.console, "[    0.412345] INFO  net    net_up if=tap0 ip=7\n"
                                      "[    0.413101] ERROR server listen_failed port=8433\n");
    assert_int_equal(fake.console_writes, 2);
}

static void event_without_values_has_no_space_at_its_end(void **state)
{
    (void)state;
    log_event(LOG_LEVEL_WARN, "app", "draining", "%s", "");
    log_event(LOG_LEVEL_WARN, "app", "x", "n=%d", 1);
    assert_string_equal(fake.console, "[    0.000000] WARN  app    draining \n"
                                      "[    0.000000] WARN  app    x n=1\n");
}

static void seconds_grow_beyond_their_width(void **state)
{
    (void)state;
    fake.now_us = UINT64_C(1234567890123);
    log_event(LOG_LEVEL_INFO, "net", "x", "a=%d", 1);
    assert_string_equal(fake.console, "[1234567.890123] INFO  net    x a=1\n");
}

static void levels_above_the_limit_are_dropped(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_WARN);
    log_event(LOG_LEVEL_INFO, "net", "x", "a=%d", 1);
    assert_int_equal(fake.console_writes, 0);
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_true(log_enabled(LOG_LEVEL_WARN));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    log_set_level(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "net", "x", "a=%d", 1);
    assert_string_equal(fake.console, "[    0.000000] DEBUG net    x a=1\n");
}

/* What stands before the values of this event. */
#define PREFIX_LEN (strlen("[    0.000000] INFO  net    x a="))

static void line_of_the_largest_size_is_whole(void **state)
{
    (void)state;
    char value[LOG_LINE_MAX];
    size_t len = LOG_LINE_MAX - 1 - PREFIX_LEN;
    memset(value, 'v', len);
    value[len] = '\0';
    log_event(LOG_LEVEL_INFO, "net", "x", "a=%s", value);
    assert_int_equal(fake.console_len, LOG_LINE_MAX);
    assert_string_equal(fake.console + LOG_LINE_MAX - 5, "vvvv\n");
}

static void longer_line_is_cut_and_says_so(void **state)
{
    (void)state;
    char value[2 * LOG_LINE_MAX];
    for (size_t len = LOG_LINE_MAX - PREFIX_LEN; len < sizeof(value); len += 97) {
        fake_reset();
        memset(value, 'v', len);
        value[len] = '\0';
        log_event(LOG_LEVEL_INFO, "net", "x", "a=%s", value);
        assert_int_equal(fake.console_len, LOG_LINE_MAX);
        assert_string_equal(fake.console + LOG_LINE_MAX - 5, "v...\n");
        assert_int_equal(fake.console_writes, 1);
    }
}

static void unquoted_bytes_cannot_break_the_line(void **state)
{
    (void)state;
    log_event(LOG_LEVEL_INFO, "net", "x", "a=%s", "1\n[    9.000000] forged\r\x1b[2J\x7f\xff");
    assert_string_equal(fake.console,
                        "[    0.000000] INFO  net    x a=1?[    9.000000] forged??[2J??\n");
}

struct quote_case {
    const char *text, *quoted;
};

static void quote_keeps_words_and_escapes_the_rest(void **state)
{
    (void)state;
    static const struct quote_case cases[] = {
        {"word", "word"},
        {"198.18.0.1:51234", "198.18.0.1:51234"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"CN=a", "\"CN=a\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"a\nb\tc", "\"a\\x0ab\\x09c\""},
        {"\xc3\xa4", "\"\\xc3\\xa4\""},
    };
    char out[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_ptr_equal(log_quote(out, sizeof(out), cases[i].text), out);
        assert_string_equal(out, cases[i].quoted);
    }
}

static void quote_fits_any_room(void **state)
{
    (void)state;
    char out[64];
    for (size_t cap = 3; cap < 40; cap++) {
        memset(out, 'X', sizeof(out));
        log_quote(out, cap, "a \"quoted\" line\n\n\n");
        size_t len = strlen(out);
        assert_true(len < cap);
        assert_int_equal(out[0], '"');
        assert_int_equal(out[len - 1], '"');
        assert_int_equal(out[cap], 'X');
        log_quote(out, cap, "a-plain-word-that-is-longer-than-all-of-them");
        assert_int_equal(strlen(out), cap - 1);
        assert_int_equal(out[cap], 'X');
    }
}

#define THREADS 4
#define EVENTS 200

static void *log_many(void *module)
{
    for (int i = 0; i < EVENTS; i++) {
        log_event(LOG_LEVEL_INFO, module, "tick", "n=%d", i);
    }
    return NULL;
}

static void threads_do_not_mix_lines_and_time_never_goes_back(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    char *modules[THREADS] = {"a", "b", "c", "d"};
    fake.step_us = 1;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, modules[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(fake.console_writes, THREADS * EVENTS);
    const char *line = fake.console;
    unsigned next[THREADS] = {0};
    for (unsigned i = 0; i < THREADS * EVENTS; i++) {
        char expected[64];
        size_t module_at = strlen("[    0.000000] INFO  ");
        unsigned thread = (unsigned)(line[module_at] - 'a');
        assert_in_range(thread, 0, THREADS - 1);
        int len = snprintf(expected, sizeof(expected), "[    0.%06u] INFO  %-6s tick n=%u\n", i,
                           modules[thread], next[thread]++);
        assert_memory_equal(line, expected, (size_t)len);
        line += len;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(line_has_the_documented_form, setup),
        cmocka_unit_test_setup(event_without_values_has_no_space_at_its_end, setup),
        cmocka_unit_test_setup(seconds_grow_beyond_their_width, setup),
        cmocka_unit_test_setup(levels_above_the_limit_are_dropped, setup),
        cmocka_unit_test_setup(line_of_the_largest_size_is_whole, setup),
        cmocka_unit_test_setup(longer_line_is_cut_and_says_so, setup),
        cmocka_unit_test_setup(unquoted_bytes_cannot_break_the_line, setup),
        cmocka_unit_test_setup(quote_keeps_words_and_escapes_the_rest, setup),
        cmocka_unit_test_setup(quote_fits_any_room, setup),
        cmocka_unit_test_setup(threads_do_not_mix_lines_and_time_never_goes_back, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
