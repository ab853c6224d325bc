/* Test doubles for the seams below a backend: clock, log, entropy. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock_double.h"
#include "clock_port.h"
#include "contract.h"
#include "entropy_port.h"
#include "log_port.h"

static _Atomic int64_t wall_s = CLOCK_2030;
static _Atomic unsigned wall_source = CLOCK_SOURCE_SYSTEM; /* enum clock_source */

void clock_double_set_wall(int64_t unix_s, enum clock_source source)
{
    wall_s = unix_s;
    wall_source = source;
}

uint64_t clock_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

struct clock_wall clock_wall(void)
{
    return (struct clock_wall){.unix_s = wall_s, .source = (enum clock_source)wall_source};
}

/* No time server is part of the contract. */
enum clock_set_outcome clock_set_wall(int64_t unix_us, enum clock_source source, const char *from)
{
    (void)from;
    clock_double_set_wall(unix_us / 1000000, source);
    return CLOCK_SET_OK;
}

/* Not for keys that anybody relies on: the same again with the same seed. */
bool entropy_fill(uint8_t *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        uint64_t bits = contract_entropy();
        size_t piece = len - done < sizeof bits ? len - done : sizeof bits;
        memcpy(buf + done, &bits, piece);
        done += piece;
    }
    return true;
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "# log: %s %s %s\n", module, event, text);
}

bool log_enabled(enum log_level level)
{
    (void)level;
    return contract_options.verbose;
}

void log_set_level(enum log_level level)
{
    (void)level;
}

/* Cut short where the real one escapes: nothing here reads the log. */
const char *log_quote(char *out, size_t cap, const char *text)
{
    snprintf(out, cap, "%s", text);
    return out;
}
