/* Do signals and typed lines reach the loop, one at a time, and does the reader always end? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "control_port.h"

#define PATIENCE_MS 20000

/* A net of the tests' own: waking it makes a descriptor readable. */
struct net {
    int wake_fd;
};

static struct net net;
static int input_fd; /* what is written here is typed */
static int saved_stdin;

static void wake(struct net *woken)
{
    (void)eventfd_write(woken->wake_fd, 1);
}

static void wait_for_wake(void)
{
    eventfd_t count;
    struct pollfd item = {.fd = net.wake_fd, .events = POLLIN};
    assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
    assert_int_equal(eventfd_read(net.wake_fd, &count), 0);
}

static int setup(void **state)
{
    (void)state;
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    saved_stdin = dup(STDIN_FILENO);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    input_fd = ends[1];
    net.wake_fd = eventfd(0, EFD_NONBLOCK);
    if (!control_open()) {
        return -1;
    }
    control_attach(wake, &net);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    control_close();
    if (input_fd >= 0) {
        (void)close(input_fd);
    }
    (void)dup2(saved_stdin, STDIN_FILENO);
    (void)close(saved_stdin);
    return close(net.wake_fd);
}

static void type(const char *text)
{
    assert_int_equal(write(input_fd, text, strlen(text)), strlen(text));
}

static void end_input(void)
{
    (void)close(input_fd);
    input_fd = -1;
}

/* Waits until something is there, and asserts that it is this line. */
static void assert_line(const char *text)
{
    char line[64];
    size_t len = 99;
    wait_for_wake();
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_OK);
    assert_string_equal(line, text);
    assert_int_equal(len, strlen(text));
}

static void assert_end(void)
{
    char line[8];
    size_t len = 99;
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_END);
    assert_int_equal(len, 0);
    assert_string_equal(line, "");
}

static void lines_come_one_by_one(void **state)
{
    (void)state;
    char line[64];
    size_t len = 99;
    assert_true(control_start_lines());
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_NONE);
    assert_int_equal(len, 0);
    type("first\n\nthi");
    assert_line("first");
    assert_line("");
    type("rd\nlast without end");
    assert_line("third");
    end_input();
    assert_line("last without end");
    wait_for_wake();
    assert_end();
    assert_end();
}

static void input_that_ends_with_a_line_end_has_no_empty_line_behind_it(void **state)
{
    (void)state;
    assert_true(control_start_lines());
    type("only\n");
    end_input();
    assert_line("only");
    wait_for_wake();
    assert_end();
}

static void line_larger_than_the_room_is_dropped(void **state)
{
    (void)state;
    char line[8];
    size_t len = 99;
    assert_true(control_start_lines());
    type("1234567\n12345678\nnext\n");
    wait_for_wake();
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_OK);
    assert_string_equal(line, "1234567");
    wait_for_wake();
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_TOO_LONG);
    assert_int_equal(len, 0);
    assert_string_equal(line, "");
    assert_line("next");
}

static void line_larger_than_the_mailbox_is_dropped(void **state)
{
    (void)state;
    static char line[1 << 18];
    char chunk[1024];
    size_t len = 99;
    memset(chunk, 'x', sizeof(chunk));
    assert_true(control_start_lines());
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(write(input_fd, chunk, sizeof(chunk)), sizeof(chunk));
    }
    type("\nnext\n");
    wait_for_wake();
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_TOO_LONG);
    assert_line("next");
}

