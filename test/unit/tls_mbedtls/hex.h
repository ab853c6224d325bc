/* Test vectors as they are published: hexadecimal digits, lower case. */
#ifndef HEX_H
#define HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes the bytes that hex stands for, at most cap, and says how many. Fails the test if they do
 * not fit. */
size_t from_hex(uint8_t *out, size_t cap, const char *hex);

#endif
