/* The hardware address of an interface of Linux: netdevice(7). */
#include "interface_mac.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ask(const char *name, struct ifreq *request)
{
    if (strlen(name) >= sizeof(request->ifr_name)) {
        return false;
    }
    memset(request, 0, sizeof(*request));
    memcpy(request->ifr_name, name, strlen(name));
    /* Any socket will do; this kind needs no right and no IP. */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    int outcome = ioctl(fd, SIOCGIFHWADDR, request);
    (void)close(fd);
    return outcome == 0;
}

bool interface_read_mac(const char *name, uint8_t mac[6])
{
    static const uint8_t none[6];
    struct ifreq request;
    if (!ask(name, &request) || request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        return false;
    }
    const char *address = request.ifr_hwaddr.sa_data;
    bool is_group = (address[0] & 1) != 0;
    if (is_group || memcmp(address, none, sizeof(none)) == 0) {
        return false;
    }
    memcpy(mac, address, 6);
    return true;
}
