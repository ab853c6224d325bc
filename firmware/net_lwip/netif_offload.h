/* What the virtio header says that Linux puts before each frame of a TAP or a packet socket if it
 * is asked to (struct virtio_net_hdr): checksums that are left to the receiver of a frame, and
 * frames of many segments. */
#ifndef NETIF_OFFLOAD_H
#define NETIF_OFFLOAD_H

#include <linux/virtio_net.h>

#include "netif_link.h"

/* A received frame, with what its header says. use_offload: a checksum that was not made is not
 * made here either. False: the header is nonsense, or of a kind of frame that is not dealt with. */
bool netif_offload_take(const struct virtio_net_hdr *header, bool use_offload, uint8_t *frame,
                        size_t len, bool *is_checked);

/* Writes a frame with its header to fd. False: it was dropped. */
bool netif_offload_send(int fd, const struct link_offloaded *frame);

/* The same for a frame of which all is done: the header says nothing. */
bool netif_offload_send_plain(int fd, const uint8_t *frame, size_t len);

#endif
