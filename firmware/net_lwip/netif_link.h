/* A link: where Ethernet frames come from and go to. Each kind of netif ("tap:", "packet:",
 * "stream:") is one struct link_ops; net_netif.c puts lwIP on top of it.
 *
 * One thread, the receive thread, calls all functions of a link but those that send, which any
 * thread may call at any time between open and close, one at a time; and see frames_fd. No function
 * but open blocks.
 */
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
    bool use_offload;   /* where the system offers it: see has_offload */
};

/* One piece of a frame. */
struct link_part {
    const uint8_t *bytes;
    size_t len;
};

/* Pieces of a frame at most: headers, and more segments than there are in a send buffer. */
#define LINK_PARTS_MAX 130

/* A frame of TCP whose checksum is left to the system: in its place is the sum of the
 * pseudo-header. The system also cuts it into segments, if it is longer than one. */
struct link_offloaded {
    const struct link_part *parts;
    size_t part_count; /* LINK_PARTS_MAX at most */
    size_t len;        /* of all parts */
    size_t headers_len;
    size_t checksum_start;  /* what is summed begins here */
    size_t checksum_offset; /* the checksum is so much behind that */
    size_t segment_len;     /* payload of each segment; 0: it is one segment */
    bool is_ip6;
};

/* One open link. Each kind embeds this as its first member. */
struct link {
    const struct link_ops *ops;
    /* Received frames may be joined from many segments and come without a checksum, and
     * send_offloaded works. Does not change. */
    bool has_offload;
    /* Readable when there is a frame. Then not only the receive thread may call receive, but any,
     * one at a time. -1: it alone. Does not change. */
    int frames_fd;
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

    /* Takes one frame into buf (LINK_FRAME_MAX bytes). *is_checked: the checksum of TCP or UDP in
     * it needs no look: the system has checked it, or it never left this machine (then it may not
     * even be made). Never so without has_offload. False: there is no frame now. */
    bool (*receive)(struct link *link, uint8_t *buf, size_t *len, bool *is_checked);

    /* Sends one frame, borrowed for the call. False: it was dropped. */
    bool (*send)(struct link *link, const uint8_t *frame, size_t len);

    /* The same for one with offload. NULL where has_offload is never true. */
    bool (*send_offloaded)(struct link *link, const struct link_offloaded *frame);

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
