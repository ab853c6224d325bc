/* Our IPv4 address: static with a check for conflicts (RFC 5227), or from DHCP; and the net's
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

/* RFC 5227 section 2.1.1 wants three probes a second or two apart. On a segment that answers at
 * all, an answer takes milliseconds; a server should be up before its user wonders. */
#define PROBE_COUNT 3
#define PROBE_INTERVAL_MS 120

/* RFC 5227 section 2.4: an address is defended once in 10 s. */
#define DEFEND_INTERVAL_US 10000000

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

static void log_up(const struct net *net)
{
    const struct netif *netif = &net->device.netif;
    char ip[IP4ADDR_STRLEN_MAX], mac[MAC_TEXT_MAX], name[96];
    log_event(LOG_LEVEL_INFO, "net", "net_up", "if=%s ip=%s/%u mac=%s",
              log_quote(name, sizeof(name), net->device.name), format_ip(ip, netif_ip4_addr(netif)),
              prefix_len(netif_ip4_netmask(netif)), format_mac(mac, netif->hwaddr));
}

static void log_down(const struct net *net, const char *reason)
{
    char name[96];
    log_event(LOG_LEVEL_WARN, "net", "net_down", "if=%s reason=%s",
              log_quote(name, sizeof(name), net->device.name), reason);
}

