/* Builds certificate blobs for tests, sound ones and ones that lie. */
#ifndef BLOB_BUILDER_H
#define BLOB_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#define BLOB_BUILDER_CAP 4096

struct blob_builder {
    uint8_t bytes[BLOB_BUILDER_CAP];
    size_t len; /* so far, header included, hash not */
    uint16_t entry_count;
};

/* Makes it an empty blob. */
void blob_builder_start(struct blob_builder *builder);

/* Adds an entry of len bytes, each of them fill. */
void blob_builder_add(struct blob_builder *builder, uint16_t type, size_t len, uint8_t fill);

/* Adds what a blob must have at least: one CA, one server certificate and its key. */
void blob_builder_add_minimum(struct blob_builder *builder);

/* Writes header and hash; returns the length of the whole blob. */
size_t blob_builder_finish(struct blob_builder *builder);

/* Makes the hash of a finished blob of total_len bytes right again after bytes were changed. */
void blob_builder_seal(uint8_t *bytes, size_t total_len);

void put_u16(uint8_t *bytes, uint16_t value);
void put_u32(uint8_t *bytes, uint32_t value);

#endif
