/* Watches over the suite with alarm(2) and fatal signals. A board without them links an empty one.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define EXIT_HANG 3

/* A sanitizer reports these itself, and better. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const int crash_signals[] = {SIGABRT};
#else
static const int crash_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
#endif

static struct {
    const char *volatile test;
    const char *volatile trying;
    unsigned timeout_s;
} guard;

static void say(const char *text)
{
    if (text == NULL) {
        return;
    }
    /* Nothing can be done about a report that cannot be written. */
    if (write(STDOUT_FILENO, text, strlen(text)) < 0) {
        return;
    }
}

static void say_what(const char *what)
{
    say("Bail out! ");
    say(guard.test);
    say(what);
    say("\n#   trying: ");
    say(guard.trying);
    say("\n");
}

static void on_alarm(int number)
{
    (void)number;
    say_what(" hangs");
    _exit(EXIT_HANG);
}

/* Comes once: the fault then happens again and ends the program the usual way. */
static void on_crash(int number)
{
    (void)number;
    say_what(" crashes the program");
}

static void catch_signal(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void guard_start(unsigned hang_timeout_s)
{
    guard.timeout_s = hang_timeout_s;
    catch_signal(SIGALRM, on_alarm, 0);
    for (size_t i = 0; i < sizeof crash_signals / sizeof crash_signals[0]; ++i) {
        catch_signal(crash_signals[i], on_crash, (int)SA_RESETHAND);
    }
}

void guard_feed(const char *test, const char *trying)
{
    guard.test = test;
    guard.trying = trying;
    (void)alarm(guard.timeout_s);
}

void guard_rest(void)
{
    (void)alarm(0);
}
