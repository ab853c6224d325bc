/* Finishes a checksum that the sender left to its hardware. */
#include "frame_checksum.h"

uint64_t frame_checksum_sum(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += (uint64_t)bytes[i] << 8 | bytes[i + 1];
    }
    return len % 2 == 0 ? sum : sum + ((uint64_t)bytes[len - 1] << 8);
}

uint16_t frame_checksum_fold(uint64_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

bool frame_checksum_complete(uint8_t *frame, size_t len, size_t start, size_t offset)
{
    if (start >= len || offset > len - start || len - start - offset < 2) {
        return false;
    }
    uint16_t checksum =
        (uint16_t)~frame_checksum_fold(frame_checksum_sum(frame + start, len - start));
    /* In UDP, 0 would mean that there is none (RFC 768); elsewhere both zeros are the same. */
    checksum = checksum == 0 ? 0xffff : checksum;
    frame[start + offset] = (uint8_t)(checksum >> 8);
    frame[start + offset + 1] = (uint8_t)checksum;
    return true;
}

#define ETHERNET_LEN 14
#define IP4_MIN_LEN 20
#define IP6_LEN 40
#define IP_TCP 6
#define IP_UDP 17
/* Where the checksum is: RFC 9293 section 3.1, RFC 768. */
#define TCP_OFFSET 16
#define UDP_OFFSET 6

static uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Where in an IP packet the segment of TCP or UDP is, and what its pseudo-header begins with. */
struct segment {
    size_t start, end;
    uint8_t protocol;
    const uint8_t *addresses;
    size_t addresses_len;
};

/* False: there is none, or only a part of one. */
static bool find_segment4(const uint8_t *ip, size_t len, struct segment *out)
{
    if (len < IP4_MIN_LEN || ip[0] >> 4 != 4) {
        return false;
    }
    bool is_fragment = (load_be16(ip + 6) & 0x3fff) != 0; /* more to come, or not the first */
    *out = (struct segment){.start = (size_t)(ip[0] & 0x0f) * 4,
                            .end = load_be16(ip + 2),
                            .protocol = ip[9],
                            .addresses = ip + 12,
                            .addresses_len = 8};
    return !is_fragment && out->start >= IP4_MIN_LEN;
}

/* The same for IPv6, without extension headers. */
static bool find_segment6(const uint8_t *ip, size_t len, struct segment *out)
{
    if (len < IP6_LEN || ip[0] >> 4 != 6) {
        return false;
    }
    *out = (struct segment){.start = IP6_LEN,
                            .end = IP6_LEN + (size_t)load_be16(ip + 4),
                            .protocol = ip[6],
                            .addresses = ip + 8,
                            .addresses_len = 32};
    return true;
}

static bool find_segment(const uint8_t *frame, size_t len, struct segment *out)
{
    if (len < ETHERNET_LEN) {
        return false;
    }
    const uint8_t *ip = frame + ETHERNET_LEN;
    size_t ip_len = len - ETHERNET_LEN;
    uint16_t type = load_be16(frame + 12);
    bool is_found = (type == 0x0800 && find_segment4(ip, ip_len, out)) ||
                    (type == 0x86dd && find_segment6(ip, ip_len, out));
    return is_found && out->end >= out->start && out->end <= ip_len &&
           (out->protocol == IP_TCP || out->protocol == IP_UDP);
}

bool frame_checksum_is_whole(const uint8_t *frame, size_t len, size_t start, size_t offset)
{
    struct segment segment;
    return find_segment(frame, len, &segment) && start == ETHERNET_LEN + segment.start &&
           offset == (segment.protocol == IP_TCP ? TCP_OFFSET : UDP_OFFSET);
}

void frame_checksum_complete_unmarked(uint8_t *frame, size_t len)
{
    struct segment segment;
    if (!find_segment(frame, len, &segment)) {
        return;
    }
    uint8_t *ip = frame + ETHERNET_LEN;
    size_t offset = segment.protocol == IP_TCP ? TCP_OFFSET : UDP_OFFSET;
    size_t segment_len = segment.end - segment.start;
    uint16_t pseudo_sum =
        frame_checksum_fold(frame_checksum_sum(segment.addresses, segment.addresses_len) +
                            segment.protocol + segment_len);
    if (segment_len >= offset + 2 && load_be16(ip + segment.start + offset) == pseudo_sum) {
        (void)frame_checksum_complete(ip, segment.end, segment.start, offset);
    }
}
