/* The clock of Linux boards: CLOCK_BOOTTIME since the first call, and a wall clock that believes
 * nobody who says that it is earlier than it certainly is. */
#include "clock_start.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "clock_port.h"
#include "log_port.h"
#include "system_clock.h"
#include "wall_clock.h"

#ifndef BUILD_EPOCH_S
#error "BUILD_EPOCH_S: seconds since 1970 that the wall clock must have reached"
#endif

#define US_PER_S 1000000
#define STEP_US (INT64_C(60) * US_PER_S)       /* a smaller one is no step but a correction */
#define STEP_MAX_US (INT64_C(1000) * US_PER_S) /* that a time server may make us do later on */

/* The wall clock. Under the lock, but for owns_system, which is set before there are threads. */
static struct {
    pthread_mutex_t lock;
    bool owns_system;
    int64_t bound_s;
    enum clock_source source; /* of what it was set to; LOWER_BOUND: it was not */
    int64_t offset_us;        /* what it was set to, less clock_now_us() then */
    bool is_read;             /* it was read before: the reading is in these four */
    uint64_t read_at_us;
    int64_t read_us;
    enum clock_source read_source;
    unsigned steps;
} wall = {.lock = PTHREAD_MUTEX_INITIALIZER, .bound_s = BUILD_EPOCH_S};

/* ---- Monotonic time */

static uint64_t us_of(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * US_PER_S + (uint64_t)time->tv_nsec / 1000U;
}

static uint64_t boottime_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0 && clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return 1;
    }
    return us_of(&now);
}

static _Atomic uint64_t start_us; /* 0: not known yet */

void clock_start_at_boot(void)
{
    atomic_store(&start_us, 1);
}

uint64_t clock_now_us(void)
{
    uint64_t now_us = boottime_us();
    uint64_t first_us = 0;
    if (atomic_compare_exchange_strong(&start_us, &first_us, now_us)) {
        return 0;
    }
    /* Another thread may have looked at the clock after us and started it before us. */
    return now_us > first_us ? now_us - first_us : 0;
}

uint64_t clock_cpu_us(void)
{
    struct timespec used;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 ? us_of(&used) : 0;
}

/* ---- Reading the wall clock */

static int64_t find_wall_us(uint64_t now_us, enum clock_source *source)
{
    int64_t bound_us = wall.bound_s * US_PER_S;
    if (wall.source != CLOCK_SOURCE_LOWER_BOUND) {
        *source = wall.source;
        return (int64_t)now_us + wall.offset_us;
    }
    int64_t system_us = system_clock_now_us();
    if (system_us >= bound_us) {
        *source = CLOCK_SOURCE_SYSTEM;
        return system_us;
    }
    *source = CLOCK_SOURCE_LOWER_BOUND;
    return bound_us + (int64_t)now_us;
}

/* True if the clock, read before, is now another one than it would be by the time that has passed.
 */
static bool has_stepped(uint64_t now_us, int64_t wall_us, enum clock_source source)
{
    int64_t off_us = wall_us - wall.read_us - (int64_t)(now_us - wall.read_at_us);
    bool first_set =
        wall.read_source == CLOCK_SOURCE_LOWER_BOUND && source != CLOCK_SOURCE_LOWER_BOUND;
    return first_set || off_us >= STEP_US || off_us <= -STEP_US;
}

/* Reads the clock, and counts a step since the last reading. */
static int64_t read_wall_us(void)
{
    uint64_t now_us = clock_now_us();
    enum clock_source source;
    int64_t wall_us = find_wall_us(now_us, &source);
    wall.steps += wall.is_read && has_stepped(now_us, wall_us, source) ? 1 : 0;
    wall.is_read = true;
    wall.read_at_us = now_us;
    wall.read_us = wall_us;
    wall.read_source = source;
    return wall_us;
}

