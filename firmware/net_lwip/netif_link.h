/* A link: where Ethernet frames come from and go to. Each kind of netif ("tap:", "packet:",
 * "stream:") is one struct link_ops; net_netif.c puts lwIP on top of it.
 *
 * One thread, the receive thread, calls all functions of a link but send, which any thread may call
 * at any time between open and close, one at a time. No function but open blocks. */
#ifndef NETIF_LINK_H
#define NETIF_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net_port.h"

struct pollfd; /* <poll.h>, which clashes with lwIP's sockets: left to those who need it */

/* Longest frame that a link takes or gives, in bytes: what the stream format allows, and more than
 * any frame that a kernel joins from segments. */
#define LINK_FRAME_MAX 65550

/* Descriptors a link waits on at most. */
#define LINK_POLL_MAX 3

struct link_config {
    const char *target; /* what stands after the colon of the netif's spec; borrowed for open */
    uint8_t mac[6];     /* the firmware's hardware address */
};

/* One open link. Each kind embeds this as its first member. */
struct link {
    const struct link_ops *ops;
};

struct link_ops {
    const char *name; /* the word before the colon */

    /* Opens the link. *out is owned by the caller. Errors: MISUSE: target is malformed; FAILED,
     * NO_MEMORY; reason (cap bytes, always terminated) then says what was wrong and what to do. */
    enum net_outcome (*open)(const struct link_config *config, struct link **out, char *reason,
                             size_t cap);

    /* Fills fds (LINK_POLL_MAX of them) with what to wait for; returns how many. *timeout_ms stays
     * as it is (-1) or becomes the time after which to look again without an event. */
    size_t (*prepare)(struct link *link, struct pollfd *fds, int *timeout_ms);

    /* Looks after the link itself once poll has returned: a peer that came, bytes that can go out.
     * Frames are left to receive. */
    void (*service)(struct link *link, const struct pollfd *fds, size_t count);

    /* Takes one frame into buf (LINK_FRAME_MAX bytes). False: there is none now. */
    bool (*receive)(struct link *link, uint8_t *buf, size_t *len);

    /* Sends one frame, borrowed for the call. False: it was dropped. */
    bool (*send)(struct link *link, const uint8_t *frame, size_t len);

    /* True if the link is up; if not, *reason (static) is one word for why. */
    bool (*is_up)(struct link *link, const char **reason);

    /* Closes and frees. */
    void (*close)(struct link *link);
};

extern const struct link_ops link_tap;
extern const struct link_ops link_packet;
extern const struct link_ops link_stream;

/* Finds the ops of spec ("tap:NAME") and the target in it; borrowed from spec. NULL, with reason
 * filled, if there is no such kind or the target is empty. */
const struct link_ops *link_find(const char *spec, const char **target, char *reason, size_t cap);

#endif
