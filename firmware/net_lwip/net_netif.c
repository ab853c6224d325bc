/* lwIP's netif on top of a link, and the thread that receives. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"
#include "netif/ethernet.h"

#define MTU 1500

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
    LOCK_TCPIP_CORE();
    input_frame(net, p, is_checked);
    bool has_news = net->has_news;
    net->has_news = false;
    UNLOCK_TCPIP_CORE();
    if (has_news || atomic_load(&net->is_closing)) {
        net_event_signal(&net->event);
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
    if (poll(fds, 1 + count, timeout_ms) >= 0) {
        link->ops->service(link, fds + 1, count);
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

static void *run_receive(void *arg)
{
    struct net *net = arg;
    struct net_device *device = &net->device;
    size_t len = 0;
    bool is_checked = false;
    while (!atomic_load(&device->quit)) {
        report_link(net);
        serve_link(device);
        while (!atomic_load(&device->quit) &&
               device->link->ops->receive(device->link, device->rx_buf, &len, &is_checked)) {
            receive_frame(net, device->rx_buf, len, is_checked);
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
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
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
