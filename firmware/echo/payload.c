/* Makes and compares payload bytes by their offset. */
#include "payload.h"

/* SplitMix64 (Steele, Lea, Flood 2014): a word from a counter, so that sender and comparer need no
 * common state. Its bytes need to differ, not to be secret. */
static uint64_t word_at(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint8_t byte_at(const struct payload *payload, uint64_t offset)
{
    if (payload->text != NULL) {
        return payload->text[offset];
    }
    return (uint8_t)(word_at(payload->seed, offset / 8) >> (offset % 8 * 8));
}

size_t payload_fill(const struct payload *payload, uint64_t offset, uint8_t *buf, size_t cap)
{
    size_t count = 0;
    while (count < cap && offset + count < payload->len) {
        buf[count] = byte_at(payload, offset + count);
        count++;
    }
    return count;
}

bool payload_matches(const struct payload *payload, uint64_t offset, const uint8_t *bytes,
                     size_t len, uint64_t *differs_at)
{
    for (size_t i = 0; i < len; i++) {
        if (offset + i >= payload->len || bytes[i] != byte_at(payload, offset + i)) {
            *differs_at = offset + i;
            return false;
        }
    }
    return true;
}
