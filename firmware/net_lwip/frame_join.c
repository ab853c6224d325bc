/* Joins TCP segments that follow each other into one long frame. */
#include "frame_join.h"

#include <string.h>

#include "frame_checksum.h"

#define ETHERNET_LEN 14
#define IP4_LEN 20
#define IP6_LEN 40
#define TCP_MIN_LEN 20
#define PACKET_MAX 65535 /* what IPv4's length can say */
#define PROTOCOL_TCP 6

#define FLAG_FIN 0x01
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10

/* RFC 791 section 3.1, RFC 8200 section 3, RFC 9293 section 3.1. */
enum { IP4_LENGTH = 2, IP4_ID = 4, IP4_FRAGMENT = 6, IP4_PROTOCOL = 9, IP4_CHECKSUM = 10 };
enum { IP4_ADDRESSES = 12, IP4_ADDRESSES_LEN = 8 };
enum { IP6_LENGTH = 4, IP6_NEXT = 6, IP6_ADDRESSES = 8, IP6_ADDRESSES_LEN = 32 };
enum { TCP_SEQ = 4, TCP_ACK = 8, TCP_OFFSET = 12, TCP_FLAGS = 13, TCP_WINDOW = 14 };
enum { TCP_CHECKSUM = 16, TCP_URGENT = 18 };

static uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)load_be16(bytes) << 16 | load_be16(bytes + 2);
}

