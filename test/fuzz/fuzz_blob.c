/* The certificate blob: its reader, and the parsers of the certificates in it. */
#include <string.h>

#include "cert_blob.h"
#include "fuzz_doubles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static bool lies_within(struct tls_span span, const uint8_t *data, size_t size)
{
    return span.len > 0 && span.bytes >= data && span.len <= size &&
           (size_t)(span.bytes - data) <= size - span.len;
}

static void check_identity(const struct tls_identity *identity, const uint8_t *data, size_t size)
{
    FUZZ_CHECK(identity->chain_count <= TLS_CHAIN_MAX);
    for (size_t i = 0; i < identity->chain_count; i++) {
        FUZZ_CHECK(lies_within(identity->chain[i], data, size));
    }
    FUZZ_CHECK(identity->chain_count == 0 || lies_within(identity->key, data, size));
}

static void parse(enum tls_role role, const struct tls_identity *identity,
                  const struct tls_trust *trust)
{
    struct tls_identity_report report;
    struct tls_error error;
    enum tls_outcome outcome = tls_identity_check(role, identity, trust, &report, &error);
    FUZZ_CHECK(outcome == TLS_OK || outcome == TLS_FAILED);
    FUZZ_CHECK(memchr(report.subject, '\0', sizeof(report.subject)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_blob blob;
    fuzz_doubles_reset();
    if (cert_blob_read(data, size, &blob) != CERT_BLOB_OK) {
        FUZZ_CHECK(blob.server.chain_count == 0 && blob.trust.anchor_count == 0);
        return 0;
    }
    FUZZ_CHECK(blob.trust.anchor_count > 0 && blob.trust.anchor_count <= TLS_ANCHORS_MAX);
    for (size_t i = 0; i < blob.trust.anchor_count; i++) {
        FUZZ_CHECK(lies_within(blob.trust.anchors[i], data, size));
    }
    check_identity(&blob.server, data, size);
    check_identity(&blob.client, data, size);
    parse(TLS_SERVER, &blob.server, &blob.trust);
    if (blob.client.chain_count > 0) {
        parse(TLS_CLIENT, &blob.client, &blob.trust);
    }
    return 0;
}

/* Three in four inputs get their total_len and hash put right, or nearly none would come past
 * them. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 4 == 0 || size < CERT_BLOB_HEADER_LEN + CERT_BLOB_HASH_LEN) {
        return size;
    }
    static const uint8_t start[10] = {'T', 'L', 'S', 'E', 'C', 'H', 'O', 0, 0, 1};
    memcpy(data, start, sizeof(start));
    for (unsigned i = 0; i < 4; i++) {
        data[12 + i] = (uint8_t)(size >> (24 - 8 * i));
    }
    size_t hashed = size - CERT_BLOB_HASH_LEN;
    (void)tls_sha256(data, hashed, data + hashed);
    return size;
}
