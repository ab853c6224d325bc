/* What the Linux kernel says of one of its network interfaces, and when that changes. */
#include "interface.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int interface_flags(int socket_fd, const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    return ioctl(socket_fd, SIOCGIFFLAGS, &request) == 0 ? request.ifr_flags : 0;
}

int interface_changes_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return -1;
    }
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void interface_changes_drain(int fd)
{
    uint8_t buf[4096];
    while (recv(fd, buf, sizeof(buf), 0) > 0) {
    }
}
