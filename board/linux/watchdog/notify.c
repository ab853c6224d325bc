/* The service manager that started us, if it wants to hear of us: one datagram a message, to the
 * Unix socket that NOTIFY_SOCKET names (sd_notify(3); systemd and others speak it). */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log_port.h"
#include "watchdog_parts.h"

static struct {
    int fd; /* -1: no manager */
    struct sockaddr_un address;
    socklen_t address_len;
    bool has_watchdog;
    char still_starting[64];
    bool is_connected;
    bool is_ready;
} manager = {.fd = -1};

/* A path, or with '@' in the place of a zero byte a name in the abstract namespace (unix(7)). */
static bool set_address(const char *name)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len >= sizeof(manager.address.sun_path)) {
        return false;
    }
    manager.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(manager.address.sun_path, name, len);
    manager.address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (name[0] == '@') {
        manager.address.sun_path[0] = '\0';
    } else {
        manager.address_len++; /* a path's end belongs to it */
    }
    return true;
}

/* Decimal digits alone, more than 0; 0: not that. */
static uint64_t read_number(const char *text)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return 0;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? value : 0;
}

/* The environment is inherited: WATCHDOG_PID tells whom the watchdog is for. */
static uint64_t watchdog_usec(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    if (pid != NULL && read_number(pid) != (uint64_t)getpid()) {
        return 0;
    }
    return read_number(getenv("WATCHDOG_USEC"));
}

uint64_t watchdog_notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    char quoted[128];
    manager.is_ready = false;
    manager.has_watchdog = false;
    if (name == NULL || name[0] == '\0') {
        return 0;
    }
    if (!set_address(name)) {
        log_event(LOG_LEVEL_WARN, "app", "notify_failed", "socket=%s reason=\"no such address\"",
                  log_quote(quoted, sizeof(quoted), name));
        return 0;
    }
    manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* Now, as the user we are: the one we become may not be let near the socket. */
    manager.is_connected =
        manager.fd >= 0 &&
        connect(manager.fd, (const struct sockaddr *)&manager.address, manager.address_len) == 0;
    uint64_t timeout_us = manager.fd >= 0 ? watchdog_usec() : 0;
    manager.has_watchdog = timeout_us > 0;
    /* Waiting for an address may last for hours: that is no start that hangs. */
    (void)snprintf(manager.still_starting, sizeof(manager.still_starting),
                   "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=%llu", (unsigned long long)timeout_us);
    return timeout_us;
}

/* A manager that does not listen now must not hold us up: the next message comes soon. */
static void notify(const char *message)
{
    ssize_t sent;
    if (manager.fd < 0) {
        return;
    }
    do {
        sent = sendto(manager.fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
                      manager.is_connected ? NULL : (const struct sockaddr *)&manager.address,
                      manager.is_connected ? 0 : manager.address_len);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        log_event(LOG_LEVEL_WARN, "app", "notify_failed", "reason=\"%s\"", strerror(errno));
    }
}

void watchdog_notify_ready(void)
{
    if (!manager.is_ready) {
        manager.is_ready = true;
        notify("READY=1");
    }
}

void watchdog_notify_feed(void)
{
    if (manager.has_watchdog) {
        notify(manager.is_ready ? "WATCHDOG=1" : manager.still_starting);
    }
}

void watchdog_notify_close(void)
{
    notify("STOPPING=1");
    if (manager.fd >= 0) {
        (void)close(manager.fd);
        manager.fd = -1;
    }
}
