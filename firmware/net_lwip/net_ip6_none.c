/* No IPv6: what net_ip6.h promises, in a firmware whose IP stack is built without it. */
#include "net_ip6.h"

#include "net_lwip.h"

void net_address6_open(struct net *net, const struct net_config *config)
{
    (void)config;
    net->address6.mode = NET_IP6_OFF;
}

void net_address6_close(struct net *net)
{
    (void)net;
}

void net_address6_init_netif(struct netif *netif)
{
    (void)netif;
}

void net_address6_start(struct net *net)
{
    (void)net;
}

void net_address6_renew(struct net *net)
{
    (void)net;
}

void net_address6_note_duplicates(struct net *net)
{
    (void)net;
}

unsigned net_status6_note(struct net *net)
{
    (void)net;
    return 0;
}

unsigned net_status6_places(const struct net *net)
{
    (void)net;
    return 0;
}

void net_status6_log(const struct net *net, unsigned places)
{
    (void)net;
    (void)places;
}

bool net_neighbour6_is_near(const struct net *net, const ip_addr_t *ip)
{
    (void)net;
    (void)ip;
    return false;
}

bool net_neighbour6_has_route(const struct net *net, const ip_addr_t *ip)
{
    (void)net;
    (void)ip;
    return false;
}

bool net_neighbour6_is_there(const struct net *net, const ip_addr_t *ip)
{
    (void)net;
    (void)ip;
    return false;
}

void net_socket6_from_ip(const ip_addr_t *ip, struct net_address *out)
{
    (void)ip;
    (void)out;
}

void net_socket6_to_ip(const struct net_address *address, ip_addr_t *out)
{
    (void)address;
    (void)out;
}

size_t net_socket6_to_sockaddr(const struct net_address *address, struct sockaddr_storage *out)
{
    (void)address;
    (void)out;
    return 0;
}
