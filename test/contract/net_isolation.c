/* Makes sure that nothing the suite sends can leave this machine: a namespace without a route. */
#define _GNU_SOURCE
#include "net_isolation.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_LEN 512

/* True if a line of /proc/net/route is a default route: destination and mask 0. */
static bool is_default_v4(const char *line)
{
    unsigned destination, mask;
    return sscanf(line, "%*s %x %*x %*x %*d %*d %*d %x", &destination, &mask) == 2 &&
           destination == 0 && mask == 0;
}

/* The kernel's own "unreachable" entry on lo is none. */
static bool is_default_v6(const char *line)
{
    char interface[LINE_MAX_LEN];
    unsigned prefix;
    return sscanf(line, "%*s %x %*s %*s %*s %*s %*s %*s %*s %511s", &prefix, interface) == 2 &&
           prefix == 0 && strcmp(interface, "lo") != 0;
}

enum answer { NO, YES, CANNOT_TELL };

static enum answer file_has(const char *path, bool (*matches)(const char *line))
{
    char line[LINE_MAX_LEN];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return CANNOT_TELL;
    }
    enum answer answer = NO;
    while (fgets(line, sizeof line, file) != NULL) {
        if (matches(line)) {
            answer = YES;
        }
    }
    if (ferror(file)) {
        answer = CANNOT_TELL;
    }
    fclose(file);
    return answer;
}

/* A kernel without IPv6 has no file for it, and no route. */
static bool has_no_default_route(void)
{
    enum answer v6 = file_has("/proc/net/ipv6_route", is_default_v6);
    bool v6_is_absent = v6 == CANNOT_TELL && access("/proc/net/if_inet6", F_OK) != 0;
    return file_has("/proc/net/route", is_default_v4) == NO && (v6 == NO || v6_is_absent);
}

static bool bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool is_up = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    if (is_up && (request.ifr_flags & IFF_UP) == 0) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        is_up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    }
    close(fd);
    return is_up;
}

static bool enter_namespace(void)
{
    int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;
    return unshare(flags) == 0;
}

bool net_isolation_enter(char *reason, size_t cap)
{
    if (!has_no_default_route() && !enter_namespace()) {
        snprintf(reason, cap, "no network namespace of its own (%s): run it under \"unshare -rn\"",
                 strerror(errno));
        return false;
    }
    if (!has_no_default_route()) {
        snprintf(reason, cap, "%s", "there is a default route, or it cannot be told");
        return false;
    }
    if (!bring_loopback_up()) {
        snprintf(reason, cap, "the loopback interface cannot be brought up: %s", strerror(errno));
        return false;
    }
    return true;
}

bool net_isolation_has_ip6(void)
{
    return access("/proc/net/if_inet6", F_OK) == 0;
}
