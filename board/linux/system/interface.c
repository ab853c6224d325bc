/* The network interface: found, brought up, and kept from the kernel's own IP stack.
 *
 * The firmware's packets go in and out by an AF_PACKET socket. The kernel has no address on the
 * interface, does no ARP there and no IPv6, so it answers nothing in our place. */
#include <errno.h>
#include <libgen.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_port.h"
#include "parts.h"

_Static_assert(SYSTEM_INTERFACE_NAME_MAX == IFNAMSIZ, "room for an interface's name");

static const char *const no_ipv6_paths[] = {
    "/proc/sys/net/ipv6/conf/all/disable_ipv6",
    "/proc/sys/net/ipv6/conf/default/disable_ipv6",
};

void system_silence_kernel_ip(void)
{
    for (size_t i = 0; i < sizeof(no_ipv6_paths) / sizeof(no_ipv6_paths[0]); i++) {
        /* ENOENT: a kernel without IPv6. */
        if (!system_write_text(no_ipv6_paths[i], "1") && errno != ENOENT) {
            log_event(LOG_LEVEL_WARN, "system", "setting_failed", "path=%s error=%d",
                      no_ipv6_paths[i], errno);
        }
    }
}

static bool read_attribute(const char *name, const char *attribute, char *out, size_t cap)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "/sys/class/net/%.15s/%s", name, attribute);
    return system_read_text(path, out, cap) > 0;
}

bool system_is_ethernet(const char *name)
{
    char type[16], expected[16];
    (void)snprintf(expected, sizeof(expected), "%d", ARPHRD_ETHER);
    return read_attribute(name, "type", type, sizeof(type)) && strcmp(type, expected) == 0;
}

/* Name of the interface's driver; "unknown" if it does not say. */
static const char *driver_of(const char *name, char *out, size_t cap)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "/sys/class/net/%.15s/device/driver", name);
    ssize_t len = readlink(path, out, cap - 1);
    if (len <= 0) {
        return "unknown";
    }
    out[len] = '\0';
    return basename(out);
}

static bool set_up(int fd, const char *name, uint8_t mac[6])
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        return false;
    }
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return false;
    }
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_NOARP);
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static void log_up(const char *name, const uint8_t mac[6])
{
    char driver[128], quoted_name[32], quoted_driver[64];
    log_event(
        LOG_LEVEL_INFO, "system", "interface",
        "name=%s mac=%02x:%02x:%02x:%02x:%02x:%02x driver=%s",
        log_quote(quoted_name, sizeof(quoted_name), name), mac[0], mac[1], mac[2], mac[3], mac[4],
        mac[5],
        log_quote(quoted_driver, sizeof(quoted_driver), driver_of(name, driver, sizeof(driver))));
}

bool system_bring_up(const char *name)
{
    uint8_t mac[6] = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = fd >= 0 && set_up(fd, name, mac);
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (up) {
        log_up(name, mac);
    }
    errno = error;
    return up;
}
