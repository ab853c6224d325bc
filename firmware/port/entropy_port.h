/* The entropy seam: random bytes fit for keys. */
#ifndef ENTROPY_PORT_H
#define ENTROPY_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

/* Fills buf (len bytes, caller-owned) with bytes from the system's cryptographic random source.
 * May block at boot until that source is seeded; any thread. Returns false, with buf zeroed, when
 * the source is missing or fails. Source: getrandom(2) on Linux. */
PORT_MUST_USE bool entropy_fill(uint8_t *buf, size_t len);

#endif
