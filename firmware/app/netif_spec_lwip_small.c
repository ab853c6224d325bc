/* What --ip6, --mdns and --sntp may say on lwIP in the small firmware: nothing but off. */
#include "netif_spec.h"

bool netif_spec_has_ip6(void)
{
    return false;
}

bool netif_spec_valid_ip6(const uint8_t address[16], unsigned prefix_len)
{
    (void)address;
    (void)prefix_len;
    return false;
}

const char *netif_spec_allowed_ip6(void)
{
    return "off (this firmware is built without IPv6)";
}

bool netif_spec_has_mdns(void)
{
    return false;
}

const char *netif_spec_allowed_mdns(void)
{
    return "off (this firmware is built without mDNS)";
}

bool netif_spec_has_sntp(void)
{
    return false;
}

const char *netif_spec_allowed_sntp(void)
{
    return "left out (this firmware is built without a time client)";
}
