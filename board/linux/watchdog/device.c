/* The board's watchdog timer, /dev/watchdog: once opened it restarts the board unless it is fed, or
 * closed with the magic character. */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log_port.h"
#include "watchdog_parts.h"

#define DEVICE "/dev/watchdog"

/* Written before the close: the timer shall stop, and not run on. */
#define MAGIC_CLOSE "V"

static int device_fd = -1;

/* ---- Opening */

static void explain_open(int error, char *reason, size_t cap)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        (void)snprintf(reason, cap,
                       "there is no " DEVICE ": load the module of the board's watchdog, or use "
                       "--watchdog off");
        break;
    case EBUSY:
        (void)snprintf(reason, cap,
                       "another program feeds " DEVICE " already: use --watchdog off here, or end "
                       "that one");
        break;
    case EACCES:
    case EPERM:
        (void)snprintf(reason, cap,
                       "this user may not open " DEVICE ": run as root, or use --watchdog off");
        break;
    default:
        (void)snprintf(reason, cap, DEVICE ": %s", strerror(error));
        break;
    }
}

static int open_device(void)
{
    int fd;
    do {
        fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* ---- The timeout */

/* True if the driver takes the timeout; *actual_s gets what it made of it. */
static bool set_timeout(uint32_t timeout_s, uint32_t *actual_s)
{
    int value = (int)timeout_s;
    if (ioctl(device_fd, WDIOC_SETTIMEOUT, &value) != 0 || value <= 0) {
        return false;
    }
    *actual_s = (uint32_t)value;
    return true;
}

/* The timeout that the driver has now; 0: it does not tell. */
static uint32_t get_timeout(void)
{
    int value = 0;
    if (ioctl(device_fd, WDIOC_GETTIMEOUT, &value) != 0 || value < 0) {
        return 0;
    }
    return (uint32_t)value;
}

/* The timeout nearest to refused_s that the driver takes, between that and taken_s, which it does
 * take: what is allowed is one range. */
static uint32_t find_nearest(uint32_t refused_s, uint32_t taken_s)
{
    uint32_t actual_s;
    while (taken_s > refused_s ? taken_s - refused_s > 1 : refused_s - taken_s > 1) {
        uint32_t middle_s = (taken_s + refused_s) / 2;
        if (set_timeout(middle_s, &actual_s)) {
            taken_s = middle_s;
        } else {
            refused_s = middle_s;
        }
    }
    return taken_s;
}

static void explain_timeout(uint32_t timeout_s, char *reason, size_t cap)
{
    uint32_t now_s = get_timeout();
    if (now_s == 0 || !set_timeout(now_s, &now_s)) {
        (void)snprintf(reason, cap, DEVICE " lets nobody set its timeout");
        return;
    }
    (void)snprintf(reason, cap, DEVICE " does not take %u s: the nearest it takes is %u s",
                   (unsigned)timeout_s, (unsigned)find_nearest(timeout_s, now_s));
}

bool watchdog_device_open(uint32_t timeout_s, uint32_t *actual_s, char *reason, size_t cap)
{
    device_fd = open_device();
    if (device_fd < 0) {
        explain_open(errno, reason, cap);
        return false;
    }
    if (!set_timeout(timeout_s, actual_s)) {
        explain_timeout(timeout_s, reason, cap);
        watchdog_device_close();
        return false;
    }
    watchdog_device_feed(); /* the new time counts from here */
    return true;
}

/* ---- Feeding and closing */

void watchdog_device_feed(void)
{
    int ignored = 0;
    if (device_fd >= 0 && ioctl(device_fd, WDIOC_KEEPALIVE, &ignored) != 0) {
        log_event(LOG_LEVEL_ERROR, "app", "watchdog_failed", "reason=\"" DEVICE " took no food\"");
    }
}

/* A driver without magic close stops at any close, unless it never stops ("nowayout"). */
void watchdog_device_close(void)
{
    if (device_fd < 0) {
        return;
    }
    if (write(device_fd, MAGIC_CLOSE, 1) != 1) {
        log_event(LOG_LEVEL_WARN, "app", "watchdog_failed",
                  "reason=\"" DEVICE " was not told to stop: the board may restart\"");
    }
    (void)close(device_fd);
    device_fd = -1;
}
