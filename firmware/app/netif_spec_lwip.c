/* What --netif may say on lwIP: a TAP device, a real interface, or a stream of frames. */
#include <stddef.h>
#include <string.h>

#include "netif_spec.h"

static const char *const forms[] = {"tap:", "packet:", "stream:connect=", "stream:listen="};

const char *netif_spec_default(const char *board_default)
{
    return board_default;
}

/* Whether the name after the prefix is one that can exist, opening it will tell. */
bool netif_spec_valid(const char *spec)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t form_len = strlen(forms[i]);
        if (strncmp(spec, forms[i], form_len) == 0) {
            return spec[form_len] != '\0';
        }
    }
    return false;
}

const char *netif_spec_allowed(void)
{
    return "tap:NAME, packet:IFNAME, stream:connect=PATH or stream:listen=PATH";
}

const char *netif_spec_default_ip(const char *board_default)
{
    return board_default;
}

/* Our own stack has no loopback interface. */
bool netif_spec_valid_ip(const uint8_t address[4])
{
    return address[0] != 127;
}

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
