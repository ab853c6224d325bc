/* Linux's own clock and the battery-backed one. */
#include "system_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "log_port.h"

#define US_PER_S 1000000

int64_t system_clock_now_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return 0;
    }
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static void log_failed(const char *what)
{
    char reason[96];
    log_event(LOG_LEVEL_WARN, "time", "clock_failed", "clock=%s reason=%s", what,
              log_quote(reason, sizeof(reason), strerror(errno)));
}

/* Of the battery-backed clock; -1: none. It stays open: later on there is no right to open files.
 */
static int rtc_fd = -1;

/* False, with nothing logged, if the board has no such clock. */
static bool open_rtc(void)
{
    if (rtc_fd >= 0) {
        return true;
    }
    rtc_fd = open(SYSTEM_CLOCK_RTC_PATH, O_RDWR | O_CLOEXEC);
    if (rtc_fd < 0 && errno != ENOENT && errno != ENODEV && errno != ENXIO) {
        log_failed(SYSTEM_CLOCK_RTC_PATH);
    }
    return rtc_fd >= 0;
}

bool system_clock_read_rtc(int64_t *unix_s)
{
    struct rtc_time rtc;
    if (!open_rtc()) {
        return false;
    }
    if (ioctl(rtc_fd, RTC_RD_TIME, &rtc) != 0) {
        log_failed(SYSTEM_CLOCK_RTC_PATH);
        return false;
    }
    struct tm utc = {.tm_sec = rtc.tm_sec,
                     .tm_min = rtc.tm_min,
                     .tm_hour = rtc.tm_hour,
                     .tm_mday = rtc.tm_mday,
                     .tm_mon = rtc.tm_mon,
                     .tm_year = rtc.tm_year};
    *unix_s = (int64_t)timegm(&utc);
    return true;
}

void system_clock_write_rtc(int64_t unix_s)
{
    const time_t seconds = (time_t)unix_s;
    struct tm utc;
    if (rtc_fd < 0 || gmtime_r(&seconds, &utc) == NULL) {
        return;
    }
    struct rtc_time rtc = {.tm_sec = utc.tm_sec,
                           .tm_min = utc.tm_min,
                           .tm_hour = utc.tm_hour,
                           .tm_mday = utc.tm_mday,
                           .tm_mon = utc.tm_mon,
                           .tm_year = utc.tm_year};
    if (ioctl(rtc_fd, RTC_SET_TIME, &rtc) != 0) {
        log_failed(SYSTEM_CLOCK_RTC_PATH);
    }
}

void system_clock_set(int64_t unix_us)
{
    struct timespec now = {.tv_sec = (time_t)(unix_us / US_PER_S),
                           .tv_nsec = (long)(unix_us % US_PER_S) * 1000};
    if (clock_settime(CLOCK_REALTIME, &now) != 0) {
        log_failed("system");
    }
}
