/* Decides at the end of each window whether the loop has earned the watchdog's food. */
#include "loop_watch.h"

#include "clock_port.h"
#include "log_port.h"
#include "watchdog_port.h"

/* Two windows may be bad, or late, before the watchdog bites. */
#define WINDOWS_PER_TIMEOUT 3

static void begin_window(struct loop_watch *watch, uint64_t now_us)
{
    watch->begun_us = now_us;
    watch->idle_rounds = 0;
    watch->has_advanced = false;
}

void loop_watch_start(struct loop_watch *watch)
{
    *watch = (struct loop_watch){.window_us = watchdog_timeout_us() / WINDOWS_PER_TIMEOUT};
    begin_window(watch, clock_now_us());
    watchdog_feed(); /* the start is behind us */
}

uint64_t loop_watch_deadline(const struct loop_watch *watch, uint64_t deadline_us)
{
    uint64_t end_us = watch->begun_us + watch->window_us;
    return watch->window_us > 0 && end_us < deadline_us ? end_us : deadline_us;
}

static void judge_window(const struct loop_watch *watch, uint64_t now_us)
{
    uint64_t elapsed_ms = (now_us - watch->begun_us) / 1000;
    if (watch->has_advanced || watch->idle_rounds <= elapsed_ms) {
        watchdog_feed();
        return;
    }
    log_event(LOG_LEVEL_ERROR, "app", "loop_stuck", "rounds=%llu ms=%llu watchdog=not_fed",
              (unsigned long long)watch->idle_rounds, (unsigned long long)elapsed_ms);
}

void loop_watch_round(struct loop_watch *watch, uint64_t advances)
{
    if (watch->window_us == 0) {
        return;
    }
    uint64_t now_us = clock_now_us();
    if (advances != watch->advances) {
        watch->advances = advances;
        watch->has_advanced = true;
    } else {
        watch->idle_rounds++;
    }
    if (now_us - watch->begun_us >= watch->window_us) {
        judge_window(watch, now_us);
        begin_window(watch, now_us);
    }
}
