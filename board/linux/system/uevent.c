/* Reads the kernel's messages about devices. */
#include "uevent.h"

#include <string.h>

/* The value of the pair if its key is this one (with its "="). */
static void take(const char *pair, const char *key, const char **out)
{
    size_t len = strlen(key);
    if (strncmp(pair, key, len) == 0) {
        *out = pair + len;
    }
}

bool uevent_parse(const char *message, size_t len, struct uevent *out)
{
    *out = (struct uevent){.action = NULL};
    if (len == 0 || message[len - 1] != '\0' || strchr(message, '@') == NULL) {
        return false;
    }
    for (const char *pair = message + strlen(message) + 1; pair < message + len;
         pair += strlen(pair) + 1) {
        take(pair, "ACTION=", &out->action);
        take(pair, "SUBSYSTEM=", &out->subsystem);
        take(pair, "DEVNAME=", &out->device);
        take(pair, "DEVTYPE=", &out->type);
        take(pair, "INTERFACE=", &out->interface);
    }
    return out->action != NULL && out->subsystem != NULL;
}
