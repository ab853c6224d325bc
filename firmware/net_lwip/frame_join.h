/* Joins TCP segments that follow each other into one long frame, which whoever sends it cuts into
 * the same segments again ("segmentation offload"). What comes out on the wire is what went in:
 * whoever makes the segments knows nothing of this. */
#ifndef FRAME_JOIN_H
#define FRAME_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ethernet, IPv6, and TCP with all its options. */
#define FRAME_JOIN_HEADERS_MAX (14 + 40 + 60)

/* One frame under construction: its headers, and how long its payload is. The bytes of that stay
 * with the caller. */
struct frame_join {
    uint8_t headers[FRAME_JOIN_HEADERS_MAX];
    size_t headers_len;
    size_t tcp_start;   /* in headers */
    size_t segment_len; /* payload of each segment but the last, which may have less */
    size_t payload_len; /* of all */
    size_t segments;    /* joined so far */
    bool is_ip6;
    bool is_open; /* another one may follow */
};

/* Begins with an Ethernet frame of len bytes, of which the first linear_len are at bytes. False,
 * with *join undefined: it is no unfragmented TCP segment with all headers at bytes. Else these are
 * the first headers_len bytes, and the rest is payload. */
bool frame_join_start(struct frame_join *join, const uint8_t *bytes, size_t linear_len, size_t len);

/* Joins another frame to it. False, with nothing changed: the two cannot be one, or there is no
 * more room. Else its headers are dropped, and what follows its first headers_len bytes is payload.
 */
bool frame_join_add(struct frame_join *join, const uint8_t *bytes, size_t linear_len, size_t len);

/* True if it is one bare acknowledgement, without options. */
bool frame_join_is_ack(const struct frame_join *join);

/* True if the frame is data of the same connection that acknowledges as much as this bare
 * acknowledgement, or more: that need not be sent any more. */
bool frame_join_is_covered(const struct frame_join *join, const uint8_t *bytes, size_t linear_len,
                           size_t len);

/* Makes the headers those of the whole: lengths, flags, IPv4's checksum, and in the place of TCP's
 * the sum of the pseudo-header (as frame_checksum_complete wants it). */
void frame_join_finish(struct frame_join *join);

#endif
