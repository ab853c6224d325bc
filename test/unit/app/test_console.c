/* Do lines arrive whole on standard error, and can a stuck console not stop the program? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "console.h"

static int read_fd;
static int saved_stderr;

static int setup(void **state)
{
    (void)state;
    int ends[2];
    (void)signal(SIGPIPE, SIG_IGN);
    if (pipe(ends) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
        return -1;
    }
    saved_stderr = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    read_fd = ends[0];
    return close(ends[1]);
}

static int teardown(void **state)
{
    (void)state;
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    if (read_fd >= 0) {
        (void)close(read_fd);
    }
    return 0;
}

static void line_arrives_whole(void **state)
{
    (void)state;
    char got[64] = "";
    console_write("one line\n", 9);
    assert_int_equal(read(read_fd, got, sizeof(got)), 9);
    assert_string_equal(got, "one line\n");
}

/* Fills the pipe; returns how many bytes it took. */
static size_t fill_pipe(void)
{
    static char page[4096];
    size_t filled = 0;
    ssize_t put = 0;
    memset(page, 'x', sizeof(page));
    while ((put = write(STDERR_FILENO, page, sizeof(page))) > 0) {
        filled += (size_t)put;
    }
    return filled;
}

static void stuck_console_loses_lines(void **state)
{
    (void)state;
    char byte = 0;
    size_t filled = fill_pipe();
    console_write("lost\n", 5);
    for (size_t i = 0; i < filled; i++) {
        assert_int_equal(read(read_fd, &byte, 1), 1);
        assert_int_equal(byte, 'x');
    }
    char got[8] = "";
    console_write("found\n", 6);
    assert_int_equal(read(read_fd, got, sizeof(got)), 6);
    assert_string_equal(got, "found\n");
}

static void console_that_went_away_does_no_harm(void **state)
{
    (void)state;
    (void)close(read_fd);
    read_fd = -1;
    console_write("lost\n", 5);
    (void)close(STDERR_FILENO);
    console_write("lost\n", 5);
}

static void missing_descriptors_are_filled(void **state)
{
    (void)state;
    int saved_stdin = dup(STDIN_FILENO);
    char byte;
    (void)close(STDIN_FILENO);
    (void)close(STDERR_FILENO);
    console_open();
    assert_int_equal(read(STDIN_FILENO, &byte, 1), 0);
    assert_int_equal(write(STDERR_FILENO, "x", 1), 1);
    int next_fd = open("/dev/null", O_RDONLY);
    assert_true(next_fd > STDERR_FILENO);
    (void)close(next_fd);
    (void)dup2(saved_stdin, STDIN_FILENO);
    (void)close(saved_stdin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_arrives_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(stuck_console_loses_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_descriptors_are_filled, setup, teardown),
        cmocka_unit_test_setup_teardown(console_that_went_away_does_no_harm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
