/* What IPv6 adds to the files of this backend. Each of these functions is in the file of its name;
 * in a firmware without IPv6 all of them are in net_ip6_none.c, and know no address. */
#ifndef NET_IP6_H
#define NET_IP6_H

#include "lwip/opt.h"

#include "log_port.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "net_port.h"
#include "siphash.h"

struct net;
struct sockaddr_storage;

#if LWIP_IPV6
/* Our IPv6 addresses. Under the core lock. */
struct net_own_address6 {
    enum net_ip6_mode mode;
    ip6_addr_t ip; /* as configured */
    uint8_t key[SIPHASH_KEY_LEN];
    bool is_duplicate[LWIP_IPV6_NUM_ADDRESSES];  /* noted: another host has it */
    uint8_t duplicates[LWIP_IPV6_NUM_ADDRESSES]; /* how often that was so at this place */
};

/* What the log was told of them. */
struct net_known_ip6 {
    ip6_addr_t known[LWIP_IPV6_NUM_ADDRESSES]; /* "::": none at this place */
};

/* The address to be reached by from beyond the segment, or NULL. Under the core lock. */
const ip6_addr_t *net_address6_find(const struct net *net);
/* Logs that another host has, or claims, an address of ours. */
void net_status_log_conflict6(enum log_level level, const ip6_addr_t *ip);
#else
struct net_own_address6 {
    enum net_ip6_mode mode; /* OFF */
};

struct net_known_ip6 {
    bool is_any; /* false */
};
#endif

/* ---- net_address6.c: all under the core lock ---------------------------------------------------
 */

void net_address6_open(struct net *net, const struct net_config *config);
void net_address6_close(struct net *net);
/* The netif is made: what it does with IPv6 packets. */
void net_address6_init_netif(struct netif *netif);
/* The link is up for the first time, or again. */
void net_address6_start(struct net *net);
void net_address6_renew(struct net *net);
/* Looks for addresses that lwIP has found another host to have. */
void net_address6_note_duplicates(struct net *net);

/* ---- net_status6.c: all under the core lock ----------------------------------------------------
 */

/* Brings what is known up to date. Returns a bit for each place with a new address. */
unsigned net_status6_note(struct net *net);
/* A bit for each place with an address. */
unsigned net_status6_places(const struct net *net);
/* Logs the addresses at these places. */
void net_status6_log(const struct net *net, unsigned places);

/* ---- net_neighbour6.c: all under the core lock; ip is an IPv6 address --------------------------
 */

/* True if ip is on our segment. */
bool net_neighbour6_is_near(const struct net *net, const ip_addr_t *ip);
/* True if we have an address to send from, and ip is on our segment or behind a router. */
bool net_neighbour6_has_route(const struct net *net, const ip_addr_t *ip);
/* True if who packets to ip go to first has answered. */
bool net_neighbour6_is_there(const struct net *net, const ip_addr_t *ip);

/* ---- net_socket6.c: forms of an IPv6 address ---------------------------------------------------
 */

/* out has been zeroed. */
void net_socket6_from_ip(const ip_addr_t *ip, struct net_address *out);
void net_socket6_to_ip(const struct net_address *address, ip_addr_t *out);
/* Returns the length of lwIP's own form. */
size_t net_socket6_to_sockaddr(const struct net_address *address, struct sockaddr_storage *out);

#endif
