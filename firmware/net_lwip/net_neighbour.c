/* Where packets to an address go first, and the end of connects to hosts that are not there: lwIP
 * sends SYNs until its patience ends even when nobody answers its questions for their hardware
 * address. */
#include "lwip/opt.h"

#include "clock_port.h"
#include "lwip/api.h"
#include "lwip/etharp.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

#define LOOK_INTERVAL_MS 500

/* lwIP asks once a second: three questions without an answer. */
#define PATIENCE_US 3000000

/* ---- IPv4 --------------------------------------------------------------------------------------
 */

/* The address that frames for ip go to: ip itself, or the gateway, 0.0.0.0 if there is none. */
static const ip4_addr_t *next_hop4(const struct netif *netif, const ip4_addr_t *ip)
{
    bool is_near = ip4_addr_net_eq(ip, netif_ip4_addr(netif), netif_ip4_netmask(netif));
    return is_near ? ip : netif_ip4_gw(netif);
}

static bool has_route4(const struct net *net, const ip4_addr_t *ip)
{
    return net->status.status.ip.family != NET_FAMILY_NONE &&
           !ip4_addr_isany(next_hop4(&net->device.netif, ip));
}

static bool has_neighbour4(struct net *net, const ip4_addr_t *ip)
{
    struct netif *netif = &net->device.netif;
    struct eth_addr *mac;
    const ip4_addr_t *found;
    return etharp_find_addr(netif, next_hop4(netif, ip), &mac, &found) >= 0;
}

/* ---- Both --------------------------------------------------------------------------------------
 */

bool net_neighbour_is_near(const struct net *net, const ip_addr_t *ip)
{
    const struct netif *netif = &net->device.netif;
    return IP_IS_V6(ip)
               ? net_neighbour6_is_near(net, ip)
               : ip4_addr_net_eq(ip_2_ip4(ip), netif_ip4_addr(netif), netif_ip4_netmask(netif));
}

bool net_neighbour_has_route(const struct net *net, const ip_addr_t *ip)
{
    if (net->status.status.state != NET_STATE_UP) {
        return false;
    }
    return IP_IS_V6(ip) ? net_neighbour6_has_route(net, ip) : has_route4(net, ip_2_ip4(ip));
}

static bool has_neighbour(struct net *net, const ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? net_neighbour6_is_there(net, ip) : has_neighbour4(net, ip_2_ip4(ip));
}

/* ---- Watching ----------------------------------------------------------------------------------
 */

struct tcp_pcb *net_neighbour_connecting(const struct net_socket *socket)
{
    bool has_begun = socket->net != NULL && socket->connecting_since_us != 0;
    const struct netconn *connection =
        has_begun ? lwip_socket_dbg_get_socket(socket->fd)->conn : NULL;
    return connection != NULL && connection->state == NETCONN_CONNECT ? connection->pcb.tcp : NULL;
}

void net_neighbour_give_up(struct net_socket *socket, enum net_outcome why)
{
    socket->verdict = why;
    tcp_abort(net_neighbour_connecting(socket)); /* its owner is told, and asks for the reason */
}

/* True if the socket is still connecting. */
static bool look_at(struct net *net, struct net_socket *socket)
{
    const struct tcp_pcb *pcb = net_neighbour_connecting(socket);
    if (pcb == NULL) {
        return false;
    }
    bool is_patient = clock_now_us() - socket->connecting_since_us < PATIENCE_US;
    if (!is_patient && !has_neighbour(net, &pcb->remote_ip)) {
        net_neighbour_give_up(socket, NET_UNREACHABLE);
        return false;
    }
    return true;
}

static void look_at_all(void *arg)
{
    struct net *net = arg;
    bool is_needed = false;
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        is_needed = look_at(net, &net->sockets[i]) || is_needed;
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
