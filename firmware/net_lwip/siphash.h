/* SipHash-2-4, a keyed hash of short inputs (Aumasson and Bernstein, 2012). */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16

/* The hash of len bytes under key. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const uint8_t *bytes, size_t len);

#endif