struct clock_wall clock_wall(void)
{
    (void)pthread_mutex_lock(&wall.lock);
    int64_t wall_us = read_wall_us();
    struct clock_wall out = {
        .unix_s = wall_us / US_PER_S, .source = wall.read_source, .steps = wall.steps};
    (void)pthread_mutex_unlock(&wall.lock);
    return out;
}

/* ---- Setting it */

static const char *time_text(char out[24], int64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    struct tm utc;
    (void)snprintf(out, 24, "?");
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    return out;
}

/* step_us gets how far the clock is moved, or would have to be. */
static enum clock_set_outcome try_set(int64_t unix_us, enum clock_source source, int64_t *step_us)
{
    *step_us = unix_us - read_wall_us();
    if (unix_us < wall.bound_s * US_PER_S) {
        return CLOCK_SET_TOO_EARLY;
    }
    bool contradicts = *step_us > STEP_MAX_US || *step_us < -STEP_MAX_US;
    if (contradicts && source == CLOCK_SOURCE_SNTP && wall.source == CLOCK_SOURCE_SNTP) {
        return CLOCK_SET_TOO_FAR;
    }
    wall.source = source;
    wall.offset_us = unix_us - (int64_t)clock_now_us();
    (void)read_wall_us();
    return CLOCK_SET_OK;
}

static void log_set(enum clock_set_outcome outcome, int64_t unix_us, enum clock_source source,
                    const char *from, int64_t step_us)
{
    static const char *const why[] = {
        [CLOCK_SET_OK] = "",
        [CLOCK_SET_TOO_EARLY] = " reason=before_lower_bound",
        [CLOCK_SET_TOO_FAR] = " reason=step_too_large",
    };
    char now[24], quoted[128];
    bool done = outcome == CLOCK_SET_OK;
    log_event(done ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "time", done ? "time_set" : "time_failed",
              "source=%s %s=%s%s step_ms=%lld now=%s", clock_source_name(source),
              source == CLOCK_SOURCE_RTC ? "device" : "server",
              log_quote(quoted, sizeof(quoted), from), why[outcome], (long long)(step_us / 1000),
              time_text(now, unix_us / US_PER_S));
}

/* What a time server said is worth keeping for the next start. */
static void set_system(int64_t unix_us, enum clock_source source)
{
    system_clock_set(unix_us);
    if (source == CLOCK_SOURCE_SNTP) {
        system_clock_write_rtc(unix_us / US_PER_S);
    }
}

enum clock_set_outcome clock_set_wall(int64_t unix_us, enum clock_source source, const char *from)
{
    int64_t step_us;
    (void)pthread_mutex_lock(&wall.lock);
    enum clock_set_outcome outcome = try_set(unix_us, source, &step_us);
    (void)pthread_mutex_unlock(&wall.lock);
    log_set(outcome, unix_us, source, from, step_us);
    if (outcome == CLOCK_SET_OK && wall.owns_system) {
        set_system(unix_us, source);
    }
    return outcome;
}

/* ---- Start */

void wall_clock_own_system(void)
{
    wall.owns_system = true;
}

void wall_clock_start(int64_t unix_s)
{
    int64_t rtc_s;
    (void)pthread_mutex_lock(&wall.lock);
    wall.bound_s = unix_s > wall.bound_s ? unix_s : wall.bound_s;
    wall.is_read = false; /* a better bound is no step */
    (void)pthread_mutex_unlock(&wall.lock);
    if (wall.owns_system && system_clock_read_rtc(&rtc_s)) {
        (void)clock_set_wall(rtc_s * US_PER_S, CLOCK_SOURCE_RTC, SYSTEM_CLOCK_RTC_PATH);
    }
}

int64_t wall_clock_lower_bound(void)
{
    (void)pthread_mutex_lock(&wall.lock);
    int64_t bound_s = wall.bound_s;
    (void)pthread_mutex_unlock(&wall.lock);
    return bound_s;
}
