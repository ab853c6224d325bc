/* The link "packet:IFNAME": a real interface of the Linux kernel, shared with the kernel by an
 * AF_PACKET socket. The firmware has a hardware address of its own there. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frame_checksum.h"
#include "interface.h"
#include "netif_link.h"
#include "netif_offload.h"

struct packet {
    struct link link;
    int fd;
    int changes_fd; /* netlink: tells that some interface changed; -1: the system has none */
    int index;      /* of the interface; 0: it is gone */
    const char *down_reason; /* NULL: up */
    bool has_offload_header; /* each frame comes and goes with a struct virtio_net_hdr */
    uint8_t mac[6];
    char name[IFNAMSIZ];
};

static struct packet *as_packet(struct link *link)
{
    return (struct packet *)link;
}

/* Binds to the interface as it is now. Its index changes when a USB adapter is plugged in again. */
static bool bind_interface(struct packet *packet, int index)
{
    struct sockaddr_ll address;
    memset(&address, 0, sizeof(address));
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = index;
    if (bind(packet->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return false;
    }
    packet->index = index;

    struct packet_mreq membership;
    memset(&membership, 0, sizeof(membership));
    membership.mr_ifindex = index;
    membership.mr_type = PACKET_MR_UNICAST;
    membership.mr_alen = sizeof(packet->mac);
    memcpy(membership.mr_address, packet->mac, sizeof(packet->mac));
    if (setsockopt(packet->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
                   sizeof(membership)) != 0) {
        /* Some drivers cannot filter a second address: take all frames, then. An error here is no
         * end: a virtual interface passes all frames anyway. */
        membership.mr_type = PACKET_MR_PROMISC;
        (void)setsockopt(packet->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
                         sizeof(membership));
    }
    /* IPv6 finds its neighbours by groups that follow from addresses. An error is no end here
     * either. */
    membership.mr_type = PACKET_MR_ALLMULTI;
    (void)setsockopt(packet->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
                     sizeof(membership));
    return true;
}

static void refresh_state(struct packet *packet)
{
    int index = (int)if_nametoindex(packet->name);
    if (index != 0 && index != packet->index && !bind_interface(packet, index)) {
        index = 0;
    }
    int flags = index == 0 ? 0 : interface_flags(packet->fd, packet->name);
    if (index == 0) {
        packet->index = 0;
        packet->down_reason = INTERFACE_REMOVED;
    } else if ((flags & IFF_UP) == 0) {
        packet->down_reason = INTERFACE_DOWN;
    } else {
        packet->down_reason = (flags & IFF_RUNNING) == 0 ? "no_carrier" : NULL;
    }
}

/* Frames from another interface of this machine may be joined from many segments, and their
 * checksum not yet made: the kernel says so in a header before each frame. Where it will not
 * (qemu-user knows no such option), frame_checksum_complete_unmarked finds them. */
static void ask_for_offload_header(struct packet *packet)
{
    int on = 1;
    packet->has_offload_header =
        setsockopt(packet->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) == 0;
}

static enum net_outcome open_socket(struct packet *packet, char *reason, size_t cap)
{
    packet->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (packet->fd < 0 && (errno == EPERM || errno == EACCES)) {
        snprintf(reason, cap, "no permission for a packet socket on \"%s\": it needs CAP_NET_RAW",
                 packet->name);
        return NET_FAILED;
    }
    if (packet->fd < 0) {
        snprintf(reason, cap, "cannot open a packet socket: %s", strerror(errno));
        return NET_FAILED;
    }
    int on = 1;
    (void)setsockopt(packet->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    ask_for_offload_header(packet);
    refresh_state(packet);
    if (packet->index == 0) {
        snprintf(reason, cap, "there is no interface \"%s\"", packet->name);
        return NET_FAILED;
    }
    if ((interface_flags(packet->fd, packet->name) & IFF_UP) == 0) {
        snprintf(reason, cap, "the interface \"%s\" is down: ip link set %s up", packet->name,
                 packet->name);
        return NET_FAILED;
    }
    return NET_OK;
}

static void packet_close(struct link *link)
{
    struct packet *packet = as_packet(link);
    if (packet->fd >= 0) {
        close(packet->fd);
    }
    if (packet->changes_fd >= 0) {
        close(packet->changes_fd);
    }
    free(packet);
}

static enum net_outcome packet_open(const struct link_config *config, struct link **out,
                                    char *reason, size_t cap)
{
    *out = NULL;
    if (strlen(config->target) >= IFNAMSIZ) {
        snprintf(reason, cap, "the interface name \"%s\" is longer than %d characters",
                 config->target, IFNAMSIZ - 1);
        return NET_MISUSE;
    }
    struct packet *packet = calloc(1, sizeof(*packet));
    if (packet == NULL) {
        return NET_NO_MEMORY;
    }
    packet->link.ops = &link_packet;
    snprintf(packet->name, sizeof(packet->name), "%s", config->target);
    memcpy(packet->mac, config->mac, sizeof(packet->mac));
    packet->changes_fd = interface_changes_open();
    enum net_outcome outcome = open_socket(packet, reason, cap);
    if (outcome != NET_OK) {
        packet_close(&packet->link);
        return outcome;
    }
    packet->link.frames_fd = packet->fd;
    packet->link.has_offload = config->use_offload && packet->has_offload_header;
    *out = &packet->link;
    return NET_OK;
}

static size_t packet_prepare(struct link *link, struct pollfd *fds, int *timeout_ms)
{
    struct packet *packet = as_packet(link);
    fds[0] = (struct pollfd){.fd = packet->fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = packet->changes_fd, .events = POLLIN};
    if (packet->changes_fd < 0) {
        *timeout_ms = INTERFACE_LOOK_AGAIN_MS;
    }
    return 2;
}

static void packet_service(struct link *link, const struct pollfd *fds, size_t count)
{
    struct packet *packet = as_packet(link);
    (void)count;
    if (packet->changes_fd < 0) {
        refresh_state(packet);
    } else if (fds[1].revents != 0) {
        interface_changes_drain(packet->changes_fd);
        refresh_state(packet);
    }
}

/* Makes the checksum if the sender left it to its hardware, and so do we not. False: the header is
 * nonsense. */
static bool finish_frame(const struct packet *packet, const struct virtio_net_hdr *header,
                         uint8_t *frame, size_t len, bool *is_checked)
{
    if (packet->has_offload_header) {
        bool is_good = netif_offload_take(header, packet->link.has_offload, frame, len, is_checked);
        *is_checked = *is_checked && packet->link.has_offload;
        return is_good;
    }
    frame_checksum_complete_unmarked(frame, len);
    *is_checked = false;
    return true;
}

static bool packet_receive(struct link *link, uint8_t *buf, size_t *len, bool *is_checked)
{
    struct packet *packet = as_packet(link);
    struct virtio_net_hdr header;
    struct sockaddr_ll from;
    size_t header_len = packet->has_offload_header ? sizeof(header) : 0;
    struct iovec parts[2] = {{&header, header_len}, {buf, LINK_FRAME_MAX}};
    for (;;) {
        struct msghdr message = {
            .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = parts, .msg_iovlen = 2};
        memset(&header, 0, sizeof(header));
        ssize_t got = recvmsg(packet->fd, &message, 0);
        if (got < 0) {
            return false;
        }
        *len = (size_t)got - header_len;
        bool complete = (size_t)got > header_len && (message.msg_flags & MSG_TRUNC) == 0;
        if (complete && from.sll_pkttype != PACKET_OUTGOING &&
            finish_frame(packet, &header, buf, *len, is_checked)) {
            return true;
        }
    }
}

static bool packet_send(struct link *link, const uint8_t *frame, size_t len)
{
    struct packet *packet = as_packet(link);
    if (packet->has_offload_header) {
        return netif_offload_send_plain(packet->fd, frame, len);
    }
    return write(packet->fd, frame, len) == (ssize_t)len;
}

static bool packet_send_offloaded(struct link *link, const struct link_offloaded *frame)
{
    return netif_offload_send(as_packet(link)->fd, frame);
}

static bool packet_is_up(struct link *link, const char **reason)
{
    *reason = as_packet(link)->down_reason;
    return *reason == NULL;
}

const struct link_ops link_packet = {
    .name = "packet",
    .open = packet_open,
    .prepare = packet_prepare,
    .service = packet_service,
    .receive = packet_receive,
    .send = packet_send,
    .send_offloaded = packet_send_offloaded,
    .is_up = packet_is_up,
    .close = packet_close,
};
