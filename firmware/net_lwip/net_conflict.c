/* Finds other hosts that use our IPv4 address (RFC 5227), before we take it and for as long as we
 * have it.
 *
 * These are the functions of lwip/acd.h, which lwIP's netif, ARP and DHCP call: lwIP's own are left
 * out (LWIP_ACD_EXTERNAL). There is one address at a time, checked for net_address.c or for DHCP.
 * Everything here runs under the core lock. */
#include "lwip/opt.h"

#include <string.h>

#include "clock_port.h"
#include "log_port.h"
#include "lwip/acd.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

/* RFC 5227 section 2.1.1 wants three probes a second or two apart. On a segment that answers at
 * all, an answer takes milliseconds; a server should be up before its user wonders. */
#define PROBE_COUNT 3
#define PROBE_INTERVAL_MS 120

/* RFC 5227 section 2.4: an address is defended once in 10 s. */
#define DEFEND_INTERVAL_US 10000000

static struct net *net_of(const struct netif *netif)
{
    return netif->state;
}

/* ---- Checking ----------------------------------------------------------------------------------
 */

/* The next probe, or the end of the check. */
static void probe_next(void *arg)
{
    struct acd *check = arg;
    struct net *net = &net_lwip_instance;
    if (check->sent_num == PROBE_COUNT) {
        check->state = ACD_STATE_ONGOING;
        check->acd_conflict_callback(&net->device.netif, ACD_IP_OK);
        return;
    }
    check->sent_num++;
    etharp_acd_probe(&net->device.netif, &check->ipaddr);
    sys_timeout(PROBE_INTERVAL_MS, probe_next, check);
    net_kick_timers();
}

err_t acd_start(struct netif *netif, struct acd *check, ip4_addr_t ip)
{
    (void)netif;
    (void)acd_stop(check);
    check->state = ACD_STATE_PROBING;
    check->sent_num = 0;
    check->ipaddr = ip;
    probe_next(check);
    return ERR_OK;
}

err_t acd_stop(struct acd *check)
{
    sys_untimeout(probe_next, check);
    check->state = ACD_STATE_OFF;
    return ERR_OK;
}

/* ---- The netif's list of checks ----------------------------------------------------------------
 */

err_t acd_add(struct netif *netif, struct acd *check, acd_conflict_callback_t callback)
{
    check->acd_conflict_callback = callback;
    acd_remove(netif, check);
    check->next = netif->acd_list;
    netif->acd_list = check;
    return ERR_OK;
}

void acd_remove(struct netif *netif, struct acd *check)
{
    (void)acd_stop(check);
    for (struct acd **at = &netif->acd_list; *at != NULL; at = &(*at)->next) {
        if (*at == check) {
            *at = check->next;
            return;
        }
    }
}

/* ---- What happens ------------------------------------------------------------------------------
 */

static void give_up(struct netif *netif, struct acd *check, const uint8_t *other_mac)
{
    (void)acd_stop(check);
    bool is_fatal = net_of(netif)->address.mode == NET_IP_STATIC;
    net_status_log_conflict(is_fatal ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, &check->ipaddr, other_mac);
    check->acd_conflict_callback(netif, ACD_DECLINE);
    check->acd_conflict_callback(netif, ACD_RESTART_CLIENT);
}

/* A forged packet must not stop us, so the address is never given up for one (RFC 5227 section 2.4,
 * the third way). */
static void defend(struct netif *netif, const struct acd *check, const uint8_t *other_mac)
{
    struct net *net = net_of(netif);
    uint64_t now_us = clock_now_us();
    uint64_t last_us = net->address.last_defended_us;
    if (last_us != 0 && now_us - last_us < DEFEND_INTERVAL_US) {
        return;
    }
    net->address.last_defended_us = now_us;
    net_status_log_conflict(LOG_LEVEL_WARN, &check->ipaddr, other_mac);
    etharp_acd_announce(netif, &check->ipaddr);
}

static void meet_claim(struct netif *netif, struct acd *check, const struct etharp_hdr *arp)
{
    ip4_addr_t sender, target;
    memcpy(&sender.addr, &arp->sipaddr, sizeof(sender.addr));
    memcpy(&target.addr, &arp->dipaddr, sizeof(target.addr));
    bool claims = ip4_addr_eq(&sender, &check->ipaddr);
    /* RFC 5227 section 2.1.1: another's probe for the address we probe is a conflict, too. */
    bool probes = ip4_addr_isany_val(sender) && ip4_addr_eq(&target, &check->ipaddr);
    if (check->state == ACD_STATE_PROBING && (claims || probes)) {
        give_up(netif, check, arp->shwaddr.addr);
    } else if (check->state == ACD_STATE_ONGOING && claims) {
        defend(netif, check, arp->shwaddr.addr);
    }
}

void acd_arp_reply(struct netif *netif, struct etharp_hdr *arp)
{
    if (memcmp(arp->shwaddr.addr, netif->hwaddr, ETH_HWADDR_LEN) == 0) {
        return;
    }
    struct acd *next = NULL;
    for (struct acd *check = netif->acd_list; check != NULL; check = next) {
        next = check->next; /* a callback may remove it */
        meet_claim(netif, check, arp);
    }
}

/* A renewed lease may name another address, without a check: the server has made one. */
void acd_netif_ip_addr_changed(struct netif *netif, const ip_addr_t *old_ip,
                               const ip_addr_t *new_ip)
{
    for (struct acd *check = netif->acd_list; check != NULL; check = check->next) {
        if (check->state != ACD_STATE_ONGOING || !ip4_addr_eq(&check->ipaddr, ip_2_ip4(old_ip))) {
            continue;
        }
        if (ip4_addr_isany(ip_2_ip4(new_ip))) {
            check->state = ACD_STATE_OFF;
        } else {
            check->ipaddr = *ip_2_ip4(new_ip);
        }
    }
}

/* For lwIP the link never goes down: see net_device_add. */
void acd_network_changed_link_down(struct netif *netif)
{
    (void)netif;
}
