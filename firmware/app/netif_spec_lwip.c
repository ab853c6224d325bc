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
