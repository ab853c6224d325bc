/* Makes the names that a host tries by turns. */
#include "mdns_name.h"

#include <stdio.h>
#include <string.h>

void mdns_name_make(char out[MDNS_NAME_MAX + 1], const char *host_name, unsigned number)
{
    char suffix[16] = "";
    if (number > 1) {
        (void)snprintf(suffix, sizeof(suffix), "-%u", number);
    }
    int room = MDNS_NAME_MAX - (int)strlen(suffix);
    (void)snprintf(out, MDNS_NAME_MAX + 1, "%.*s%s", room, host_name, suffix);
}
