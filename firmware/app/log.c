/* The console log: one event a line, stamped with the time since boot. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "console.h"
#include "log_port.h"

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG", "INFO"};

static atomic_int max_level = LOG_LEVEL_INFO;

/* Held from taking the time to handing over the line, so that time never goes back on the console.
 */
static pthread_mutex_t console_lock = PTHREAD_MUTEX_INITIALIZER;

bool log_enabled(enum log_level level)
{
    return level == LOG_LEVEL_ANSWER ||
           (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store(&max_level, (int)level);
}

/* A line being made: text that does not fit is dropped, and remembered as cut. */
struct line {
    char text[LOG_LINE_MAX + 1];
    size_t len;
    bool cut;
};

/* Bytes of a line before its end. */
#define LINE_TEXT_MAX (LOG_LINE_MAX - 1)

static void line_append(struct line *line, const char *format, va_list values)
{
    size_t room = LINE_TEXT_MAX - line->len;
    int need = vsnprintf(line->text + line->len, room + 1, format, values);
    if (need < 0 || (size_t)need > room) {
        line->cut = true;
    }
    if (need > 0) {
        line->len += (size_t)need > room ? room : (size_t)need;
    }
}

static PORT_PRINTF(2, 3) void line_append_format(struct line *line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    line_append(line, format, values);
    va_end(values);
}

/* Whatever a caller forgot to quote, one event stays one line of printable text. */
static void line_make_printable(struct line *line)
{
    for (size_t i = 0; i < line->len; i++) {
        if (line->text[i] < ' ' || line->text[i] > '~') {
            line->text[i] = '?';
        }
    }
}

static void line_end(struct line *line)
{
    if (line->cut) {
        memcpy(line->text + LINE_TEXT_MAX - 3, "...", 3);
    }
    line->text[line->len++] = '\n';
}

static void line_append_stamp(struct line *line, enum log_level level)
{
    uint64_t now_us = clock_now_us();
    line_append_format(line, "[%5llu.%06llu] %-5s ", (unsigned long long)(now_us / 1000000U),
                       (unsigned long long)(now_us % 1000000U), level_names[level]);
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    struct line line = {.len = 0};
    (void)pthread_mutex_lock(&console_lock);
    line_append_stamp(&line, level);
    line_append_format(&line, "%-6s %s", module, event);
    if (format[0] != '\0') {
        va_list values;
        va_start(values, format);
        line_append_format(&line, " ");
        line_append(&line, format, values);
        va_end(values);
    }
    line_make_printable(&line);
    line_end(&line);
    console_write(line.text, line.len);
    (void)pthread_mutex_unlock(&console_lock);
}
