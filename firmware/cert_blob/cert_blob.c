/* Reads a certificate blob: bytes that may be anything become spans that are safe to use. */
#include "cert_blob.h"

#include <string.h>

#define VERSION 1
#define OFFSET_VERSION 8
#define OFFSET_ENTRY_COUNT 10
#define OFFSET_TOTAL_LEN 12
#define ENTRY_OFFSET_RESERVED 2
#define ENTRY_OFFSET_LEN 4
#define MADE_LEN 8
#define MADE_MAX UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static const uint8_t magic[8] = "TLSECHO";

/* What of the entries is not read yet. */
struct cursor {
    const uint8_t *bytes;
    size_t len;
};

static uint16_t read_u16(const uint8_t *bytes)
{
    return (uint16_t)((bytes[0] << 8) | bytes[1]);
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return ((uint32_t)read_u16(bytes) << 16) | read_u16(bytes + 2);
}

/* Checks all but the entries; *total_len is then at most len and holds header and hash. */
static enum cert_blob_outcome check_frame(const uint8_t *bytes, size_t len, size_t *total_len)
{
    if (len < CERT_BLOB_HEADER_LEN + CERT_BLOB_HASH_LEN) {
        return CERT_BLOB_TOO_SHORT;
    }
    if (memcmp(bytes, magic, sizeof magic) != 0) {
        return CERT_BLOB_BAD_MAGIC;
    }
    if (read_u16(bytes + OFFSET_VERSION) != VERSION) {
        return CERT_BLOB_BAD_VERSION;
    }
    *total_len = read_u32(bytes + OFFSET_TOTAL_LEN);
    if (*total_len > len || *total_len < CERT_BLOB_HEADER_LEN + CERT_BLOB_HASH_LEN) {
        return CERT_BLOB_TOO_SHORT;
    }

    uint8_t hash[CERT_BLOB_HASH_LEN];
    size_t hashed_len = *total_len - CERT_BLOB_HASH_LEN;
    if (!tls_sha256(bytes, hashed_len, hash) ||
        memcmp(hash, bytes + hashed_len, CERT_BLOB_HASH_LEN) != 0) {
        return CERT_BLOB_BAD_HASH;
    }
    return CERT_BLOB_OK;
}

static bool append(struct tls_span *spans, size_t *count, size_t max, struct tls_span span)
{
    if (*count >= max) {
        return false;
    }
    spans[(*count)++] = span;
    return true;
}

static bool set_once(struct tls_span *key, struct tls_span span)
{
    if (key->bytes != NULL) {
        return false;
    }
    *key = span;
    return true;
}

static bool set_made(int64_t *made_s, struct tls_span span)
{
    if (*made_s != 0 || span.len != MADE_LEN) {
        return false;
    }
    uint64_t seconds = ((uint64_t)read_u32(span.bytes) << 32) | read_u32(span.bytes + 4);
    *made_s = (int64_t)seconds;
    return seconds > 0 && seconds <= MADE_MAX;
}

static bool put_entry(struct cert_blob *out, uint16_t type, struct tls_span span)
{
    switch (type) {
    case CERT_BLOB_CA:
        return append(out->trust.anchors, &out->trust.anchor_count, TLS_ANCHORS_MAX, span);
    case CERT_BLOB_SERVER_CERT:
        return append(out->server.chain, &out->server.chain_count, TLS_CHAIN_MAX, span);
    case CERT_BLOB_SERVER_KEY:
        return set_once(&out->server.key, span);
    case CERT_BLOB_CLIENT_CERT:
        return append(out->client.chain, &out->client.chain_count, TLS_CHAIN_MAX, span);
    case CERT_BLOB_CLIENT_KEY:
        return set_once(&out->client.key, span);
    case CERT_BLOB_MADE:
        return set_made(&out->made_s, span);
    default:
        return false;
    }
}

/* Takes the next entry off the cursor; false if there is none that is well formed. */
static bool take_entry(struct cursor *rest, uint16_t *type, struct tls_span *span)
{
    if (rest->len < CERT_BLOB_ENTRY_HEADER_LEN) {
        return false;
    }
    uint16_t reserved = read_u16(rest->bytes + ENTRY_OFFSET_RESERVED);
    size_t len = read_u32(rest->bytes + ENTRY_OFFSET_LEN);
    if (reserved != 0 || len == 0 || len > rest->len - CERT_BLOB_ENTRY_HEADER_LEN) {
        return false;
    }

    *type = read_u16(rest->bytes);
    span->bytes = rest->bytes + CERT_BLOB_ENTRY_HEADER_LEN;
    span->len = len;
    rest->bytes += CERT_BLOB_ENTRY_HEADER_LEN + len;
    rest->len -= CERT_BLOB_ENTRY_HEADER_LEN + len;
    return true;
}

static enum cert_blob_outcome read_entries(struct cursor rest, uint16_t entry_count,
                                           struct cert_blob *out)
{
    for (uint16_t i = 0; i < entry_count; i++) {
        uint16_t type;
        struct tls_span span;
        if (!take_entry(&rest, &type, &span) || !put_entry(out, type, span)) {
            return CERT_BLOB_BAD_ENTRY;
        }
    }
    return rest.len == 0 ? CERT_BLOB_OK : CERT_BLOB_BAD_ENTRY;
}

static bool has_key_if_chain(const struct tls_identity *identity)
{
    return (identity->chain_count > 0) == (identity->key.bytes != NULL);
}

static enum cert_blob_outcome check_complete(const struct cert_blob *blob)
{
    bool complete = blob->trust.anchor_count > 0 && blob->server.chain_count > 0 &&
                    has_key_if_chain(&blob->server) && has_key_if_chain(&blob->client);
    return complete ? CERT_BLOB_OK : CERT_BLOB_INCOMPLETE;
}

static enum cert_blob_outcome read_blob(const uint8_t *bytes, size_t len, struct cert_blob *out)
{
    size_t total_len;
    enum cert_blob_outcome outcome = check_frame(bytes, len, &total_len);
    if (outcome != CERT_BLOB_OK) {
        return outcome;
    }

    struct cursor entries = {
        .bytes = bytes + CERT_BLOB_HEADER_LEN,
        .len = total_len - CERT_BLOB_HEADER_LEN - CERT_BLOB_HASH_LEN,
    };
    outcome = read_entries(entries, read_u16(bytes + OFFSET_ENTRY_COUNT), out);
    return outcome == CERT_BLOB_OK ? check_complete(out) : outcome;
}

enum cert_blob_outcome cert_blob_read(const uint8_t *bytes, size_t len, struct cert_blob *out)
{
    *out = (struct cert_blob){0};
    enum cert_blob_outcome outcome = read_blob(bytes, len, out);
    if (outcome != CERT_BLOB_OK) {
        *out = (struct cert_blob){0};
    }
    return outcome;
}

const char *cert_blob_outcome_text(enum cert_blob_outcome outcome)
{
    switch (outcome) {
    case CERT_BLOB_OK:
        return "the blob is sound";
    case CERT_BLOB_TOO_SHORT:
        return "the blob is cut short";
    case CERT_BLOB_BAD_MAGIC:
        return "this is not a certificate blob";
    case CERT_BLOB_BAD_VERSION:
        return "the blob's format version is not known to this firmware";
    case CERT_BLOB_BAD_HASH:
        return "the hash does not match: the blob is corrupt";
    case CERT_BLOB_BAD_ENTRY:
        return "an entry of the blob is malformed, unknown, or one too many";
    case CERT_BLOB_INCOMPLETE:
        return "the blob lacks a CA, a server certificate, or a key";
    }
    return "unknown outcome";
}
