/* Where IPv6 packets go first: what lwIP knows of routers and neighbours. Under the core lock. */
#include "lwip/opt.h"

#include "lwip/priv/nd6_priv.h"
#include "net_lwip.h"

/* True if ip is in a network of ours: one that a router has announced as such, or a static
 * address's. */
static bool is_near(const struct net *net, const ip6_addr_t *ip)
{
    for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++) {
        if (prefix_list[i].netif != NULL && ip6_addr_net_eq(ip, &prefix_list[i].prefix)) {
            return true;
        }
    }
    return ip6_addr_islinklocal(ip) ||
           (net->address6.mode == NET_IP6_STATIC && ip6_addr_net_eq(ip, &net->address6.ip));
}

static bool has_source(const struct net *net, const ip6_addr_t *ip)
{
    bool has_link_local = !ip6_addr_isany(&net->status.ip6.known[0]);
    return ip6_addr_islinklocal(ip) ? has_link_local
                                    : net->status.status.ip6.family != NET_FAMILY_NONE;
}

static bool has_router(void)
{
    for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        if (default_router_list[i].neighbor_entry != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_answered(const struct nd6_neighbor_cache_entry *entry)
{
    return entry->state != ND6_NO_ENTRY && entry->state != ND6_INCOMPLETE;
}

bool net_neighbour6_is_near(const struct net *net, const ip_addr_t *ip)
{
    return is_near(net, ip_2_ip6(ip));
}

bool net_neighbour6_has_route(const struct net *net, const ip_addr_t *ip)
{
    const ip6_addr_t *ip6 = ip_2_ip6(ip);
    return has_source(net, ip6) && (is_near(net, ip6) || has_router());
}

bool net_neighbour6_is_there(const struct net *net, const ip_addr_t *ip)
{
    const ip6_addr_t *ip6 = ip_2_ip6(ip);
    bool is_on_segment = is_near(net, ip6);
    for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        const struct nd6_neighbor_cache_entry *entry = &neighbor_cache[i];
        bool is_next_hop =
            is_on_segment ? ip6_addr_eq(&entry->next_hop_address, ip6) : entry->isrouter;
        if (is_next_hop && has_answered(entry)) {
            return true;
        }
    }
    return false;
}
