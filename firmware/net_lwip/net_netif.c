/* lwIP's netif on top of a link, and the threads that take its frames. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"
#include "netif/ethernet.h"

#define MTU 1500

/* Frames that are taken in a row before others may have the core lock. */
#define BURST_MAX 16

/* Longest time for which a frame waits for the loop to take it. */
#define GIVE_WAY_MS 1

/* ---- Receiving ---------------------------------------------------------------------------------
 */

/* True if the frame is for us: our hardware address, or a group's. */
static bool is_for_us(const struct netif *netif, const uint8_t *frame)
{
    return (frame[0] & 1) != 0 || memcmp(frame, netif->hwaddr, ETH_HWADDR_LEN) == 0;
}

#define CHECKS (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP)

/* Hands a frame to lwIP, under the core lock. Takes over p. */
static void input_frame(struct net *net, struct pbuf *p, bool is_checked)
{
    struct netif *netif = &net->device.netif;
    const u16_t checksums = netif->chksum_flags;
    bool had_timer = tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL;
    net->is_receiving = true;
    NETIF_SET_CHECKSUM_CTRL(netif, is_checked ? checksums & (u16_t)~CHECKS : checksums);
    if (netif->input(p, netif) != ERR_OK) {
        pbuf_free(p);
    }
    NETIF_SET_CHECKSUM_CTRL(netif, checksums);
    net->is_receiving = false;
    bool has_timer = tcp_active_pcbs != NULL;
    if ((!had_timer && has_timer) || net_mdns_was_received(net)) {
        net_kick_timers();
    }
}

/* The same for a frame of the link, which may be for others. */
static void receive_frame(struct net *net, const uint8_t *frame, size_t len, bool is_checked)
{
    struct net_device *device = &net->device;
    if (len < SIZEOF_ETH_HDR || len > UINT16_MAX || !is_for_us(&device->netif, frame)) {
        return;
    }
    atomic_fetch_add_explicit(&device->rx_frames, 1, memory_order_relaxed);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (p == NULL) {
        atomic_fetch_add_explicit(&device->rx_dropped, 1, memory_order_relaxed);
        return;
    }
    pbuf_take(p, frame, (u16_t)len);
    input_frame(net, p, is_checked);
}

/* Takes some frames from the link, and then tells the sleeper. False: there are no more now. */
static bool take_burst(struct net *net)
{
    struct net_device *device = &net->device;
    size_t len = 0, count = 0;
    bool is_checked = false;
    pthread_mutex_lock(&device->take_lock);
    LOCK_TCPIP_CORE();
    while (count < BURST_MAX && !atomic_load(&device->quit) &&
           device->link->ops->receive(device->link, device->rx_buf, &len, &is_checked)) {
        receive_frame(net, device->rx_buf, len, is_checked);
        count++;
    }
    bool has_news = net->has_news || (count > 0 && atomic_load(&net->is_closing));
    net->has_news = false;
    UNLOCK_TCPIP_CORE();
    pthread_mutex_unlock(&device->take_lock);
    if (has_news) {
        net_event_signal(&net->event);
    }
    return count == BURST_MAX;
}

/* ---- The loop's thread -------------------------------------------------------------------------
 * It takes frames itself when it sleeps anyway: so a frame that it is to answer costs no change of
 * threads. The receive thread takes what comes while the loop is at work for long.
 */

/* What is left of a burst woke nobody else: it is taken when the loop comes by again. */
static void take_some(struct net *net)
{
    bool has_more = take_burst(net);
    if (has_more) {
        atomic_store_explicit(&net->device.has_frames, true, memory_order_relaxed);
    }
}

void net_device_take_waiting(struct net *net)
{
    struct net_device *device = &net->device;
    if (atomic_load_explicit(&device->has_frames, memory_order_relaxed)) {
        atomic_store_explicit(&device->has_frames, false, memory_order_relaxed);
        take_some(net);
    }
}

void net_device_sleep(struct net *net, uint64_t deadline_us)
{
    struct net_device *device = &net->device;
    switch (net_event_sleep(&net->event, deadline_us)) {
    case NET_EVENT_AWAITED:
        return;
    case NET_EVENT_FRAMES:
        net_event_disarm(&net->event);
        take_some(net);
        return;
    case NET_EVENT_TROUBLE:
        atomic_store(&device->is_in_trouble, true);
        (void)eventfd_write(device->quit_fd, 1);
        return;
    }
}

/* ---- The receive thread ------------------------------------------------------------------------
 */

/* Where the loop takes frames, only what comes meanwhile concerns this thread. */
static void leave_frames_to_sleeper(const struct net_device *device, struct pollfd *fds,
                                    size_t count)
{
    if (device->unslept_fd < 0 || atomic_load(&device->is_in_trouble)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd == device->link->frames_fd) {
            fds[i].fd = device->unslept_fd;
        }
    }
}

