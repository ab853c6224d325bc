/* The watchdog of Linux boards: the kernel's device, and the service manager, fed as one. */
#include "log_port.h"
#include "watchdog_parts.h"
#include "watchdog_port.h"

static uint64_t timeout_us;

static void take_shorter(uint64_t other_us)
{
    if (other_us > 0 && (timeout_us == 0 || other_us < timeout_us)) {
        timeout_us = other_us;
    }
}

bool watchdog_open(uint32_t timeout_s, char *reason, size_t cap)
{
    uint32_t actual_s = 0;
    timeout_us = 0;
    reason[0] = '\0';
    if (timeout_s > 0 && !watchdog_device_open(timeout_s, &actual_s, reason, cap)) {
        return false;
    }
    take_shorter((uint64_t)actual_s * 1000000);
    uint64_t manager_us = watchdog_notify_open();
    take_shorter(manager_us);
    if (timeout_us > 0) {
        log_event(LOG_LEVEL_INFO, "app", "watchdog", "board_s=%u manager_ms=%llu",
                  (unsigned)actual_s, (unsigned long long)(manager_us / 1000));
    }
    return true;
}

uint64_t watchdog_timeout_us(void)
{
    return timeout_us;
}

void watchdog_feed(void)
{
    if (timeout_us > 0) {
        watchdog_device_feed();
        watchdog_notify_feed();
    }
}

void watchdog_tell_ready(void)
{
    watchdog_notify_ready();
}

void watchdog_close(void)
{
    timeout_us = 0;
    watchdog_device_close();
    watchdog_notify_close();
}
