/* Builds certificate blobs for tests, sound ones and ones that lie. */
#include "blob_builder.h"

#include <assert.h>
#include <string.h>

#include "cert_blob.h"

void put_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void put_u32(uint8_t *bytes, uint32_t value)
{
    put_u16(bytes, (uint16_t)(value >> 16));
    put_u16(bytes + 2, (uint16_t)value);
}

void blob_builder_start(struct blob_builder *builder)
{
    *builder = (struct blob_builder){.len = 16};
}

void blob_builder_add(struct blob_builder *builder, uint16_t type, size_t len, uint8_t fill)
{
    assert(builder->len + 8 + len + 32 <= BLOB_BUILDER_CAP);
    uint8_t *entry = builder->bytes + builder->len;
    put_u16(entry, type);
    put_u16(entry + 2, 0);
    put_u32(entry + 4, (uint32_t)len);
    memset(entry + 8, fill, len);
    builder->len += 8 + len;
    builder->entry_count++;
}

void blob_builder_add_minimum(struct blob_builder *builder)
{
    blob_builder_add(builder, CERT_BLOB_CA, 11, 'a');
    blob_builder_add(builder, CERT_BLOB_SERVER_CERT, 13, 'c');
    blob_builder_add(builder, CERT_BLOB_SERVER_KEY, 7, 'k');
}

size_t blob_builder_finish(struct blob_builder *builder)
{
    size_t total_len = builder->len + 32;
    memcpy(builder->bytes, "TLSECHO", 8);
    put_u16(builder->bytes + 8, 1);
    put_u16(builder->bytes + 10, builder->entry_count);
    put_u32(builder->bytes + 12, (uint32_t)total_len);
    blob_builder_seal(builder->bytes, total_len);
    return total_len;
}

void blob_builder_seal(uint8_t *bytes, size_t total_len)
{
    bool done = tls_sha256(bytes, total_len - 32, bytes + total_len - 32);
    assert(done);
    (void)done;
}
