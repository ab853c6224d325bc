/* Internet checksums (RFC 1071) in Ethernet frames, and those that a sender left to its hardware.
 */
#ifndef FRAME_CHECKSUM_H
#define FRAME_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sum of bytes as words in network order; the last odd byte is the first half of one. Sums may
 * be added. */
uint64_t frame_checksum_sum(const uint8_t *bytes, size_t len);

/* The sum in one's complement; its complement is the checksum. */
uint16_t frame_checksum_fold(uint64_t sum);

/* True if frame is an unfragmented segment of TCP or UDP, whole, and its checksum is the one that
 * is summed from byte start and put offset bytes after that. */
bool frame_checksum_is_whole(const uint8_t *frame, size_t len, size_t start, size_t offset);

/* Sums frame from byte start to its end and puts the checksum (RFC 1071) offset bytes after start,
 * where the pseudo-header's sum already is. False, with frame unchanged, if that is not inside. */
bool frame_checksum_complete(uint8_t *frame, size_t len, size_t start, size_t offset);

/* The same where nobody says which frames lack a checksum: finishes that of TCP or UDP over IPv4
 * or IPv6 in an Ethernet frame if the field holds just the pseudo-header's sum. A right checksum
 * that looks like that comes out unchanged. */
void frame_checksum_complete_unmarked(uint8_t *frame, size_t len);

#endif
