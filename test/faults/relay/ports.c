/* What the links need of the firmware's ports, for the relay: a clock and a log. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "clock_port.h"
#include "log_port.h"

static uint64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* One thread: nobody else starts the clock meanwhile. */
uint64_t clock_now_us(void)
{
    static uint64_t start_us;
    uint64_t now_us = monotonic_us();
    start_us = start_us == 0 ? now_us : start_us;
    return now_us - start_us;
}

/* In the form of the firmware's console, so that the tests read both alike. */
void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    static const char *const levels[] = {"ERROR", "WARN", "INFO", "DEBUG"};
    char text[LOG_LINE_MAX];
    uint64_t us = clock_now_us();
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    fprintf(stderr, "[%5u.%06u] %-5s %-6s %s %s\n", (unsigned)(us / 1000000),
            (unsigned)(us % 1000000), levels[level], module, event, text);
}
