/* Ends connects to hosts that are not there: lwIP sends SYNs until its patience ends even when
 * nobody answers its ARP requests. */
#include "lwip/opt.h"

#include "clock_port.h"
#include "lwip/api.h"
#include "lwip/etharp.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

#define LOOK_INTERVAL_MS 500

/* lwIP asks by ARP once a second: three questions without an answer. */
#define PATIENCE_US 3000000

const ip4_addr_t *net_neighbour_next_hop(const struct netif *netif, const ip4_addr_t *ip)
{
    bool is_near = ip4_addr_net_eq(ip, netif_ip4_addr(netif), netif_ip4_netmask(netif));
    return is_near ? ip : netif_ip4_gw(netif);
}

static bool has_neighbour(struct netif *netif, const ip4_addr_t *ip)
{
    struct eth_addr *mac;
    const ip4_addr_t *found;
    return etharp_find_addr(netif, net_neighbour_next_hop(netif, ip), &mac, &found) >= 0;
}

static bool is_connecting(const struct net_socket *socket)
{
    return socket->net != NULL && socket->connecting_since_us != 0 &&
           lwip_socket_dbg_get_socket(socket->fd)->conn->state == NETCONN_CONNECT;
}

static void look_at(struct net *net, struct net_socket *socket)
{
    struct tcp_pcb *pcb = lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp;
    bool is_patient = clock_now_us() - socket->connecting_since_us < PATIENCE_US;
    if (is_patient || pcb == NULL || has_neighbour(&net->device.netif, ip_2_ip4(&pcb->remote_ip))) {
        return;
    }
    socket->has_no_neighbour = true;
    tcp_abort(pcb); /* its owner is told, and asks for the reason */
}

static void look_at_all(void *arg)
{
    struct net *net = arg;
    bool is_needed = false;
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        if (is_connecting(&net->sockets[i])) {
            look_at(net, &net->sockets[i]);
            is_needed = true;
        }
    }
    net->is_watching_neighbours = is_needed;
    if (is_needed) {
        sys_timeout(LOOK_INTERVAL_MS, look_at_all, net);
    }
}

void net_neighbour_watch(struct net_socket *socket)
{
    struct net *net = socket->net;
    socket->connecting_since_us = clock_now_us();
    if (!net->is_watching_neighbours) {
        net->is_watching_neighbours = true;
        sys_timeout(LOOK_INTERVAL_MS, look_at_all, net);
    }
    net_kick_timers(); /* for this one, and for the SYN's retransmission */
}

void net_neighbour_stop(struct net *net)
{
    sys_untimeout(look_at_all, net);
    net->is_watching_neighbours = false;
}
