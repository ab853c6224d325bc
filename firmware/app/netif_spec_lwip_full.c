/* What --ip6, --mdns and --sntp may say on lwIP. */
#include <string.h>

#include "netif_spec.h"

/* lwIP's networks are all /64, and routers announce no others for hosts to make addresses in. */
bool netif_spec_valid_ip6(const uint8_t address[16], unsigned prefix_len)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return prefix_len == 64 && memcmp(address, loopback, sizeof(loopback)) != 0;
}

const char *netif_spec_allowed_ip6(void)
{
    return "auto, off, or the address of a host and /64, such as 2001:db8::2/64";
}

bool netif_spec_has_ip6(void)
{
    return true;
}

bool netif_spec_has_mdns(void)
{
    return true;
}

const char *netif_spec_allowed_mdns(void)
{
    return "on or off";
}

bool netif_spec_has_sntp(void)
{
    return true;
}

const char *netif_spec_allowed_sntp(void)
{
    return "a host name, an IPv4 address, or dhcp";
}
