/* What the filters of both IP versions share. */
#ifndef NET_FILTER_H
#define NET_FILTER_H

#include "net_lwip.h"

#define ICMP_HEADER_LEN 8
#define UDP_PORTS_LEN 4
#define TCP_START_LEN 8 /* ports and sequence number: all that a message is sure to quote */

/* The start of a TCP segment of ours that a message quotes. */
struct quoted_segment {
    ip_addr_t source, destination;
    uint16_t source_port, destination_port;
    uint32_t sequence;
};

static inline uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Takes ports and sequence number from a segment's first TCP_START_LEN bytes. */
void net_filter_read_tcp(const uint8_t *tcp, struct quoted_segment *out);

/* The connect that the segment belongs to came to nothing. One that is connected goes on: the
 * network may mend (RFC 1122 section 4.2.3.9). Under the core lock. */
void net_filter_tell_connect(struct net *net, const struct quoted_segment *segment,
                             enum net_outcome why);

#endif
