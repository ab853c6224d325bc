/* Looks at IPv6 packets before lwIP does: takes out the headers that nobody here needs and what
 * mDNS must not see, and tells a connect of the ICMP message that says it is in vain. */
#include "lwip/opt.h"

#include <string.h>

#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/mld6.h"
#include "lwip_hooks.h"
#include "net_filter.h"
#include "net_lwip.h"

#define IP6_HEADER_LEN 40

/* RFC 4443 section 3.1: nobody listens at the port; also what a firewall likes to say. */
#define ICMP6_PORT_UNREACHABLE 4

static bool is_checksum_right6(struct pbuf *packet, const uint8_t *ip)
{
    ip6_addr_t source, destination;
    memcpy(source.addr, ip + 8, sizeof(source.addr));
    memcpy(destination.addr, ip + 24, sizeof(destination.addr));
    pbuf_remove_header(packet, IP6_HEADER_LEN);
    bool is_right =
        ip6_chksum_pseudo(packet, IP6_NEXTH_ICMP6, packet->tot_len, &source, &destination) == 0;
    pbuf_add_header_force(packet, IP6_HEADER_LEN);
    return is_right;
}

static void read_unreachable6(struct net *net, struct pbuf *packet)
{
    const uint8_t *ip = packet->payload;
    const uint8_t *icmp = ip + IP6_HEADER_LEN;
    const uint8_t *quoted = icmp + ICMP_HEADER_LEN;
    if (icmp[0] != ICMP6_TYPE_DUR || quoted[6] != IP6_NEXTH_TCP ||
        !is_checksum_right6(packet, ip)) {
        return;
    }
    struct quoted_segment segment;
    memset(&segment, 0, sizeof(segment));
    IP_SET_TYPE_VAL(segment.source, IPADDR_TYPE_V6);
    IP_SET_TYPE_VAL(segment.destination, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(&segment.source)->addr, quoted + 8, 16);
    memcpy(ip_2_ip6(&segment.destination)->addr, quoted + 24, 16);
    net_filter_read_tcp(quoted + IP6_HEADER_LEN, &segment);
    net_filter_tell_connect(net, &segment,
                            icmp[1] == ICMP6_PORT_UNREACHABLE ? NET_REFUSED : NET_UNREACHABLE);
}

/* The one message that comes behind an extension header: multicast routers ask which groups are
 * wanted (RFC 2710, RFC 3810), with a hop-by-hop header of 8 bytes. */
static bool is_group_query(const uint8_t *ip, size_t len)
{
    const uint8_t *options = ip + IP6_HEADER_LEN;
    return len > IP6_HEADER_LEN + 8 && options[0] == IP6_NEXTH_ICMP6 && options[1] == 0 &&
           options[8] == ICMP6_TYPE_MLQ;
}

static bool may_enter6(struct net *net, const uint8_t *ip, size_t len)
{
    if (len < IP6_HEADER_LEN + UDP_PORTS_LEN) {
        return true;
    }
    ip_addr_t source;
    memset(&source, 0, sizeof(source));
    IP_SET_TYPE_VAL(source, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(&source)->addr, ip + 8, 16);
    return net_mdns_takes(net, load_be16(ip + IP6_HEADER_LEN + 2), &source);
}

/* True if a packet with this beginning is of any use. */
static bool is_wanted6(struct net *net, const uint8_t *ip, size_t len)
{
    if (net->address6.mode == NET_IP6_OFF) {
        return false;
    }
    switch (ip[6]) {
    case IP6_NEXTH_UDP:
        return may_enter6(net, ip, len);
    case IP6_NEXTH_TCP:
    case IP6_NEXTH_ICMP6:
        return true;
    case IP6_NEXTH_HOPBYHOP:
        return is_group_query(ip, len);
    default:
        return false; /* fragments, routing headers, options, tunnels */
    }
}

int net_filter_ip6(struct pbuf *packet, struct netif *netif)
{
    struct net *net = netif->state;
    const uint8_t *ip = packet->payload;
    if (packet->len < IP6_HEADER_LEN || !is_wanted6(net, ip, packet->len)) {
        pbuf_free(packet);
        return 1;
    }
    size_t quoting_len = 2 * IP6_HEADER_LEN + ICMP_HEADER_LEN + TCP_START_LEN;
    if (ip[6] == IP6_NEXTH_ICMP6 && packet->len >= quoting_len &&
        load_be16(ip + 4) + IP6_HEADER_LEN == packet->tot_len) {
        read_unreachable6(net, packet);
    }
    return 0;
}
