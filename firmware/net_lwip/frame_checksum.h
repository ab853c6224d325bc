/* Finishes a checksum that the sender left to its hardware. */
#ifndef FRAME_CHECKSUM_H
#define FRAME_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums frame from byte start to its end and puts the checksum (RFC 1071) offset bytes after start,
 * where the pseudo-header's sum already is. False, with frame unchanged, if that is not inside. */
bool frame_checksum_complete(uint8_t *frame, size_t len, size_t start, size_t offset);

/* The same where nobody says which frames lack a checksum: finishes that of TCP or UDP over IPv4
 * or IPv6 in an Ethernet frame if the field holds just the pseudo-header's sum. A right checksum
 * that looks like that comes out unchanged. */
void frame_checksum_complete_unmarked(uint8_t *frame, size_t len);

#endif
