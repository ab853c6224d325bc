/* A crash of the first process: one line that says so, and then the kernel panics, prints what it
 * knows, and restarts the board (kernel.panic, set in system.c). */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "clock_port.h"
#include "console.h"
#include "parts.h"

static const struct {
    int number;
    const char *name;
} fatal_signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
                     {SIGFPE, "SIGFPE"},   {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"},
                     {SIGSYS, "SIGSYS"}};
#define FATAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/* A line made without anything that a signal handler must not call. */
struct line {
    char text[128];
    size_t len;
};

static void append(struct line *line, const char *text)
{
    size_t len = strlen(text);
    if (len <= sizeof(line->text) - line->len) {
        memcpy(line->text + line->len, text, len);
        line->len += len;
    }
}

/* A number with at least this many digits. */
static void append_number(struct line *line, uint64_t number, unsigned base, size_t width, char pad)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (sizeof(digits) - 1 - at < width) {
        digits[--at] = pad;
    }
    append(line, digits + at);
}

static const char *name_of(int number)
{
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        if (fatal_signals[i].number == number) {
            return fatal_signals[i].name;
        }
    }
    return "unknown";
}

/* Afterwards the signal has its default action (SA_RESETHAND): an instruction that failed fails
 * again, abort(3) goes on, and the process ends. */
static void say_and_return(int number, siginfo_t *info, void *context)
{
    (void)context;
    struct line line = {.len = 0};
    uint64_t now_us = clock_now_us();
    append(&line, "\n[");
    append_number(&line, now_us / 1000000, 10, 5, ' ');
    append(&line, ".");
    append_number(&line, now_us % 1000000, 10, 6, '0');
    append(&line, "] ERROR system crash signal=");
    append(&line, name_of(number));
    if (info->si_code > 0) { /* from the kernel: a fault has an address */
        append(&line, " address=0x");
        append_number(&line, (uint64_t)(uintptr_t)info->si_addr, 16, 1, '0');
    }
    append(&line, "\n");
    console_write(line.text, line.len);
    system_drain_console();
}

void system_watch_crashes(void)
{
    static char stack[32768]; /* of its own: a stack that overflowed has no room for a handler */
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    (void)sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = say_and_return,
                               .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK)};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        (void)sigaction(fatal_signals[i].number, &action, NULL);
    }
}
