/* What the kernel says of a device that appears or goes (kernel: lib/kobject_uevent.c). */
#ifndef UEVENT_H
#define UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/* Longest message, in bytes: the kernel's own limit is 2048 and a path. */
#define UEVENT_MAX 8192

/* NULL: the message does not say. */
struct uevent {
    const char *action;    /* "add", "remove", "change", ... */
    const char *subsystem; /* "block", "net", ... */
    const char *device;    /* of a block device: its name in /dev */
    const char *type;      /* kind of a network device: "wlan", "bridge", ...; Ethernet has none */
    const char *interface; /* of a network device: its name */
};

/* Reads a message of len bytes, "ACTION@PATH" and KEY=VALUE pairs, each ended by a zero byte. The
 * strings of *out point into it. False: it is no such message. */
bool uevent_parse(const char *message, size_t len, struct uevent *out);

#endif
