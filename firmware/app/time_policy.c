/* What the firmware does about the time before anybody has told it. */
#include "time_policy.h"

#include <stdio.h>
#include <time.h>

#include "clock_port.h"
#include "wall_clock.h"

#define MODULE "time"
#define TIME_TEXT_MAX 24

static const char *time_text(char out[TIME_TEXT_MAX], int64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    struct tm utc;
    (void)snprintf(out, TIME_TEXT_MAX, "?");
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    return out;
}

static bool is_required(const struct options *options)
{
    return options->time_policy == OPTIONS_TIME_REQUIRED;
}

static void log_policy(const struct options *options, const struct clock_wall *wall)
{
    char now[TIME_TEXT_MAX], bound[TIME_TEXT_MAX], server[272];
    log_event(LOG_LEVEL_INFO, MODULE, "time_policy",
              "policy=%s clock=%s now=%s lower_bound=%s sntp=%s",
              is_required(options) ? "required" : "lower-bound", clock_source_name(wall->source),
              time_text(now, wall->unix_s), time_text(bound, wall_clock_lower_bound()),
              log_quote(server, sizeof(server), options->sntp != NULL ? options->sntp : "none"));
}

static void log_unset(const struct options *options)
{
    if (is_required(options)) {
        log_event(LOG_LEVEL_WARN, MODULE, "time_unset", "waits_ms=%llu",
                  (unsigned long long)options->clock_timeout_ms);
        return;
    }
    log_event(
        LOG_LEVEL_WARN, MODULE, "time_unset",
        "checked=\"expired before the lower bound\" deferred=\"not yet valid; expired since\"");
}

enum exit_status time_policy_start(const struct options *options, int64_t made_s)
{
    wall_clock_start(made_s);
    struct clock_wall wall = clock_wall();
    log_policy(options, &wall);
    if (wall.source != CLOCK_SOURCE_LOWER_BOUND) {
        return EXIT_STATUS_OK;
    }
    if (is_required(options) && options->sntp == NULL) {
        log_event(LOG_LEVEL_ERROR, MODULE, "time_failed",
                  "reason=\"no clock is set, and --time-policy required wants one\" "
                  "hint=\"--sntp HOST, or set this machine's clock\"");
        return EXIT_STATUS_CONFIG;
    }
    log_unset(options);
    return EXIT_STATUS_OK;
}
