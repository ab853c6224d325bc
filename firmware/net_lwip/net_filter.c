/* Looks at IPv4 packets before lwIP does: takes out what mDNS must not see, and tells a connect of
 * the ICMP message that says it is in vain, which lwIP drops. */
#include "lwip/opt.h"

#include <string.h>

#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "lwip_hooks.h"
#include "net_filter.h"
#include "net_lwip.h"

#define IP4_HEADER_LEN 20 /* lwIP drops packets with options (IP_OPTIONS_ALLOWED) */

/* RFC 792: nobody listens at the port; also what a firewall likes to say. */
#define ICMP4_PORT_UNREACHABLE 3
#define ICMP4_TOO_BIG 4

void net_filter_read_tcp(const uint8_t *tcp, struct quoted_segment *out)
{
    out->source_port = load_be16(tcp);
    out->destination_port = load_be16(tcp + 2);
    out->sequence = (uint32_t)load_be16(tcp + 4) << 16 | load_be16(tcp + 6);
}

/* RFC 5927 section 4.1: whoever did not see the SYN cannot know its sequence number. */
static bool is_its_syn(const struct tcp_pcb *pcb, const struct quoted_segment *segment)
{
    return pcb->state == SYN_SENT && pcb->local_port == segment->source_port &&
           pcb->remote_port == segment->destination_port && pcb->lastack == segment->sequence &&
           ip_addr_eq(&pcb->remote_ip, &segment->destination) &&
           ip_addr_eq(&pcb->local_ip, &segment->source);
}

/* The connect that the segment belongs to came to nothing. One that is connected goes on: the
 * network may mend (RFC 1122 section 4.2.3.9). */
void net_filter_tell_connect(struct net *net, const struct quoted_segment *segment,
                             enum net_outcome why)
{
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        const struct tcp_pcb *pcb = net_neighbour_connecting(&net->sockets[i]);
        if (pcb != NULL && is_its_syn(pcb, segment)) {
            net_neighbour_give_up(&net->sockets[i], why);
            return;
        }
    }
}

static bool is_checksum_right4(struct pbuf *packet)
{
    pbuf_remove_header(packet, IP4_HEADER_LEN);
    bool is_right = inet_chksum_pbuf(packet) == 0;
    pbuf_add_header_force(packet, IP4_HEADER_LEN);
    return is_right;
}

static void read_unreachable4(struct net *net, struct pbuf *packet)
{
    const uint8_t *icmp = (const uint8_t *)packet->payload + IP4_HEADER_LEN;
    const uint8_t *quoted = icmp + ICMP_HEADER_LEN;
    bool is_tcp = quoted[0] == 0x45 && quoted[9] == IP_PROTO_TCP;
    if (icmp[0] != ICMP_DUR || icmp[1] == ICMP4_TOO_BIG || !is_tcp || !is_checksum_right4(packet)) {
        return;
    }
    struct quoted_segment segment;
    memset(&segment, 0, sizeof(segment));
    IP_SET_TYPE_VAL(segment.source, IPADDR_TYPE_V4);
    IP_SET_TYPE_VAL(segment.destination, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(&segment.source)->addr, quoted + 12, 4);
    memcpy(&ip_2_ip4(&segment.destination)->addr, quoted + 16, 4);
    net_filter_read_tcp(quoted + IP4_HEADER_LEN, &segment);
    net_filter_tell_connect(net, &segment,
                            icmp[1] == ICMP4_PORT_UNREACHABLE ? NET_REFUSED : NET_UNREACHABLE);
}

static bool may_enter4(struct net *net, const uint8_t *ip, size_t len)
{
    size_t header_len = (size_t)(ip[0] & 0x0f) * 4;
    if (len < IP4_HEADER_LEN || ip[9] != IP_PROTO_UDP || len < header_len + UDP_PORTS_LEN) {
        return true;
    }
    ip_addr_t source;
    IP_SET_TYPE_VAL(source, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(&source)->addr, ip + 12, 4);
    return net_mdns_takes(net, load_be16(ip + header_len + 2), &source);
}

int net_filter_ip4(struct pbuf *packet, struct netif *netif)
{
    const uint8_t *ip = packet->payload;
    if (!may_enter4(netif->state, ip, packet->len)) {
        pbuf_free(packet);
        return 1;
    }
    size_t quoting_len = 2 * IP4_HEADER_LEN + ICMP_HEADER_LEN + TCP_START_LEN;
    if (packet->len >= quoting_len && ip[0] == 0x45 && ip[9] == IP_PROTO_ICMP &&
        load_be16(ip + 2) == packet->tot_len) {
        read_unreachable4(netif->state, packet);
    }
    return 0;
}