static void line_may_hold_zero_bytes(void **state)
{
    (void)state;
    char line[8];
    size_t len = 0;
    assert_true(control_start_lines());
    assert_int_equal(write(input_fd, "a\0b\n", 4), 4);
    wait_for_wake();
    assert_int_equal(control_take_line(line, sizeof(line), &len), CONTROL_LINE_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(line, "a\0b", 4);
}

/* ---- Bytes */

/* Waits until text has come in, in as many portions as it takes. */
static void assert_input(const char *text, size_t len)
{
    char got[CONTROL_INPUT_MAX];
    for (size_t at = 0; at < len;) {
        wait_for_wake();
        size_t part = control_take_input(got);
        assert_in_range(part, 1, len - at);
        assert_memory_equal(got, text + at, part);
        at += part;
    }
}

static void bytes_come_as_they_are(void **state)
{
    (void)state;
    char got[CONTROL_INPUT_MAX];
    assert_true(control_start_input());
    assert_int_equal(control_take_input(got), 0);
    assert_int_equal(write(input_fd, "a\0\r\n\xff", 5), 5);
    assert_input("a\0\r\n\xff", 5);
    type("no line end");
    assert_input("no line end", 11);
    assert_int_equal(control_take_input(got), 0);
    end_input();
    assert_int_equal(control_take_input(got), 0);
}

static void many_bytes_come_in_portions_and_slowly(void **state)
{
    (void)state;
    static char bytes[20 * CONTROL_INPUT_MAX];
    struct timespec before, after;
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(write(input_fd, bytes, sizeof(bytes)), sizeof(bytes));
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    assert_true(control_start_input());
    assert_input(bytes, sizeof(bytes));
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(ms >= 19 * 10 - 1);
}

/* Makes standard input a terminal; returns the end where a person sits. */
static int open_terminal(void)
{
    int person = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(person >= 0 && grantpt(person) == 0 && unlockpt(person) == 0);
    int terminal = open(ptsname(person), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(dup2(terminal, STDIN_FILENO), STDIN_FILENO);
    (void)close(terminal);
    return person;
}

static void terminal_is_told_from_others(void **state)
{
    (void)state;
    assert_false(control_input_is_terminal());
    int person = open_terminal();
    assert_true(control_input_is_terminal());
    (void)close(person);
}

static void end_that_is_typed_does_not_end_a_terminal(void **state)
{
    (void)state;
    int person = open_terminal();
    assert_true(control_start_input());
    assert_int_equal(write(person, "\x04", 1), 1);
    assert_int_equal(write(person, "net\r", 4), 4);
    assert_input("net\n", 4);
    (void)close(person);
}

/* The reader of a terminal that has hung up must end by itself: a loop would eat the board. */
static void terminal_that_hangs_up_has_ended(void **state)
{
    (void)state;
    struct timespec used;
    int person = open_terminal();
    assert_true(control_start_input());
    assert_int_equal(write(person, "net\r", 4), 4);
    assert_input("net\n", 4);
    (void)close(person);
    struct pollfd item = {.fd = net.wake_fd, .events = POLLIN};
    assert_int_equal(poll(&item, 1, 500), 0);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    long before_ms = used.tv_sec * 1000 + used.tv_nsec / 1000000;
    assert_int_equal(poll(&item, 1, 500), 0);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    assert_in_range(used.tv_sec * 1000 + used.tv_nsec / 1000000, before_ms, before_ms + 20);
}

/* In the background of a terminal: reading from it stops a process, unless the reader cares. */
static void read_in_the_background(int person)
{
    struct pollfd nothing = {.fd = -1};
    if (setpgid(0, 0) != 0 || tcgetpgrp(STDIN_FILENO) == getpgrp() || !control_start_input() ||
        write(person, "net\r", 4) != 4) {
        _exit(2);
    }
    (void)poll(&nothing, 1, 300);
    control_close(); /* joins the reader */
    _exit(0);
}

/* A session of its own with the terminal; ends with 0 if its background job was not stopped. */
static void lead_session(int person, const char *terminal)
{
    int status = 0;
    if (setsid() < 0 || open(terminal, O_RDWR) < 0) {
        _exit(3);
    }
    pid_t job = fork();
    if (job == 0) {
        read_in_the_background(person);
    }
    bool ended = waitpid(job, &status, WUNTRACED) == job && WIFEXITED(status);
    (void)kill(job, SIGKILL);
    _exit(ended ? WEXITSTATUS(status) : 1);
}

static void background_job_is_not_stopped(void **state)
{
    (void)state;
    int status = -1;
    int person = open_terminal();
    pid_t leader = fork();
    if (leader == 0) {
        lead_session(person, ptsname(person));
    }
    assert_int_equal(waitpid(leader, &status, 0), leader);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(person);
}

static void close_ends_a_reader_of_bytes(void **state)
{
    (void)state;
    assert_true(control_start_input());
    control_close();
    assert_true(control_open());
    control_attach(wake, &net);
    assert_true(control_start_input());
    type("abc");
    wait_for_wake();
    control_close();
}

static void loop_may_ask_to_stop_and_to_restart(void **state)
{
    (void)state;
    unsigned before = control_stop_count();
    assert_false(control_restart_is_requested());
    control_request_stop();
    assert_int_equal(control_stop_count(), before + 1);
    assert_false(control_restart_is_requested());
    control_request_restart();
    assert_int_equal(control_stop_count(), before + 2);
    assert_true(control_restart_is_requested());
}

/* ---- The end */

/* Both hang if the reader does not end: the test's time limit is the judge. */
static void close_ends_a_reader_that_waits_for_input(void **state)
{
    (void)state;
    assert_true(control_start_lines());
    control_close();
    control_close();
}

static void close_ends_a_reader_whose_line_nobody_takes(void **state)
{
    (void)state;
    assert_true(control_start_lines());
    type("a\nb\nc\n");
    wait_for_wake();
    control_close();
}

static void missing_input_has_ended(void **state)
{
    (void)state;
    (void)close(STDIN_FILENO);
    console_open();
    assert_true(control_start_lines());
    wait_for_wake();
    assert_end();
}

static void signals_are_counted_and_wake(void **state)
{
    (void)state;
    unsigned before = control_stop_count();
    assert_int_equal(raise(SIGTERM), 0);
    wait_for_wake();
    assert_int_equal(control_stop_count(), before + 1);
    assert_int_equal(raise(SIGINT), 0);
    wait_for_wake();
    assert_int_equal(control_stop_count(), before + 2);
}

static void what_came_before_there_was_a_loop_is_counted(void **state)
{
    (void)state;
    control_close();
    assert_true(control_open());
    unsigned before = control_stop_count();
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(control_stop_count(), before + 1);
    control_attach(wake, &net);
    assert_int_equal(raise(SIGTERM), 0);
    wait_for_wake();
    assert_int_equal(control_stop_count(), before + 2);
}

static void close_ignores_the_signals(void **state)
{
    (void)state;
    struct sigaction action;
    assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
    assert_true(action.sa_handler != SIG_DFL);
    control_close();
    assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_IGN);
    assert_int_equal(sigaction(SIGINT, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_IGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(input_that_ends_with_a_line_end_has_no_empty_line_behind_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(line_larger_than_the_room_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(line_larger_than_the_mailbox_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(line_may_hold_zero_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_come_as_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(many_bytes_come_in_portions_and_slowly, setup, teardown),
        cmocka_unit_test_setup_teardown(terminal_is_told_from_others, setup, teardown),
        cmocka_unit_test_setup_teardown(end_that_is_typed_does_not_end_a_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(terminal_that_hangs_up_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(background_job_is_not_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(close_ends_a_reader_of_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(loop_may_ask_to_stop_and_to_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(close_ends_a_reader_that_waits_for_input, setup, teardown),
        cmocka_unit_test_setup_teardown(close_ends_a_reader_whose_line_nobody_takes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(missing_input_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_before_there_was_a_loop_is_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(signals_are_counted_and_wake, setup, teardown),
        cmocka_unit_test_setup_teardown(close_ignores_the_signals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
