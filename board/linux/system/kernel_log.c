/* The kernel's errors as events of our log, one line each: the console stays readable for machines,
 * and yet a card or a network chip that fails is not passed over in silence. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/klog.h>
#include <unistd.h>

#include "clock_port.h"
#include "kernel_record.h"
#include "log_port.h"
#include "parts.h"

/* klogctl(2): from now on the kernel itself prints what is more urgent than this alone. */
#define ACTION_CONSOLE_LEVEL 8
#define LEVEL_EMERGENCY_ALONE 1

/* Severities of syslog(3), which count down. */
#define SEVERITY_CRITICAL 2U
#define SEVERITY_ERROR 3U

/* At most so many lines in so long: a kernel that complains without end must not take the console's
 * time from the rest. */
#define BURST_MAX 20U
#define BURST_US UINT64_C(10000000)

static struct {
    int fd; /* -1: not open */
    uint64_t start_us;
} kernel_log = {.fd = -1};

/* Errors, but of the time before us only what is worse: many drivers try what a board does not
 * have. */
static bool is_worth_a_line(const struct kernel_record *record)
{
    unsigned limit = record->time_us < kernel_log.start_us ? SEVERITY_CRITICAL : SEVERITY_ERROR;
    return record->from_kernel && record->severity <= limit;
}

static void report(const struct kernel_record *record)
{
    static uint64_t burst_start_us;
    static unsigned burst_count;
    char quoted[256];
    uint64_t now_us = clock_now_us();
    if (now_us - burst_start_us >= BURST_US) {
        burst_start_us = now_us;
        burst_count = 0;
    }
    if (++burst_count > BURST_MAX) {
        return;
    }
    log_event(LOG_LEVEL_WARN, "kernel", "message", "severity=%u text=%s%s", record->severity,
              log_quote(quoted, sizeof(quoted), record->text),
              burst_count == BURST_MAX ? " more=dropped" : "");
}

/* EPIPE: the kernel's buffer went round before we read. EINVAL: a record larger than ours. */
static bool may_go_on(int error)
{
    return error == EPIPE || error == EINTR || error == EINVAL;
}

static void report_waiting(void)
{
    char text[2048];
    ssize_t got = 0;
    while (got >= 0 || may_go_on(errno)) {
        struct kernel_record record;
        got = read(kernel_log.fd, text, sizeof(text) - 1);
        if (got <= 0) {
            continue;
        }
        text[got] = '\0';
        if (kernel_record_parse(text, &record) && is_worth_a_line(&record)) {
            report(&record);
        }
    }
}

void system_open_kernel_log(void)
{
    kernel_log.start_us = clock_now_us();
    kernel_log.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (kernel_log.fd >= 0) {
        (void)klogctl(ACTION_CONSOLE_LEVEL, NULL, LEVEL_EMERGENCY_ALONE);
    }
}

void system_close_kernel_log(void)
{
    if (kernel_log.fd >= 0) {
        (void)close(kernel_log.fd);
    }
    kernel_log.fd = -1;
}

void system_wait(int fd_a, int fd_b, int timeout_ms)
{
    struct pollfd items[] = {{.fd = fd_a, .events = POLLIN},
                             {.fd = fd_b, .events = POLLIN},
                             {.fd = kernel_log.fd, .events = POLLIN}};
    if (poll(items, 3, timeout_ms) > 0 && items[2].revents != 0) {
        report_waiting();
    }
}
