/* The net's state, which follows from link and addresses, and what the log says of it. Everything
 * here runs under the core lock. */
#include <stdio.h>
#include <string.h>

#include "log_port.h"
#include "lwip/dhcp.h"
#include "net_lwip.h"

#define MAC_TEXT_MAX 18

/* "198.18.0.2/24" */
#define IP_TEXT_MAX (IP4ADDR_STRLEN_MAX + 4)

/* ---- Texts -------------------------------------------------------------------------------------
 */

static const char *format_mac(char out[MAC_TEXT_MAX], const uint8_t *mac)
{
    snprintf(out, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return out;
}

static const char *format_ip4(char out[IP_TEXT_MAX], const ip4_addr_t *ip)
{
    return ip4addr_ntoa_r(ip, out, IP_TEXT_MAX);
}

static unsigned prefix_len(const ip4_addr_t *mask)
{
    unsigned len = 0;
    for (u32_t bits = lwip_ntohl(mask->addr); (bits & 0x80000000U) != 0; bits <<= 1) {
        len++;
    }
    return len;
}

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

/* ---- The log -----------------------------------------------------------------------------------
 */

void net_status_log_up(const struct net *net, enum log_level level, const char *ip, unsigned prefix,
                       const char *more)
{
    char mac[MAC_TEXT_MAX], name[96];
    log_event(level, "net", "net_up", "if=%s ip=%s/%u mac=%s%s",
              log_quote(name, sizeof(name), net->device.name), ip, prefix,
              format_mac(mac, net->device.netif.hwaddr), more);
}

static void log_link_down(const struct net *net)
{
    char name[96];
    log_event(LOG_LEVEL_WARN, "net", "net_down", "if=%s reason=%s",
              log_quote(name, sizeof(name), net->device.name), net->status.link_reason);
}

void net_status_log_lost(const struct net *net, const char *reason, const char *ip)
{
    char name[96];
    log_event(LOG_LEVEL_WARN, "net", "net_down", "if=%s reason=%s ip=%s",
              log_quote(name, sizeof(name), net->device.name), reason, ip);
}

void net_status_log_conflict(enum log_level level, const ip4_addr_t *ip, const uint8_t *other_mac)
{
    char text[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
    log_event(level, "net", "net_conflict", "ip=%s mac=%s", format_ip4(text, ip),
              format_mac(mac, other_mac));
}

/* ---- IPv4 --------------------------------------------------------------------------------------
 */

static void log_ip4_up(const struct net *net)
{
    const struct netif *netif = &net->device.netif;
    char ip[IP_TEXT_MAX], lease[24];
    net_status_log_up(net, LOG_LEVEL_INFO, format_ip4(ip, netif_ip4_addr(netif)),
                      prefix_len(netif_ip4_netmask(netif)),
                      format_lease(net, lease, sizeof(lease)));
}

/* Brings what is known up to date. True if there is a new address. */
static bool note_ip4(struct net *net)
{
    struct net_own_status *own = &net->status;
    const ip4_addr_t *ip = netif_ip4_addr(&net->device.netif);
    ip4_addr_t before = own->known_ip;
    if (ip4_addr_eq(&before, ip)) {
        return false;
    }
    if (!ip4_addr_isany_val(before)) {
        char text[IP_TEXT_MAX];
        net_status_log_lost(net, ip4_addr_isany(ip) ? "lease_lost" : "address_changed",
                            format_ip4(text, &before));
    }
    own->known_ip = *ip;
    own->status.ip.family = ip4_addr_isany(ip) ? NET_FAMILY_NONE : NET_FAMILY_IPV4;
    memcpy(own->status.ip.bytes, &ip->addr, sizeof(ip->addr));
    net_event_wake(&net->event);
    return !ip4_addr_isany(ip);
}

/* ---- State -------------------------------------------------------------------------------------
 */

static enum net_state find_state(const struct net *net)
{
    const struct net_status *status = &net->status.status;
    if (status->state == NET_STATE_CONFLICT) {
        return NET_STATE_CONFLICT;
    }
    if (!net->status.is_link_up) {
        return NET_STATE_DOWN;
    }
    bool has_none = status->ip.family == NET_FAMILY_NONE && status->ip6.family == NET_FAMILY_NONE;
    return has_none ? NET_STATE_STARTING : NET_STATE_UP;
}

static void log_addresses(const struct net *net, bool has_new_ip4, unsigned new_ip6)
{
    if (has_new_ip4) {
        log_ip4_up(net);
    }
    net_status6_log(net, new_ip6);
}

/* All that are there: they count again. */
static void log_all_addresses(const struct net *net)
{
    log_addresses(net, !ip4_addr_isany_val(net->status.known_ip), net_status6_places(net));
}

static void log_no_more(const struct net *net, enum net_state before)
{
    if (net->status.status.state == NET_STATE_DOWN && before != NET_STATE_DOWN) {
        log_link_down(net);
    }
}

void net_status_update(struct net *net)
{
    struct net_status *status = &net->status.status;
    enum net_state before = status->state;
    bool has_new_ip4 = note_ip4(net);
    unsigned new_ip6 = net_status6_note(net);
    status->state = find_state(net);
    if (status->state != before || has_new_ip4 || new_ip6 != 0) {
        net_time_follow(net);
        net_event_wake(&net->event);
    }
    if (status->state == NET_STATE_DOWN || status->state == NET_STATE_CONFLICT) {
        log_no_more(net, before);
    } else if (before == NET_STATE_DOWN) {
        log_all_addresses(net);
        net_mdns_follow(net, NET_MDNS_LINK_BACK);
    } else if (has_new_ip4 || new_ip6 != 0) {
        log_addresses(net, has_new_ip4, new_ip6);
        net_mdns_follow(net, NET_MDNS_NEW_ADDRESS);
    }
}

void net_status_set_conflict(struct net *net)
{
    net->status.status.state = NET_STATE_CONFLICT;
    net_event_wake(&net->event);
}
