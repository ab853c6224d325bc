/* No mDNS: what net_mdns.c promises, in a firmware whose IP stack is built without it. */
#include "net_lwip.h"

void net_mdns_open(struct net *net, const struct net_config *config)
{
    (void)net;
    (void)config;
}

void net_mdns_close(struct net *net)
{
    (void)net;
}

void net_mdns_follow(struct net *net, enum net_mdns_change change)
{
    (void)net;
    (void)change;
}

bool net_mdns_takes(struct net *net, uint16_t udp_port, const ip_addr_t *source)
{
    (void)net;
    (void)udp_port;
    (void)source;
    return true;
}

bool net_mdns_was_received(struct net *net)
{
    (void)net;
    return false;
}