static void log_conflict(const struct net *net, enum log_level level, const ip4_addr_t *ip,
                         const uint8_t *other_mac)
{
    (void)net;
    char text[IP4ADDR_STRLEN_MAX], mac[MAC_TEXT_MAX];
    log_event(level, "net", "net_conflict", "ip=%s mac=%s", format_ip(text, ip),
              format_mac(mac, other_mac));
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

/* Brings the status up to date; logs and wakes if it changed. */
static void update_status(struct net *net)
{
    struct net_status *status = &net->address.status;
    const ip4_addr_t *ip = netif_ip4_addr(&net->device.netif);
    enum net_state before = status->state;
    struct net_address address_before = status->ip;
    status->state = find_state(net);
    memset(&status->ip, 0, sizeof(status->ip));
    if (!ip4_addr_isany(ip)) {
        status->ip.family = NET_FAMILY_IPV4;
        memcpy(status->ip.bytes, &ip->addr, sizeof(ip->addr));
    }
    bool same_ip = address_before.family == status->ip.family &&
                   memcmp(address_before.bytes, status->ip.bytes, sizeof(status->ip.bytes)) == 0;
    if (status->state == before && same_ip) {
        return;
    }
    if (status->state == NET_STATE_UP) {
        log_up(net);
    } else if (status->state == NET_STATE_DOWN && before != NET_STATE_DOWN) {
        log_down(net, net->address.link_reason);
    } else if (status->state == NET_STATE_STARTING && before == NET_STATE_UP) {
        log_down(net, "lease_lost");
    }
    net_event_wake(&net->event);
}

/* ---- Static address ----------------------------------------------------------------------------
 */

static void take_static(struct net *net)
{
    struct net_own_address *address = &net->address;
    address->is_checked = true;
    /* Announces itself by a gratuitous ARP. */
    netif_set_addr(&net->device.netif, &address->ip, &address->mask, &address->gateway);
    update_status(net);
}

/* The next probe, or the end of the check. As long as the netif has no address, an ARP request by
 * lwIP has the sender address 0.0.0.0: that is a probe. */
static void probe_next(void *arg)
{
    struct net *net = arg;
    struct net_own_address *address = &net->address;
    if (address->probes_sent == PROBE_COUNT) {
        take_static(net);
        return;
    }
    address->probes_sent++;
    etharp_request(&net->device.netif, &address->ip);
    sys_timeout(PROBE_INTERVAL_MS, probe_next, net);
    net_kick_timers();
}

/* ---- Conflicts ---------------------------------------------------------------------------------
 */

/* The fields of an ARP frame over Ethernet that matter here. */
struct arp_claim {
    const uint8_t *sender_mac;
    ip4_addr_t sender_ip, target_ip;
};

#define ARP_FRAME_LEN 42 /* Ethernet header and ARP for IPv4 */

static bool parse_arp(const uint8_t *frame, size_t len, struct arp_claim *claim)
{
    /* EtherType ARP; hardware Ethernet, protocol IPv4, their address lengths (RFC 826). */
    static const uint8_t expected[] = {0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4};
    if (len < ARP_FRAME_LEN || memcmp(frame + 12, expected, sizeof(expected)) != 0) {
        return false;
    }
    claim->sender_mac = frame + 22;
    claim->sender_ip = to_ip4(frame + 28);
    claim->target_ip = to_ip4(frame + 38);
    return true;
}

static void give_up_address(struct net *net, const uint8_t *other_mac)
{
    struct net_own_address *address = &net->address;
    sys_untimeout(probe_next, net);
    log_conflict(net, LOG_LEVEL_ERROR, &address->ip, other_mac);
    address->status.state = NET_STATE_CONFLICT;
    memcpy(address->status.conflict_mac, other_mac, sizeof(address->status.conflict_mac));
    net_event_wake(&net->event);
}

static void defend_address(struct net *net, const uint8_t *other_mac)
{
    struct net_own_address *address = &net->address;
    uint64_t now_us = clock_now_us();
    if (address->last_defended_us != 0 && now_us - address->last_defended_us < DEFEND_INTERVAL_US) {
        return;
    }
    address->last_defended_us = now_us;
    log_conflict(net, LOG_LEVEL_WARN, netif_ip4_addr(&net->device.netif), other_mac);
    etharp_gratuitous(&net->device.netif);
}

void net_address_inspect(struct net *net, const uint8_t *frame, size_t len)
{
    struct net_own_address *address = &net->address;
    struct netif *netif = &net->device.netif;
    struct arp_claim claim;
    if (!parse_arp(frame, len, &claim) || address->status.state == NET_STATE_CONFLICT ||
        memcmp(claim.sender_mac, netif->hwaddr, ETH_HWADDR_LEN) == 0) {
        return;
    }
    bool is_checking = address->mode == NET_IP_STATIC && !address->is_checked;
    const ip4_addr_t *ours = is_checking ? &address->ip : netif_ip4_addr(netif);
    bool claims = !ip4_addr_isany(ours) && ip4_addr_eq(&claim.sender_ip, ours);
    /* RFC 5227 section 2.1.1: another's probe for the address we probe is a conflict, too. */
    bool probes = ip4_addr_isany(&claim.sender_ip) && ip4_addr_eq(&claim.target_ip, &address->ip);
    if (is_checking && (claims || probes)) {
        give_up_address(net, claim.sender_mac);
    } else if (claims) {
        defend_address(net, claim.sender_mac);
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

/* lwIP's callback: DHCP gave or took an address. */
static void address_changed(struct netif *netif)
{
    struct net *net = netif->state;
    update_status(net);
}

/* Begins to get an address. */
static void start_address(struct net *net)
{
    if (net->address.mode == NET_IP_DHCP) {
        dhcp_start(&net->device.netif);
        net_kick_timers();
    } else {
        probe_next(net);
    }
}

/* The link came back: others may have forgotten us, and DHCP's segment may be another one. */
static void renew_address(struct net *net)
{
    struct net_own_address *address = &net->address;
    if (address->mode == NET_IP_DHCP) {
        dhcp_network_changed_link_up(&net->device.netif);
        net_kick_timers();
    } else if (address->is_checked) {
        etharp_gratuitous(&net->device.netif);
    }
}

void net_address_set_link(struct net *net, bool is_up, const char *reason)
{
    struct net_own_address *address = &net->address;
    address->is_link_up = is_up;
    address->link_reason = reason;
    if (is_up && address->is_started) {
        renew_address(net);
    } else if (is_up) {
        address->is_started = true;
        start_address(net);
    }
    update_status(net);
}

void net_address_open(struct net *net, const struct net_config *config)
{
    struct net_own_address *address = &net->address;
    u32_t mask = config->prefix_len == 0 ? 0 : 0xffffffffU << (32 - config->prefix_len);
    address->mode = config->ip_mode;
    address->ip = to_ip4(config->ip);
    address->mask.addr = lwip_htonl(mask);
    address->gateway = to_ip4(config->gateway);
    address->dns = to_ip4(config->dns);
    address->status.state = NET_STATE_STARTING;
    netif_set_status_callback(&net->device.netif, address_changed);
    const ip_addr_t none = IPADDR4_INIT(0);
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        dns_setserver(i, &none);
    }
    net_address_use_dns(net);
}

void net_address_close(struct net *net)
{
    struct netif *netif = &net->device.netif;
    sys_untimeout(probe_next, net);
    netif_set_status_callback(netif, NULL);
    if (net->address.mode == NET_IP_DHCP) {
        dhcp_release_and_stop(netif);
        dhcp_cleanup(netif);
    }
}
