/* Finds the kind of link that a netif's spec names. */
#include "netif_link.h"

#include <stdio.h>
#include <string.h>

static const struct link_ops *const kinds[] = {&link_tap, &link_packet, &link_stream};

const struct link_ops *link_find(const char *spec, const char **target, char *reason, size_t cap)
{
    *target = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t name_len = strlen(kinds[i]->name);
        if (strncmp(spec, kinds[i]->name, name_len) != 0 || spec[name_len] != ':') {
            continue;
        }
        if (spec[name_len + 1] == '\0') {
            snprintf(reason, cap, "the netif \"%s\" names nothing after the colon", spec);
            return NULL;
        }
        *target = spec + name_len + 1;
        return kinds[i];
    }
    snprintf(reason, cap,
             "there is no netif \"%s\": use tap:NAME, packet:IFNAME, stream:connect=PATH or "
             "stream:listen=PATH",
             spec);
    return NULL;
}
