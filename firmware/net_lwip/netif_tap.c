/* The link "tap:NAME": a TAP device of the Linux kernel. The kernel's side of it is left alone: its
 * address and state are the user's. While that side is down, so is the link. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "interface.h"
#include "netif_link.h"
#include "netif_offload.h"

struct tap {
    struct link link;
    int fd;
    int changes_fd; /* tells that some interface changed; -1: the system has none, so the kernel's
                       side counts as up */
    const char *down_reason; /* NULL: up */
    bool removed;            /* the device was deleted under us; final */
    char name[IFNAMSIZ];
};

static struct tap *as_tap(struct link *link)
{
    return (struct tap *)link;
}

static void explain_open(int error, char *reason, size_t cap)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        snprintf(reason, cap, "there is no /dev/net/tun: load the kernel module tun");
        break;
    case EACCES:
    case EPERM:
        snprintf(reason, cap, "no permission to open /dev/net/tun: ask for read and write rights");
        break;
    default:
        snprintf(reason, cap, "cannot open /dev/net/tun: %s", strerror(error));
        break;
    }
}

static void explain_attach(int error, const char *name, char *reason, size_t cap)
{
    switch (error) {
    case EPERM:
        snprintf(reason, cap,
                 "no permission for TAP \"%s\": it needs CAP_NET_ADMIN, or a TAP that is yours (ip "
                 "tuntap add dev %s mode tap user $USER)",
                 name, name);
        break;
    case EBUSY:
        snprintf(reason, cap, "TAP \"%s\" is in use by another program", name);
        break;
    case EINVAL:
        snprintf(reason, cap, "\"%s\" is not a TAP with one queue, or not a name for one", name);
        break;
    default:
        snprintf(reason, cap, "cannot attach to TAP \"%s\": %s", name, strerror(error));
        break;
    }
}

/* Long frames and checksums left out, both ways: the kernel gives them only to whom it knows to
 * take them. A kernel or an emulator that knows no such thing refuses. */
static bool take_offload(int fd)
{
    int header_len = sizeof(struct virtio_net_hdr);
    unsigned long offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    return ioctl(fd, TUNSETVNETHDRSZ, &header_len) == 0 && ioctl(fd, TUNSETOFFLOAD, offloads) == 0;
}

/* flags: IFF_VNET_HDR or none. */
static enum net_outcome attach(int fd, const char *name, int flags, char *reason, size_t cap)
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    if (strlen(name) >= sizeof(request.ifr_name)) {
        snprintf(reason, cap, "the TAP name \"%s\" is longer than %zu characters", name,
                 sizeof(request.ifr_name) - 1);
        return NET_MISUSE;
    }
    /* The kernel would make a new device of this name, which no test or bridge would ever see. */
    if (if_nametoindex(name) == 0) {
        snprintf(
            reason, cap,
            "there is no TAP \"%s\": make it with \"ip tuntap add dev %s mode tap user $USER\"",
            name, name);
        return NET_FAILED;
    }
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags);
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        explain_attach(errno, name, reason, cap);
        return NET_FAILED;
    }
    return NET_OK;
}

/* Looks at the kernel's side. Its carrier is our own doing, so only whether it is up counts. */
static void refresh_state(struct tap *tap)
{
    bool is_up = tap->changes_fd < 0 || (interface_flags(tap->changes_fd, tap->name) & IFF_UP) != 0;
    tap->down_reason = is_up ? NULL : INTERFACE_DOWN;
}

/* Opens the TAP, with offload or without. */
static enum net_outcome open_device(const char *name, bool use_offload, int *fd, char *reason,
                                    size_t cap)
{
    *fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        explain_open(errno, reason, cap);
        return NET_FAILED;
    }
    enum net_outcome outcome = attach(*fd, name, use_offload ? IFF_VNET_HDR : 0, reason, cap);
    if (outcome == NET_OK && use_offload && !take_offload(*fd)) {
        snprintf(reason, cap, "TAP \"%s\" takes no offload: %s", name, strerror(errno));
        outcome = NET_FAILED;
    }
    if (outcome == NET_OK && !use_offload) {
        /* The device remembers what another program wanted. */
        (void)ioctl(*fd, TUNSETOFFLOAD, 0UL);
    }
    if (outcome != NET_OK) {
        close(*fd);
        *fd = -1;
    }
    return outcome;
}

