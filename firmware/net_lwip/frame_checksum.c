/* Finishes a checksum that the sender left to its hardware. */
#include "frame_checksum.h"

static uint64_t sum_words(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += (uint64_t)bytes[i] << 8 | bytes[i + 1];
    }
    return len % 2 == 0 ? sum : sum + ((uint64_t)bytes[len - 1] << 8);
}

static uint16_t fold(uint64_t sum)
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
    uint16_t checksum = (uint16_t)~fold(sum_words(frame + start, len - start));
    /* In UDP, 0 would mean that there is none (RFC 768); elsewhere both zeros are the same. */
    checksum = checksum == 0 ? 0xffff : checksum;
    frame[start + offset] = (uint8_t)(checksum >> 8);
    frame[start + offset + 1] = (uint8_t)checksum;
    return true;
}

#define ETHERNET_LEN 14
#define IP_MIN_LEN 20
#define IP_TCP 6
#define IP_UDP 17

static uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

void frame_checksum_complete_unmarked(uint8_t *frame, size_t len)
{
    uint8_t *ip = frame + ETHERNET_LEN;
    if (len < ETHERNET_LEN + IP_MIN_LEN || load_be16(frame + 12) != 0x0800 || ip[0] >> 4 != 4) {
        return;
    }
    size_t header_len = (size_t)(ip[0] & 0x0f) * 4;
    size_t total_len = load_be16(ip + 2);
    bool is_fragment = (load_be16(ip + 6) & 0x3fff) != 0; /* more to come, or not the first */
    if (header_len < IP_MIN_LEN || total_len < header_len || total_len > len - ETHERNET_LEN ||
        is_fragment || (ip[9] != IP_TCP && ip[9] != IP_UDP)) {
        return;
    }
    size_t offset = ip[9] == IP_TCP ? 16 : 6; /* RFC 9293 section 3.1, RFC 768 */
    size_t segment_len = total_len - header_len;
    uint16_t pseudo_sum = fold(sum_words(ip + 12, 8) + ip[9] + segment_len);
    if (segment_len >= offset + 2 && load_be16(ip + header_len + offset) == pseudo_sum) {
        (void)frame_checksum_complete(ip, total_len, header_len, offset);
    }
}
