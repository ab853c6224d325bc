/* What the client sends and expects back: a text, or as many random bytes as asked for, none of
 * them stored. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

struct payload {
    const uint8_t *text; /* borrowed; NULL: random bytes made from seed */
    uint64_t seed;
    uint64_t len;
};

/* Puts the payload's bytes from offset on into buf, at most cap of them. Returns how many. */
size_t payload_fill(const struct payload *payload, uint64_t offset, uint8_t *buf, size_t cap);

/* True if the len bytes are the payload's from offset on, and do not go beyond its end. Otherwise
 * *differs_at gets the offset of the first byte that is not. */
PORT_MUST_USE bool payload_matches(const struct payload *payload, uint64_t offset,
                                   const uint8_t *bytes, size_t len, uint64_t *differs_at);

#endif
