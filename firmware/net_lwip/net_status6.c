/* What is known, and logged, of our IPv6 addresses. Everything here runs under the core lock. */
#include "lwip/opt.h"

#include <string.h>

#include "net_lwip.h"

#define IP_TEXT_MAX (IP6ADDR_STRLEN_MAX + 4) /* "2001:db8::2/64" */

/* RFC 5952 section 4.3: in lower case. */
static const char *format_ip6(char out[IP_TEXT_MAX], const ip6_addr_t *ip)
{
    ip6addr_ntoa_r(ip, out, IP_TEXT_MAX);
    for (char *at = out; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
    }
    return out;
}

void net_status_log_conflict6(enum log_level level, const ip6_addr_t *ip)
{
    char text[IP_TEXT_MAX];
    log_event(level, "net", "net_conflict", "ip=%s mac=unknown", format_ip6(text, ip));
}

static void log_ip6_up(const struct net *net, const ip6_addr_t *ip)
{
    char text[IP_TEXT_MAX];
    /* Every netif has a link-local one, whose name says little to a user. */
    net_status_log_up(net, ip6_addr_islinklocal(ip) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                      format_ip6(text, ip), 64, "");
}

/* Brings what is known of one address up to date; ip is "::" while there is none at its place. True
 * if it is a new one. */
static bool note_place6(struct net *net, int place, const ip6_addr_t *ip)
{
    ip6_addr_t *known = &net->status.ip6.known[place];
    if (ip6_addr_eq(known, ip)) {
        return false;
    }
    if (!ip6_addr_isany(known) && !ip6_addr_islinklocal(known)) {
        char text[IP_TEXT_MAX];
        net_status_log_lost(net, "lifetime_over", format_ip6(text, known));
    }
    *known = *ip;
    net_event_wake(&net->event);
    return !ip6_addr_isany(ip);
}

static void note_ip6_of_status(struct net *net)
{
    struct net_address *out = &net->status.status.ip6;
    const ip6_addr_t *ip = net_address6_find(net);
    memset(out, 0, sizeof(*out));
    if (ip != NULL) {
        out->family = NET_FAMILY_IPV6;
        memcpy(out->bytes, ip->addr, sizeof(ip->addr));
    }
}

unsigned net_status6_note(struct net *net)
{
    const struct netif *netif = &net->device.netif;
    const ip6_addr_t none = {{0}};
    unsigned changed = 0;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        bool is_valid = ip6_addr_isvalid(netif_ip6_addr_state(netif, i)) != 0;
        bool is_new = note_place6(net, i, is_valid ? netif_ip6_addr(netif, i) : &none);
        changed |= is_new ? 1U << i : 0;
    }
    note_ip6_of_status(net);
    return changed;
}

void net_status6_log(const struct net *net, unsigned places)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if ((places & 1U << i) != 0) {
            log_ip6_up(net, &net->status.ip6.known[i]);
        }
    }
}

unsigned net_status6_places(const struct net *net)
{
    unsigned places = 0;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        places |= ip6_addr_isany(&net->status.ip6.known[i]) ? 0 : 1U << i;
    }
    return places;
}