/* Waits for the link, and serves it. */
static void serve_link(struct net_device *device)
{
    struct link *link = device->link;
    struct pollfd fds[1 + LINK_POLL_MAX];
    int timeout_ms = -1;
    memset(fds, 0, sizeof(fds));
    fds[0] = (struct pollfd){.fd = device->quit_fd, .events = POLLIN};
    size_t count = link->ops->prepare(link, fds + 1, &timeout_ms);
    leave_frames_to_sleeper(device, fds + 1, count);
    if (poll(fds, 1 + count, timeout_ms) >= 0) {
        link->ops->service(link, fds + 1, count);
    }
    if (fds[0].revents != 0) {
        eventfd_t ignored;
        (void)eventfd_read(device->quit_fd, &ignored);
    }
}

/* Tells the address whether the link is up, once at first and then after each change. */
static void report_link(struct net *net)
{
    struct net_device *device = &net->device;
    const char *reason = NULL;
    bool is_up = device->link->ops->is_up(device->link, &reason);
    if (device->is_link_known && device->was_link_up == is_up) {
        return;
    }
    device->is_link_known = true;
    device->was_link_up = is_up;
    LOCK_TCPIP_CORE();
    net_address_set_link(net, is_up, reason);
    UNLOCK_TCPIP_CORE();
}

/* Gives the loop time to come by: most of its steps are shorter than that. */
static void give_way(struct net_device *device)
{
    if (device->unslept_fd >= 0 && !atomic_load(&device->is_in_trouble)) {
        struct pollfd quit = {.fd = device->quit_fd, .events = POLLIN};
        atomic_store_explicit(&device->has_frames, true, memory_order_relaxed);
        (void)poll(&quit, 1, GIVE_WAY_MS);
    }
}

static void *run_receive(void *arg)
{
    struct net *net = arg;
    struct net_device *device = &net->device;
    while (!atomic_load(&device->quit)) {
        report_link(net);
        serve_link(device);
        give_way(device);
        while (take_burst(net)) {
        }
    }
    return NULL;
}

/* ---- Open and close ----------------------------------------------------------------------------
 */

static err_t init_netif(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    net_address6_init_netif(netif);
    netif->linkoutput = net_output_frame;
    return ERR_OK;
}

static enum net_outcome open_link(struct net_device *device, const struct net_config *config,
                                  char *reason, size_t cap)
{
    struct link_config link_config = {0};
    const struct link_ops *ops = link_find(config->netif, &link_config.target, reason, cap);
    if (ops == NULL) {
        return NET_MISUSE;
    }
    memcpy(link_config.mac, config->mac, sizeof(link_config.mac));
    link_config.use_offload = config->use_offload;
    snprintf(device->name, sizeof(device->name), "%s", link_config.target);
    return ops->open(&link_config, &device->link, reason, cap);
}

void net_device_close_link(struct net *net)
{
    struct net_device *device = &net->device;
    close(device->quit_fd);
    if (device->unslept_fd >= 0) {
        close(device->unslept_fd);
    }
    pthread_mutex_destroy(&device->take_lock);
    device->link->ops->close(device->link);
}

enum net_outcome net_device_open(struct net *net, const struct net_config *config, char *reason,
                                 size_t cap)
{
    struct net_device *device = &net->device;
    enum net_outcome outcome = open_link(device, config, reason, cap);
    if (outcome != NET_OK) {
        return outcome;
    }
    device->quit_fd = eventfd(0, EFD_CLOEXEC);
    if (device->quit_fd < 0) {
        device->link->ops->close(device->link);
        snprintf(reason, cap, "cannot make an eventfd: %s", strerror(errno));
        return NET_FAILED;
    }
    pthread_mutex_init(&device->take_lock, NULL);
    device->unslept_fd = -1;
    if (device->link->frames_fd >= 0 &&
        !net_event_watch(&net->event, device->link->frames_fd, &device->unslept_fd)) {
        device->unslept_fd = -1; /* an old kernel: the thread takes all */
    }
    log_event(LOG_LEVEL_DEBUG, "net", "link", "if=%s offload=%s", device->name,
              device->link->has_offload ? "on" : "off");
    return NET_OK;
}

void net_device_add(struct net *net, const struct net_config *config)
{
    struct net_device *device = &net->device;
    LOCK_TCPIP_CORE();
    netif_add(&device->netif, NULL, NULL, NULL, net, init_netif, ethernet_input);
    net_output_open(net);
    memcpy(device->netif.hwaddr, config->mac, ETH_HWADDR_LEN);
    netif_set_hostname(&device->netif, config->host_name);
    netif_set_default(&device->netif);
    netif_set_up(&device->netif);
    /* For lwIP the link is up for good: it would take a route away from TCP in the middle of a
     * write. What goes out while it is down is lost, and sent again. */
    netif_set_link_up(&device->netif);
    UNLOCK_TCPIP_CORE();
}

bool net_device_start(struct net *net)
{
    /* Signals are for the loop's thread. */
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    int error = pthread_create(&net->device.thread, NULL, run_receive, net);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    return error == 0;
}

void net_device_close(struct net *net)
{
    struct net_device *device = &net->device;
    atomic_store(&device->quit, true);
    if (device->thread != 0) {
        (void)eventfd_write(device->quit_fd, 1);
        pthread_join(device->thread, NULL);
    }
    LOCK_TCPIP_CORE();
    netif_set_down(&device->netif);
    netif_remove(&device->netif);
    UNLOCK_TCPIP_CORE();
    net_device_close_link(net);
}
