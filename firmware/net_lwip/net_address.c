/* Our IPv4 address: static or from DHCP, checked for conflicts by net_conflict.c; and the net's
 * state, which follows from address and link. Everything here runs under the core lock. */
#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "log_port.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

/* RFC 5227 section 2.3: an address is announced twice. */
#define ANNOUNCE_INTERVAL_MS 2000

#define MAC_TEXT_MAX 18

static const char *format_mac(char out[MAC_TEXT_MAX], const uint8_t *mac)
{
    snprintf(out, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return out;
}

static const char *format_ip(char out[IP4ADDR_STRLEN_MAX], const ip4_addr_t *ip)
{
    return ip4addr_ntoa_r(ip, out, IP4ADDR_STRLEN_MAX);
}

static unsigned prefix_len(const ip4_addr_t *mask)
{
    unsigned len = 0;
    for (u32_t bits = lwip_ntohl(mask->addr); (bits & 0x80000000U) != 0; bits <<= 1) {
        len++;
    }
    return len;
}

static ip4_addr_t to_ip4(const uint8_t bytes[4])
{
    ip4_addr_t ip;
    IP4_ADDR(&ip, bytes[0], bytes[1], bytes[2], bytes[3]);
    return ip;
}

/* ---- State -------------------------------------------------------------------------------------
 */

/* What DHCP said of the address: " lease_s=3600", or nothing. */
static const char *format_lease(const struct net *net, char *out, size_t cap)
{
    out[0] = '\0';
    if (net->address.mode == NET_IP_DHCP) {
        const struct dhcp *dhcp = netif_dhcp_data(&net->device.netif);
        snprintf(out, cap, " lease_s=%u", (unsigned)dhcp->offered_t0_lease);
    }
    return out;
}

static void log_up(const struct net *net)
{
    const struct netif *netif = &net->device.netif;
    char ip[IP4ADDR_STRLEN_MAX], mac[MAC_TEXT_MAX], name[96], lease[24];
    log_event(LOG_LEVEL_INFO, "net", "net_up", "if=%s ip=%s/%u mac=%s%s",
              log_quote(name, sizeof(name), net->device.name), format_ip(ip, netif_ip4_addr(netif)),
              prefix_len(netif_ip4_netmask(netif)), format_mac(mac, netif->hwaddr),
              format_lease(net, lease, sizeof(lease)));
}

static void log_down(const struct net *net, const char *reason)
{
    char name[96];
    log_event(LOG_LEVEL_WARN, "net", "net_down", "if=%s reason=%s",
              log_quote(name, sizeof(name), net->device.name), reason);
}

/* The address was lost: its connections are no more. */
static void log_lost(const struct net *net, const char *reason, const ip4_addr_t *ip)
{
    char name[96], text[IP4ADDR_STRLEN_MAX];
    log_event(LOG_LEVEL_WARN, "net", "net_down", "if=%s reason=%s ip=%s",
              log_quote(name, sizeof(name), net->device.name), reason, format_ip(text, ip));
}

void net_address_log_conflict(struct net *net, const ip4_addr_t *ip, const uint8_t *other_mac)
{
    struct net_own_address *address = &net->address;
    bool is_fatal = address->mode == NET_IP_STATIC && !address->is_checked;
    char text[IP4ADDR_STRLEN_MAX], mac[MAC_TEXT_MAX];
    memcpy(address->status.conflict_mac, other_mac, sizeof(address->status.conflict_mac));
    log_event(is_fatal ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "net", "net_conflict", "ip=%s mac=%s",
              format_ip(text, ip), format_mac(mac, other_mac));
}

static enum net_state find_state(const struct net *net)
{
    if (net->address.status.state == NET_STATE_CONFLICT) {
        return NET_STATE_CONFLICT;
    }
    if (!net->address.is_link_up) {
        return NET_STATE_DOWN;
    }
    return ip4_addr_isany(netif_ip4_addr(&net->device.netif)) ? NET_STATE_STARTING : NET_STATE_UP;
}

/* Logs how the state changed. */
static void log_change(const struct net *net, enum net_state before, bool same_ip)
{
    enum net_state now = net->address.status.state;
    if (now == NET_STATE_UP && (before != NET_STATE_UP || !same_ip)) {
        log_up(net);
    } else if (now == NET_STATE_DOWN && before != NET_STATE_DOWN) {
        log_down(net, net->address.link_reason);
    }
}

/* Brings the status up to date; logs and wakes if it changed. */
static void update_status(struct net *net)
{
    struct net_status *status = &net->address.status;
    const ip4_addr_t *ip = netif_ip4_addr(&net->device.netif);
    enum net_state before = status->state;
    ip4_addr_t ip_before;
    memcpy(&ip_before.addr, status->ip.bytes, sizeof(ip_before.addr));
    bool same_ip = ip4_addr_eq(&ip_before, ip);
    if (!same_ip && !ip4_addr_isany_val(ip_before)) {
        log_lost(net, ip4_addr_isany(ip) ? "lease_lost" : "address_changed", &ip_before);
    }
    status->state = find_state(net);
    status->ip.family = ip4_addr_isany(ip) ? NET_FAMILY_NONE : NET_FAMILY_IPV4;
    memcpy(status->ip.bytes, &ip->addr, sizeof(ip->addr));
    log_change(net, before, same_ip);
    if (status->state != before || !same_ip) {
        net_time_follow(net);
        net_event_wake(&net->event);
    }
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

static void refuse_static(struct net *net)
{
    net->address.status.state = NET_STATE_CONFLICT;
    net_event_wake(&net->event);
}

/* How the check of the static address came out. */
static void static_checked(struct netif *netif, acd_callback_enum_t result)
{
    if (result == ACD_IP_OK) {
        take_static(netif->state);
    } else if (result == ACD_DECLINE) {
        refuse_static(netif->state);
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

/* lwIP's callback: the address was given or taken. */
static void address_changed(struct netif *netif)
{
    struct net *net = netif->state;
    if (!ip4_addr_isany(netif_ip4_addr(netif))) {
        announce(netif);
    }
    update_status(net);
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
}

void net_address_set_link(struct net *net, bool is_up, const char *reason)
{
    struct net_own_address *address = &net->address;
    address->is_link_up = is_up;
    address->link_reason = reason;
    update_status(net);
    if (address->status.state == NET_STATE_CONFLICT) {
        return;
    }
    if (!is_up && address->mode == NET_IP_STATIC && !address->is_checked) {
        acd_stop(&address->check);
    } else if (is_up && address->is_started) {
        renew_address(net);
    } else if (is_up) {
        address->is_started = true;
        start_address(net);
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
    address->status.state = NET_STATE_STARTING;
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
    netif_set_status_callback(netif, NULL);
    if (net->address.mode == NET_IP_DHCP) {
        dhcp_release_and_stop(netif);
        dhcp_cleanup(netif);
    } else {
        acd_remove(netif, &net->address.check);
    }
}
