/* Our IPv4 address: static or from DHCP, checked for conflicts by net_conflict.c; and what link and
 * addresses do to each other. Everything here runs under the core lock. */
#include "lwip/opt.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

/* RFC 5227 section 2.3: an address is announced twice. */
#define ANNOUNCE_INTERVAL_MS 2000

static ip4_addr_t to_ip4(const uint8_t bytes[4])
{
    ip4_addr_t ip;
    IP4_ADDR(&ip, bytes[0], bytes[1], bytes[2], bytes[3]);
    return ip;
}

/* ---- Announcing --------------------------------------------------------------------------------
 */

static void announce_again(void *arg)
{
    struct netif *netif = arg;
    if (!ip4_addr_isany(netif_ip4_addr(netif))) {
        etharp_gratuitous(netif);
    }
}

/* Tells all hosts whose address it is now: they may still know another one for it, or a switch
 * another port. */
static void announce(struct netif *netif)
{
    sys_untimeout(announce_again, netif);
    announce_again(netif);
    sys_timeout(ANNOUNCE_INTERVAL_MS, announce_again, netif);
    net_kick_timers();
}

/* ---- Static address ----------------------------------------------------------------------------
 */

static void take_static(struct net *net)
{
    struct net_own_address *address = &net->address;
    address->is_checked = true;
    netif_set_addr(&net->device.netif, &address->ip, &address->mask, &address->gateway);
}

/* How the check of the static address came out. */
static void static_checked(struct netif *netif, acd_callback_enum_t result)
{
    if (result == ACD_IP_OK) {
        take_static(netif->state);
    } else if (result == ACD_DECLINE) {
        net_status_set_conflict(netif->state);
    }
}

/* ---- Open, close, link -------------------------------------------------------------------------
 */

void net_address_use_dns(const struct net *net)
{
    if (!ip4_addr_isany_val(net->address.dns)) {
        ip_addr_t server;
        ip_addr_copy_from_ip4(server, net->address.dns);
        dns_setserver(0, &server);
    }
}

/* lwIP's callback: an address was given or taken, of either family. */
static void address_changed(struct netif *netif)
{
    struct net *net = netif->state;
    const ip4_addr_t *ip = netif_ip4_addr(netif);
    bool is_new = !ip4_addr_isany(ip) && !ip4_addr_eq(ip, &net->status.known_ip);
    net_address6_note_duplicates(net);
    net_status_update(net);
    if (is_new) {
        announce(netif);
    }
}

/* Begins to get an address. */
static void start_address(struct net *net)
{
    struct net_own_address *address = &net->address;
    if (address->mode == NET_IP_DHCP) {
        dhcp_start(&net->device.netif);
        net_kick_timers();
    } else {
        acd_start(&net->device.netif, &address->check, address->ip);
    }
}

/* The link came back: others may have forgotten us, and DHCP's segment may be another one. */
static void renew_address(struct net *net)
{
    struct netif *netif = &net->device.netif;
    if (net->address.mode == NET_IP_DHCP) {
        dhcp_network_changed_link_up(netif);
    } else if (!net->address.is_checked) {
        start_address(net); /* nobody could answer the probes */
    }
    announce(netif);
    net_address6_renew(net);
}

void net_address_set_link(struct net *net, bool is_up, const char *reason)
{
    struct net_own_address *address = &net->address;
    net->status.is_link_up = is_up;
    net->status.link_reason = reason;
    net_status_update(net);
    if (net->status.status.state == NET_STATE_CONFLICT) {
        return;
    }
    if (!is_up && address->mode == NET_IP_STATIC && !address->is_checked) {
        acd_stop(&address->check);
    } else if (is_up && address->is_started) {
        renew_address(net);
    } else if (is_up) {
        address->is_started = true;
        start_address(net);
        net_address6_start(net);
    }
}

void net_address_open(struct net *net, const struct net_config *config)
{
    struct net_own_address *address = &net->address;
    struct netif *netif = &net->device.netif;
    u32_t mask = config->prefix_len == 0 ? 0 : 0xffffffffU << (32 - config->prefix_len);
    address->mode = config->ip_mode;
    address->ip = to_ip4(config->ip);
    address->mask.addr = lwip_htonl(mask);
    address->gateway = to_ip4(config->gateway);
    address->dns = to_ip4(config->dns);
    net->status.status.state = NET_STATE_STARTING;
    net_address6_open(net, config);
    if (address->mode == NET_IP_STATIC) {
        acd_add(netif, &address->check, static_checked);
    }
    netif_set_status_callback(netif, address_changed);
    const ip_addr_t none = IPADDR4_INIT(0);
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        dns_setserver(i, &none);
    }
    net_address_use_dns(net);
}

void net_address_close(struct net *net)
{
    struct netif *netif = &net->device.netif;
    sys_untimeout(announce_again, netif);
    net_address6_close(net);
    netif_set_status_callback(netif, NULL);
    if (net->address.mode == NET_IP_DHCP) {
        dhcp_release_and_stop(netif);
        dhcp_cleanup(netif);
    } else {
        acd_remove(netif, &net->address.check);
    }
}