static enum net_outcome tap_open(const struct link_config *config, struct link **out, char *reason,
                                 size_t cap)
{
    *out = NULL;
    int fd = -1;
    bool has_offload =
        config->use_offload && open_device(config->target, true, &fd, reason, cap) == NET_OK;
    enum net_outcome outcome =
        has_offload ? NET_OK : open_device(config->target, false, &fd, reason, cap);
    if (outcome != NET_OK) {
        return outcome;
    }
    struct tap *tap = calloc(1, sizeof(*tap));
    if (tap == NULL) {
        close(fd);
        return NET_NO_MEMORY;
    }
    tap->link.ops = &link_tap;
    tap->link.has_offload = has_offload;
    tap->link.frames_fd = fd;
    tap->fd = fd;
    snprintf(tap->name, sizeof(tap->name), "%s", config->target);
    tap->changes_fd = interface_changes_open();
    refresh_state(tap);
    *out = &tap->link;
    return NET_OK;
}

static size_t tap_prepare(struct link *link, struct pollfd *fds, int *timeout_ms)
{
    (void)timeout_ms;
    struct tap *tap = as_tap(link);
    if (tap->removed) {
        return 0;
    }
    fds[0] = (struct pollfd){.fd = tap->fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = tap->changes_fd, .events = POLLIN};
    return 2;
}

static void tap_service(struct link *link, const struct pollfd *fds, size_t count)
{
    struct tap *tap = as_tap(link);
    if (count == 0) {
        return;
    }
    if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        tap->removed = true;
        tap->down_reason = INTERFACE_REMOVED;
        return;
    }
    if (fds[1].revents != 0) {
        interface_changes_drain(tap->changes_fd);
        refresh_state(tap);
    }
}

/* False: there is no frame now. A frame whose header is nonsense is passed over. */
static bool receive_offloaded(const struct tap *tap, uint8_t *buf, size_t *len, bool *is_checked)
{
    struct virtio_net_hdr header;
    struct iovec parts[2] = {{&header, sizeof(header)}, {buf, LINK_FRAME_MAX}};
    for (;;) {
        ssize_t got = readv(tap->fd, parts, 2);
        if (got <= 0) {
            return false;
        }
        *len = (size_t)got - sizeof(header);
        if ((size_t)got > sizeof(header) &&
            netif_offload_take(&header, true, buf, *len, is_checked)) {
            return true;
        }
    }
}

static bool tap_receive(struct link *link, uint8_t *buf, size_t *len, bool *is_checked)
{
    const struct tap *tap = as_tap(link);
    *is_checked = false;
    if (link->has_offload) {
        return receive_offloaded(tap, buf, len, is_checked);
    }
    ssize_t got = read(tap->fd, buf, LINK_FRAME_MAX);
    if (got <= 0) {
        return false;
    }
    *len = (size_t)got;
    return true;
}

/* EIO, because the kernel's side is down, is a dropped frame like any other. */
static bool tap_send(struct link *link, const uint8_t *frame, size_t len)
{
    const struct tap *tap = as_tap(link);
    if (link->has_offload) {
        return netif_offload_send_plain(tap->fd, frame, len);
    }
    return write(tap->fd, frame, len) == (ssize_t)len;
}

static bool tap_send_offloaded(struct link *link, const struct link_offloaded *frame)
{
    return netif_offload_send(as_tap(link)->fd, frame);
}

static bool tap_is_up(struct link *link, const char **reason)
{
    *reason = as_tap(link)->down_reason;
    return *reason == NULL;
}

static void tap_close(struct link *link)
{
    const struct tap *tap = as_tap(link);
    if (link->has_offload) {
        (void)ioctl(tap->fd, TUNSETOFFLOAD, 0UL); /* the next program may know of none */
    }
    close(tap->fd);
    if (tap->changes_fd >= 0) {
        close(tap->changes_fd);
    }
    free(link);
}

const struct link_ops link_tap = {
    .name = "tap",
    .open = tap_open,
    .prepare = tap_prepare,
    .service = tap_service,
    .receive = tap_receive,
    .send = tap_send,
    .send_offloaded = tap_send_offloaded,
    .is_up = tap_is_up,
    .close = tap_close,
};
