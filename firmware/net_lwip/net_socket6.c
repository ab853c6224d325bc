/* IPv6 addresses as lwIP and the seam have them. */
#include "lwip/opt.h"

#include <string.h>

#include "lwip/sockets.h"
#include "net_lwip.h"

void net_socket6_from_ip(const ip_addr_t *ip, struct net_address *out)
{
    out->family = NET_FAMILY_IPV6;
    memcpy(out->bytes, ip_2_ip6(ip)->addr, sizeof(ip_2_ip6(ip)->addr));
}

void net_socket6_to_ip(const struct net_address *address, ip_addr_t *out)
{
    IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(out)->addr, address->bytes, sizeof(ip_2_ip6(out)->addr));
}

size_t net_socket6_to_sockaddr(const struct net_address *address, struct sockaddr_storage *out)
{
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6, .sin6_port = lwip_htons(address->port)};
    memcpy(&ip6.sin6_addr, address->bytes, sizeof(ip6.sin6_addr));
    memcpy(out, &ip6, sizeof(ip6));
    return sizeof(ip6);
}
