/* What --netif may say on POSIX sockets: nothing to choose, the system's own stack is used. */
#include <string.h>

#include "netif_spec.h"

const char *netif_spec_default(const char *board_default)
{
    (void)board_default; /* names an interface for our own stack */
    return "posix:";
}

bool netif_spec_valid(const char *spec)
{
    return strcmp(spec, "posix:") == 0;
}

const char *netif_spec_allowed(void)
{
    return "posix: (this firmware uses the system's sockets)";
}

/* Whatever addresses the system has, as if DHCP had given them. */
const char *netif_spec_default_ip(const char *board_default)
{
    (void)board_default;
    return "dhcp";
}

bool netif_spec_valid_ip(const uint8_t address[4])
{
    (void)address;
    return true;
}

bool netif_spec_valid_ip6(const uint8_t address[16], unsigned prefix_len)
{
    (void)address;
    (void)prefix_len;
    return true;
}

const char *netif_spec_allowed_ip6(void)
{
    return "auto, off, or the address of a host and its prefix length, such as 2001:db8::2/64";
}

bool netif_spec_has_ip6(void)
{
    return true;
}

bool netif_spec_has_mdns(void)
{
    return false;
}

const char *netif_spec_allowed_mdns(void)
{
    return "off (this firmware uses the system's sockets, and the system's name)";
}

bool netif_spec_has_sntp(void)
{
    return false;
}

const char *netif_spec_allowed_sntp(void)
{
    return "left out (this firmware uses the system's sockets, and the system's clock)";
}