static void store_be16(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* ---- What a frame is --------------------------------------------------------------------------
 */

/* Where TCP's header begins, or 0: it is no IPv4 packet with TCP in it, or not all of one. */
static size_t find_tcp4(const uint8_t *bytes, size_t linear_len, size_t len)
{
    const uint8_t *ip = bytes + ETHERNET_LEN;
    size_t tcp_start = ETHERNET_LEN + IP4_LEN;
    bool is_tcp = linear_len >= tcp_start + TCP_MIN_LEN && ip[0] == 0x45 &&
                  ip[IP4_PROTOCOL] == PROTOCOL_TCP &&
                  (load_be16(ip + IP4_FRAGMENT) & 0x3fff) == 0 &&
                  load_be16(ip + IP4_LENGTH) + (size_t)ETHERNET_LEN == len;
    return is_tcp ? tcp_start : 0;
}

static size_t find_tcp6(const uint8_t *bytes, size_t linear_len, size_t len)
{
    const uint8_t *ip = bytes + ETHERNET_LEN;
    size_t tcp_start = ETHERNET_LEN + IP6_LEN;
    bool is_tcp = linear_len >= tcp_start + TCP_MIN_LEN && ip[0] >> 4 == 6 &&
                  ip[IP6_NEXT] == PROTOCOL_TCP && load_be16(ip + IP6_LENGTH) + tcp_start == len;
    return is_tcp ? tcp_start : 0;
}

static size_t find_tcp(const uint8_t *bytes, size_t linear_len, size_t len)
{
    if (linear_len < ETHERNET_LEN || linear_len > len) {
        return 0;
    }
    switch (load_be16(bytes + 12)) {
    case 0x0800:
        return find_tcp4(bytes, linear_len, len);
    case 0x86dd:
        return find_tcp6(bytes, linear_len, len);
    default:
        return 0;
    }
}

/* ---- Which are one -----------------------------------------------------------------------------
 */

static bool is_same(const uint8_t *a, const uint8_t *b, size_t start, size_t end)
{
    return memcmp(a + start, b + start, end - start) == 0;
}

/* The IP headers differ in nothing but what follows from the segments. */
static bool has_same_ip(const struct frame_join *join, const uint8_t *bytes)
{
    const uint8_t *a = join->headers + ETHERNET_LEN, *b = bytes + ETHERNET_LEN;
    if (join->is_ip6) {
        return is_same(a, b, 0, IP6_LENGTH) && is_same(a, b, IP6_NEXT, IP6_LEN);
    }
    return is_same(a, b, 0, IP4_LENGTH) && is_same(a, b, IP4_FRAGMENT, IP4_CHECKSUM) &&
           is_same(a, b, IP4_ADDRESSES, IP4_LEN);
}

/* The segment begins where the others end, and says nothing else than they do. */
static bool continues(const struct frame_join *join, const uint8_t *tcp)
{
    const uint8_t *first = join->headers + join->tcp_start;
    uint32_t next_seq = load_be32(first + TCP_SEQ) + (uint32_t)join->payload_len;
    return is_same(first, tcp, 0, TCP_SEQ) && load_be32(tcp + TCP_SEQ) == next_seq &&
           is_same(first, tcp, TCP_ACK, TCP_FLAGS) && is_same(first, tcp, TCP_WINDOW, TCP_CHECKSUM);
}

/* Whoever cuts a long frame puts PSH and FIN on its last segment alone. */
static bool may_follow(const uint8_t *tcp)
{
    return tcp[TCP_OFFSET] == TCP_MIN_LEN / 4 << 4 && load_be16(tcp + TCP_URGENT) == 0 &&
           (tcp[TCP_FLAGS] & ~(FLAG_PSH | FLAG_FIN)) == FLAG_ACK;
}

bool frame_join_start(struct frame_join *join, const uint8_t *bytes, size_t linear_len, size_t len)
{
    size_t tcp_start = find_tcp(bytes, linear_len, len);
    if (tcp_start == 0) {
        return false;
    }
    const uint8_t *tcp = bytes + tcp_start;
    size_t tcp_len = (size_t)(tcp[TCP_OFFSET] >> 4) * 4;
    size_t headers_len = tcp_start + tcp_len;
    if (tcp_len < TCP_MIN_LEN || headers_len > linear_len) {
        return false;
    }
    memcpy(join->headers, bytes, headers_len);
    join->headers_len = headers_len;
    join->tcp_start = tcp_start;
    join->segment_len = len - headers_len;
    join->payload_len = join->segment_len;
    join->segments = 1;
    join->is_ip6 = tcp_start == ETHERNET_LEN + IP6_LEN;
    join->is_open = join->segment_len > 0 && may_follow(tcp) && tcp[TCP_FLAGS] == FLAG_ACK;
    return true;
}

bool frame_join_add(struct frame_join *join, const uint8_t *bytes, size_t linear_len, size_t len)
{
    if (!join->is_open || find_tcp(bytes, linear_len, len) != join->tcp_start ||
        !is_same(join->headers, bytes, 0, ETHERNET_LEN) || !has_same_ip(join, bytes)) {
        return false;
    }
    const uint8_t *tcp = bytes + join->tcp_start;
    size_t payload_len = len - join->headers_len;
    bool has_room =
        join->headers_len - ETHERNET_LEN + join->payload_len + payload_len <= PACKET_MAX;
    if (!may_follow(tcp) || !continues(join, tcp) || payload_len == 0 ||
        payload_len > join->segment_len || !has_room) {
        return false;
    }
    join->headers[join->tcp_start + TCP_FLAGS] |= tcp[TCP_FLAGS];
    join->payload_len += payload_len;
    join->segments++;
    join->is_open = payload_len == join->segment_len && tcp[TCP_FLAGS] == FLAG_ACK;
    return true;
}

bool frame_join_is_ack(const struct frame_join *join)
{
    return join->payload_len == 0 && join->headers_len == join->tcp_start + TCP_MIN_LEN &&
           join->headers[join->tcp_start + TCP_FLAGS] == FLAG_ACK;
}

bool frame_join_is_covered(const struct frame_join *join, const uint8_t *bytes, size_t linear_len,
                           size_t len)
{
    if (!frame_join_is_ack(join) || find_tcp(bytes, linear_len, len) != join->tcp_start ||
        !is_same(join->headers, bytes, 0, ETHERNET_LEN) || !has_same_ip(join, bytes)) {
        return false;
    }
    const uint8_t *ack = join->headers + join->tcp_start, *tcp = bytes + join->tcp_start;
    uint32_t more = load_be32(tcp + TCP_ACK) - load_be32(ack + TCP_ACK);
    return is_same(ack, tcp, 0, TCP_ACK) && more <= INT32_MAX && may_follow(tcp) &&
           len > join->headers_len;
}

/* ---- The headers of the whole ------------------------------------------------------------------
 */

void frame_join_finish(struct frame_join *join)
{
    uint8_t *ip = join->headers + ETHERNET_LEN, *tcp = join->headers + join->tcp_start;
    size_t segment_len = join->headers_len - join->tcp_start + join->payload_len;
    uint64_t sum = PROTOCOL_TCP + segment_len;
    if (join->is_ip6) {
        store_be16(ip + IP6_LENGTH, segment_len);
        sum += frame_checksum_sum(ip + IP6_ADDRESSES, IP6_ADDRESSES_LEN);
    } else {
        store_be16(ip + IP4_LENGTH, IP4_LEN + segment_len);
        store_be16(ip + IP4_CHECKSUM, 0);
        store_be16(ip + IP4_CHECKSUM,
                   (uint16_t)~frame_checksum_fold(frame_checksum_sum(ip, IP4_LEN)));
        sum += frame_checksum_sum(ip + IP4_ADDRESSES, IP4_ADDRESSES_LEN);
    }
    store_be16(tcp + TCP_CHECKSUM, frame_checksum_fold(sum));
    join->is_open = false;
}
