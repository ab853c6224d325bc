/* Devices as they appear: the kernel tells of each by a message on a netlink socket.
 *
 * Those that were there before are asked for once more: who writes "add" to a device's file
 * "uevent" gets its message again. So there is one way in which devices come, nothing has to be
 * looked for, and a disk is named only after its partitions are known. */
#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock_port.h"
#include "log_port.h"
#include "parts.h"

/* Room for messages that come while nobody reads, in bytes: a few hundred of them. */
#define BACKLOG_BYTES (1 << 20)

static int devices_fd = -1;

static void ask_for_class(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[320];
        (void)snprintf(path, sizeof(path), "%s/%s/uevent", folder, entry->d_name);
        if (entry->d_name[0] != '.') {
            (void)system_write_text(path, "add");
        }
    }
    (void)closedir(dir);
}

static void ask_for_devices(void)
{
    ask_for_class("/sys/class/net");
    ask_for_class("/sys/class/block");
}

static bool fail(int fd)
{
    char quoted[96];
    log_event(LOG_LEVEL_ERROR, "system", "devices_failed", "reason=%s",
              log_quote(quoted, sizeof(quoted), strerror(errno)));
    if (fd >= 0) {
        (void)close(fd);
    }
    return false;
}

bool system_open_devices(void)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    /* Group 1: the kernel itself. */
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return fail(fd);
    }
    int backlog = BACKLOG_BYTES;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &backlog, sizeof(backlog));
    devices_fd = fd;
    ask_for_devices();
    return true;
}

/* Reads one message; false: none is waiting, or it is not the kernel's, or makes no sense. */
static bool take_message(struct uevent *out, bool *more)
{
    static char message[UEVENT_MAX];
    struct sockaddr_nl from = {.nl_pid = 0};
    socklen_t from_len = sizeof(from);
    ssize_t got =
        recvfrom(devices_fd, message, sizeof(message), 0, (struct sockaddr *)&from, &from_len);
    *more = got >= 0 || errno == EINTR || errno == ENOBUFS;
    if (got < 0 && errno == ENOBUFS) {
        ask_for_devices(); /* some messages were lost */
    }
    return got > 0 && from.nl_pid == 0 && uevent_parse(message, (size_t)got, out);
}

/* A device is added as soon as it has a name; that its driver has done all, "bind" says. */
static bool is_news(const struct uevent *event)
{
    return strcmp(event->action, "add") == 0 || strcmp(event->action, "bind") == 0;
}

static bool take_device(struct uevent *out)
{
    bool more = true;
    while (more) {
        if (take_message(out, &more) && is_news(out)) {
            return true;
        }
    }
    return false;
}

bool system_next_device(struct uevent *out, uint64_t deadline_us)
{
    while (devices_fd >= 0) {
        if (take_device(out)) {
            return true;
        }
        uint64_t now_us = clock_now_us();
        if (now_us >= deadline_us) {
            return false;
        }
        system_wait(devices_fd, -1, (int)((deadline_us - now_us) / 1000 + 1));
    }
    return false;
}

int system_devices_fd(void)
{
    return devices_fd;
}

void system_close_devices(void)
{
    if (devices_fd >= 0) {
        (void)close(devices_fd);
    }
    devices_fd = -1;
}
