/* Doubles for the seams: a date, entropy from a counter, memory from malloc so
 * that the sanitizers see each block, and a log that formats every line and keeps none. */
#include "fuzz_doubles.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock_port.h"
#include "entropy_port.h"
#include "log_port.h"
#include "memory_port.h"

#define YEAR_2030_S INT64_C(1893456000)

static uint64_t entropy_state;
static void (*log_watch)(const char *module, const char *event);

void fuzz_doubles_reset(void)
{
    entropy_state = 1;
    log_watch = NULL;
}

void fuzz_fail(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

/* ---- Input ----------------------------------------------------------------------------------- */

const uint8_t *fuzz_take_bytes(struct fuzz_input *input, size_t len, size_t *taken)
{
    const uint8_t *bytes = input->bytes;
    *taken = len < input->len ? len : input->len;
    input->bytes += *taken;
    input->len -= *taken;
    return bytes;
}

uint8_t fuzz_take_byte(struct fuzz_input *input)
{
    size_t taken;
    const uint8_t *byte = fuzz_take_bytes(input, 1, &taken);
    return taken == 1 ? *byte : 0;
}

uint16_t fuzz_take_u16(struct fuzz_input *input)
{
    unsigned high = fuzz_take_byte(input);
    return (uint16_t)(high << 8 | fuzz_take_byte(input));
}

/* ---- Clock, entropy -------------------------------------------------------------------------- */

struct clock_wall clock_wall(void)
{
    return (struct clock_wall){.unix_s = YEAR_2030_S, .source = CLOCK_SOURCE_SYSTEM};
}

enum clock_set_outcome clock_set_wall(int64_t unix_us, enum clock_source source, const char *from)
{
    (void)unix_us;
    (void)source;
    FUZZ_CHECK(from != NULL);
    return CLOCK_SET_OK;
}

/* SplitMix64: well spread, and the same in every run. */
bool entropy_fill(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t z = entropy_state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        buf[i] = (uint8_t)(z >> 56);
    }
    return true;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

void *memory_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void *memory_realloc(void *p, size_t size)
{
    return realloc(p, size);
}

void memory_free(void *p)
{
    free(p);
}

size_t memory_used_len(void)
{
    return 0;
}

size_t memory_peak_len(void)
{
    return 0;
}

size_t memory_block_count(void)
{
    return 0;
}

/* ---- Log ------------------------------------------------------------------------------------- */

void fuzz_log_watch(void (*watch)(const char *module, const char *event))
{
    log_watch = watch;
}

/* A value that nobody quoted could forge an event, or command a terminal. */
static void check_printable(const char *line)
{
    for (size_t i = 0; line[i] != '\0'; i++) {
        FUZZ_CHECK(line[i] >= ' ' && line[i] <= '~');
    }
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list values;
    (void)level;
    va_start(values, format);
    int len = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    FUZZ_CHECK(len >= 0 && module[0] != '\0' && event[0] != '\0');
    check_printable(line);
    if (log_watch != NULL) {
        log_watch(module, event);
    }
}

bool log_enabled(enum log_level level)
{
    (void)level;
    return true;
}

void log_set_level(enum log_level level)
{
    (void)level;
}
