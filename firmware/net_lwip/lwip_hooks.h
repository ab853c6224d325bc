/* What lwIP calls in the firmware by a hook of its own (LWIP_HOOK_FILENAME). */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include <stdint.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "net_time_hooks.h"

struct dhcp;
struct netif;
struct pbuf;
struct dhcp_msg;
struct tcp_hdr;
struct tcp_pcb;

/* A new connection's initial sequence number that nobody else can foresee (RFC 6528). */
uint32_t net_random_isn(const ip_addr_t *local_ip, uint16_t local_port, const ip_addr_t *remote_ip,
                        uint16_t remote_port);

#define LWIP_HOOK_TCP_ISN net_random_isn

/* Adds to the options of a DHCP message what lwIP leaves out; *options_len is their length. */
void net_dhcp_add_options(const struct dhcp *dhcp, struct dhcp_msg *message, uint8_t type,
                          uint16_t *options_len);

#define LWIP_HOOK_DHCP_APPEND_OPTIONS(netif, dhcp, state, message, type, options_len)              \
    net_dhcp_add_options(dhcp, message, type, options_len)

#define LWIP_HOOK_SNTP_RESPONSE net_time_accepts

/* How many seconds what mDNS says holds: ttl_s, or 0 while we say that we leave. */
uint32_t net_mdns_lifetime(uint32_t ttl_s);

#define LWIP_HOOK_MDNS_TTL net_mdns_lifetime

/* A segment for pcb, which may be a listener, is about to be dealt with. ERR_OK: go on. Else it is
 * dropped, as if it had been lost. */
err_t net_budget_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p);

#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options_len, options1_len, options2, p)            \
    net_budget_segment(pcb, header, p)

/* How much of its window a connection's peer may be offered now. */
uint32_t net_budget_offered(const struct tcp_pcb *pcb);

#define LWIP_HOOK_TCP_OFFERED_WND net_budget_offered

/* Look at a packet that came in, before lwIP does. Not 0: it was taken, and freed. */
int net_filter_ip4(struct pbuf *packet, struct netif *netif);

#define LWIP_HOOK_IP4_INPUT net_filter_ip4

#if LWIP_IPV6
int net_filter_ip6(struct pbuf *packet, struct netif *netif);

#define LWIP_HOOK_IP6_INPUT net_filter_ip6

/* Fills in the interface identifier, the second half, of an address whose prefix is there. */
void net_address6_make_id(const struct netif *netif, ip6_addr_t *ip);

#define LWIP_HOOK_ND6_INTERFACE_ID net_address6_make_id
#endif

#endif
