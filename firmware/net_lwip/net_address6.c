/* Our IPv6 addresses: link-local, static, and for each prefix that a router announces. lwIP checks
 * them for duplicates (RFC 4862) and keeps their lifetimes. Everything here runs under the core
 * lock. */
#include "lwip/opt.h"

#include <string.h>

#include "log_port.h"
#include "lwip/ethip6.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/timeouts.h"
#include "lwip_hooks.h"
#include "net_lwip.h"
#include "siphash.h"

#define LINK_LOCAL 0 /* the place of that address among the netif's; lwIP insists */
#define STATIC 1

/* RFC 7217 section 6: how long to wait after a duplicate, and how often to make another one. */
#define RETRY_MS 1000
#define RETRIES_MAX 3

/* ---- Interface identifiers ---------------------------------------------------------------------
 */

/* RFC 7217 section 5: F(prefix, interface, network, how many duplicates, key). Stable here, another
 * one in another network, and nobody can tell that the two are one board. */
static void make_id(const struct net *net, ip6_addr_t *ip, uint8_t duplicates)
{
    const struct netif *netif = &net->device.netif;
    uint8_t input[8 + ETH_HWADDR_LEN + 1];
    memcpy(input, ip->addr, 8);
    memcpy(input + 8, netif->hwaddr, ETH_HWADDR_LEN);
    input[8 + ETH_HWADDR_LEN] = duplicates;
    uint64_t id = siphash(net->address6.key, input, sizeof(input));
    memcpy(&ip->addr[2], &id, sizeof(id));
}

void net_address6_make_id(const struct netif *netif, ip6_addr_t *ip)
{
    make_id(netif->state, ip, 0);
}

/* ---- Duplicates --------------------------------------------------------------------------------
 */

static bool is_own_choice(const struct netif *netif, int place)
{
    return place == LINK_LOCAL || !netif_ip6_addr_isstatic(netif, place);
}

/* Puts another address of the same prefix in place of one that another host has. */
static void replace(struct net *net, int place)
{
    struct netif *netif = &net->device.netif;
    uint8_t *duplicates = &net->address6.duplicates[place];
    if (*duplicates >= RETRIES_MAX) {
        return;
    }
    (*duplicates)++;
    ip6_addr_t ip = *netif_ip6_addr(netif, place);
    make_id(net, &ip, *duplicates);
    netif_ip6_addr_set_state(netif, (s8_t)place, IP6_ADDR_INVALID);
    ip_addr_copy_from_ip6(netif->ip6_addr[place], ip);
    netif_ip6_addr_set_state(netif, (s8_t)place, IP6_ADDR_TENTATIVE);
}

static void replace_duplicates(void *arg)
{
    struct net *net = arg;
    const struct netif *netif = &net->device.netif;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_isduplicated(netif_ip6_addr_state(netif, i)) && is_own_choice(netif, i)) {
            replace(net, i);
        }
    }
}

/* Another host has the address at place. */
static void meet_duplicate(struct net *net, int place)
{
    const struct netif *netif = &net->device.netif;
    bool is_fatal = !is_own_choice(netif, place);
    net_status_log_conflict6(is_fatal ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
                             netif_ip6_addr(netif, place));
    if (is_fatal) {
        net_status_set_conflict(net);
        return;
    }
    sys_untimeout(replace_duplicates, net);
    sys_timeout(RETRY_MS, replace_duplicates, net);
    net_kick_timers();
}

void net_address6_note_duplicates(struct net *net)
{
    const struct netif *netif = &net->device.netif;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        bool *is_duplicate = &net->address6.is_duplicate[i];
        bool was_duplicate = *is_duplicate;
        *is_duplicate = ip6_addr_isduplicated(netif_ip6_addr_state(netif, i));
        if (*is_duplicate && !was_duplicate) {
            meet_duplicate(net, i);
        }
    }
}

/* ---- Which one ---------------------------------------------------------------------------------
 */

const ip6_addr_t *net_address6_find(const struct net *net)
{
    const struct netif *netif = &net->device.netif;
    const ip6_addr_t *found = NULL;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        uint8_t state = netif_ip6_addr_state(netif, i);
        const ip6_addr_t *ip = netif_ip6_addr(netif, i);
        bool counts = ip6_addr_isvalid(state) && !ip6_addr_islinklocal(ip);
        if (counts && ip6_addr_ispreferred(state)) {
            return ip;
        }
        found = counts ? ip : found;
    }
    return found;
}

/* ---- Open, close, link -------------------------------------------------------------------------
 */

void net_address6_open(struct net *net, const struct net_config *config)
{
    struct net_own_address6 *own = &net->address6;
    own->mode = config->ip6_mode;
    memcpy(own->ip.addr, config->ip6, sizeof(own->ip.addr));
    memcpy(own->key, config->ip6_key, sizeof(own->key));
}

void net_address6_init_netif(struct netif *netif)
{
    netif->flags |= NETIF_FLAG_MLD6;
    netif->output_ip6 = ethip6_output;
}

void net_address6_close(struct net *net)
{
    sys_untimeout(replace_duplicates, net);
}

static void add_link_local(struct net *net)
{
    struct netif *netif = &net->device.netif;
    ip6_addr_t ip;
    IP6_ADDR(&ip, PP_HTONL(0xfe800000UL), 0, 0, 0);
    make_id(net, &ip, 0);
    netif_ip6_addr_set(netif, LINK_LOCAL, &ip);
    netif_ip6_addr_set_state(netif, LINK_LOCAL, IP6_ADDR_TENTATIVE);
}

void net_address6_start(struct net *net)
{
    const struct net_own_address6 *own = &net->address6;
    struct netif *netif = &net->device.netif;
    if (own->mode == NET_IP6_OFF) {
        return;
    }
    add_link_local(net);
    netif->ip6_autoconfig_enabled = own->mode == NET_IP6_AUTO;
    if (own->mode == NET_IP6_STATIC) {
        netif_ip6_addr_set(netif, STATIC, &own->ip);
        netif_ip6_addr_set_state(netif, STATIC, IP6_ADDR_TENTATIVE);
    }
}

static void deprecate(struct netif *netif, s8_t i)
{
    netif_ip6_addr_set_pref_life(netif, i, 0);
    netif_ip6_addr_set_state(netif, i, IP6_ADDR_DEPRECATED);
}

/* The link came back, perhaps in another network. Addresses of the old one stay for the sessions
 * that live on them, but new connections take others as soon as there are any; a router that
 * announces the prefix again puts that right. */
void net_address6_renew(struct net *net)
{
    struct netif *netif = &net->device.netif;
    if (net->address6.mode == NET_IP6_OFF) {
        return;
    }
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        bool is_preferred = ip6_addr_ispreferred(netif_ip6_addr_state(netif, i));
        if (is_preferred && !netif_ip6_addr_isstatic(netif, i)) {
            deprecate(netif, i);
        }
    }
    nd6_restart_netif(netif); /* asks for routers */
    mld6_report_groups(netif);
}
