/* Is the reader of the certificate blob right, whatever the bytes are? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mbedtls/sha256.h>

#include "blob_builder.h"
#include "cert_blob.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool sha256_fails;

bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[32])
{
    memset(out, 0, 32);
    return !sha256_fails && mbedtls_sha256(bytes, len, out, 0) == 0;
}

static void assert_zeroed(const struct cert_blob *blob)
{
    static const struct cert_blob zero;
    assert_memory_equal(blob, &zero, sizeof zero);
}

static void assert_inside(struct tls_span span, const uint8_t *bytes, size_t len)
{
    assert_true(span.len > 0 && span.len <= len);
    assert_true(span.bytes >= bytes && span.bytes <= bytes + len - span.len);
}

static void assert_identity_inside(const struct tls_identity *identity, const uint8_t *bytes,
                                   size_t len)
{
    assert_true(identity->chain_count <= TLS_CHAIN_MAX);
    for (size_t i = 0; i < identity->chain_count; i++) {
        assert_inside(identity->chain[i], bytes, len);
    }
    if (identity->chain_count > 0) {
        assert_inside(identity->key, bytes, len);
    }
}

/* Reads a copy that ends where its memory ends, so that a sanitizer sees each byte too far. */
static enum cert_blob_outcome read_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);

    struct cert_blob blob;
    memset(&blob, 0xa5, sizeof blob);
    enum cert_blob_outcome outcome = cert_blob_read(copy, len, &blob);
    if (outcome != CERT_BLOB_OK) {
        assert_zeroed(&blob);
    } else {
        assert_in_range(blob.trust.anchor_count, 1, TLS_ANCHORS_MAX);
        for (size_t i = 0; i < blob.trust.anchor_count; i++) {
            assert_inside(blob.trust.anchors[i], copy, len);
        }
        assert_true(blob.server.chain_count > 0);
        assert_identity_inside(&blob.server, copy, len);
        assert_identity_inside(&blob.client, copy, len);
    }
    free(copy);
    return outcome;
}

static enum cert_blob_outcome finish_and_read(struct blob_builder *builder)
{
    size_t len = blob_builder_finish(builder);
    return read_copy(builder->bytes, len);
}

static size_t make_full(struct blob_builder *builder)
{
    blob_builder_start(builder);
    blob_builder_add_minimum(builder);
    blob_builder_add(builder, CERT_BLOB_SERVER_CERT, 9, 'd');
    blob_builder_add(builder, CERT_BLOB_CLIENT_CERT, 5, 'e');
    blob_builder_add(builder, CERT_BLOB_CLIENT_KEY, 3, 'l');
    return blob_builder_finish(builder);
}

static void assert_span(struct tls_span span, size_t len, uint8_t fill)
{
    assert_int_equal(span.len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(span.bytes[i], fill);
    }
}

static void reads_all_parts_in_order(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t len = make_full(&builder);
    struct cert_blob blob;
    assert_int_equal(cert_blob_read(builder.bytes, len, &blob), CERT_BLOB_OK);
    assert_int_equal(blob.trust.anchor_count, 1);
    assert_span(blob.trust.anchors[0], 11, 'a');
    assert_int_equal(blob.server.chain_count, 2);
    assert_span(blob.server.chain[0], 13, 'c');
    assert_span(blob.server.chain[1], 9, 'd');
    assert_span(blob.server.key, 7, 'k');
    assert_int_equal(blob.client.chain_count, 1);
    assert_span(blob.client.chain[0], 5, 'e');
    assert_span(blob.client.key, 3, 'l');
}

static void a_client_may_be_absent(void **state)
{
    (void)state;
    struct blob_builder builder;
    blob_builder_start(&builder);
    blob_builder_add_minimum(&builder);
    size_t len = blob_builder_finish(&builder);
    struct cert_blob blob;
    assert_int_equal(cert_blob_read(builder.bytes, len, &blob), CERT_BLOB_OK);
    assert_int_equal(blob.client.chain_count, 0);
    assert_null(blob.client.key.bytes);
}

static void padding_of_any_value_is_passed_over(void **state)
{
    (void)state;
    static const uint8_t fills[] = {0x00, 0x01, 0xff};
    for (size_t i = 0; i < COUNT(fills); i++) {
        struct blob_builder builder;
        size_t len = make_full(&builder);
        memset(builder.bytes + len, fills[i], BLOB_BUILDER_CAP - len);
        assert_int_equal(read_copy(builder.bytes, BLOB_BUILDER_CAP), CERT_BLOB_OK);
    }
}

static void every_truncation_is_too_short(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t len = make_full(&builder);
    for (size_t cut_len = 0; cut_len < len; cut_len++) {
        assert_int_equal(read_copy(builder.bytes, cut_len), CERT_BLOB_TOO_SHORT);
    }
}

static void no_bytes_at_all_are_too_short(void **state)
{
    (void)state;
    struct cert_blob blob;
    assert_int_equal(cert_blob_read(NULL, 0, &blob), CERT_BLOB_TOO_SHORT);
    assert_zeroed(&blob);
}

static enum cert_blob_outcome expected_at(size_t offset)
{
    if (offset < 8) {
        return CERT_BLOB_BAD_MAGIC;
    }
    return offset < 10 ? CERT_BLOB_BAD_VERSION : CERT_BLOB_BAD_HASH;
}

static void assert_found(size_t offset, enum cert_blob_outcome outcome)
{
    bool is_total_len = offset >= 12 && offset < 16;
    if (!is_total_len || outcome != CERT_BLOB_TOO_SHORT) {
        assert_int_equal(outcome, expected_at(offset));
    }
}

static void every_corrupt_byte_is_found(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t len = make_full(&builder);
    for (size_t offset = 0; offset < len; offset++) {
        for (unsigned change = 1; change < 256; change++) {
            builder.bytes[offset] ^= (uint8_t)change;
            assert_found(offset, read_copy(builder.bytes, len));
            builder.bytes[offset] ^= (uint8_t)change;
        }
    }
}

/* With a right hash only the checks of the fields themselves are left to keep the spans inside. */
static void every_byte_may_lie_under_a_right_hash(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t len = make_full(&builder);
    unsigned accepted = 0;
    for (size_t offset = 0; offset < len - CERT_BLOB_HASH_LEN; offset++) {
        uint8_t right = builder.bytes[offset];
        for (unsigned value = 0; value < 256; value++) {
            builder.bytes[offset] = (uint8_t)value;
            blob_builder_seal(builder.bytes, len);
            accepted += read_copy(builder.bytes, len) == CERT_BLOB_OK;
        }
        builder.bytes[offset] = right;
    }
    /* Contents may be anything, 48 bytes here; structure may not. The remaining few are types that
     * may stand for another, and the values that were right. */
    size_t contents = 11 + 13 + 7 + 9 + 5 + 3;
    assert_true(accepted >= contents * 256);
    assert_true(accepted < contents * 256 + 100);
}

struct lie {
    const char *name;
    size_t offset;
    size_t width; /* 2 or 4 bytes */
    uint32_t value;
    enum cert_blob_outcome outcome;
};

/* In a full blob the first entry begins at 16, with 11 bytes. */
static const struct lie lies[] = {
    {"no entries", 10, 2, 0, CERT_BLOB_BAD_ENTRY},
    {"an entry less", 10, 2, 5, CERT_BLOB_BAD_ENTRY},
    {"an entry more", 10, 2, 7, CERT_BLOB_BAD_ENTRY},
    {"most entries", 10, 2, 0xffff, CERT_BLOB_BAD_ENTRY},
    {"version 0", 8, 2, 0, CERT_BLOB_BAD_VERSION},
    {"version 2", 8, 2, 2, CERT_BLOB_BAD_VERSION},
    {"total_len 0", 12, 4, 0, CERT_BLOB_TOO_SHORT},
    {"total_len of less than header and hash", 12, 4, 47, CERT_BLOB_TOO_SHORT},
    {"total_len of the largest", 12, 4, UINT32_MAX, CERT_BLOB_TOO_SHORT},
    {"type 0", 16, 2, 0, CERT_BLOB_BAD_ENTRY},
    {"type 6 of another length", 16, 2, 6, CERT_BLOB_BAD_ENTRY},
    {"type 7", 16, 2, 7, CERT_BLOB_BAD_ENTRY},
    {"type of the largest", 16, 2, 0xffff, CERT_BLOB_BAD_ENTRY},
    {"reserved not zero", 18, 2, 1, CERT_BLOB_BAD_ENTRY},
    {"entry empty", 20, 4, 0, CERT_BLOB_BAD_ENTRY},
    {"entry a byte short", 20, 4, 10, CERT_BLOB_BAD_ENTRY},
    {"entry a byte long", 20, 4, 12, CERT_BLOB_BAD_ENTRY},
    {"entry of the largest length", 20, 4, UINT32_MAX, CERT_BLOB_BAD_ENTRY},
    {"entry whose end wraps around 32 bits", 20, 4, UINT32_MAX - 7, CERT_BLOB_BAD_ENTRY},
};

static void assert_lie_found(const struct lie *lie)
{
    struct blob_builder builder;
    size_t len = make_full(&builder);
    if (lie->width == 2) {
        put_u16(builder.bytes + lie->offset, (uint16_t)lie->value);
    } else {
        put_u32(builder.bytes + lie->offset, lie->value);
    }
    blob_builder_seal(builder.bytes, len);
    enum cert_blob_outcome outcome = read_copy(builder.bytes, len);
    if (outcome != lie->outcome) {
        fail_msg("%s: %s", lie->name, cert_blob_outcome_text(outcome));
    }
}

static void every_field_may_lie(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        assert_lie_found(&lies[i]);
    }
}

/* total_len a little larger or smaller, with the hash where it then belongs. */
static void total_len_may_lie_with_its_hash(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t right_len = make_full(&builder);
    for (size_t len = right_len - 40; len <= right_len + 40; len++) {
        make_full(&builder);
        put_u32(builder.bytes + 12, (uint32_t)len);
        blob_builder_seal(builder.bytes, len);
        assert_int_equal(read_copy(builder.bytes, len),
                         len == right_len ? CERT_BLOB_OK : CERT_BLOB_BAD_ENTRY);
    }
}

static void an_entry_header_cut_by_the_hash_is_refused(void **state)
{
    (void)state;
    struct blob_builder builder;
    for (size_t extra = 1; extra < CERT_BLOB_ENTRY_HEADER_LEN; extra++) {
        blob_builder_start(&builder);
        blob_builder_add_minimum(&builder);
        builder.len += extra;
        builder.entry_count++;
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_BAD_ENTRY);
    }
}

/* Adds one entry of each type, of 4 bytes; that of type special has special_len. */
static void add_one_of_each(struct blob_builder *builder, unsigned special, size_t special_len)
{
    for (unsigned type = CERT_BLOB_CA; type <= CERT_BLOB_CLIENT_KEY; type++) {
        blob_builder_add(builder, (uint16_t)type, type == special ? special_len : 4, 'x');
    }
}

static void an_empty_entry_is_refused(void **state)
{
    (void)state;
    for (unsigned type = CERT_BLOB_CA; type <= CERT_BLOB_CLIENT_KEY; type++) {
        struct blob_builder builder;
        blob_builder_start(&builder);
        add_one_of_each(&builder, type, 1);
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_OK);
        blob_builder_start(&builder);
        add_one_of_each(&builder, type, 0);
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_BAD_ENTRY);
    }
}

/* Reads a blob that says it was made at these times, at most two; 0: none. */
static enum cert_blob_outcome read_made(uint64_t first, uint64_t second, int64_t *made_s)
{
    struct blob_builder builder;
    const uint64_t times[] = {first, second};
    blob_builder_start(&builder);
    blob_builder_add_minimum(&builder);
    for (size_t i = 0; i < COUNT(times); i++) {
        if (times[i] != 0) {
            blob_builder_add(&builder, CERT_BLOB_MADE, 8, 0);
            put_u32(builder.bytes + builder.len - 8, (uint32_t)(times[i] >> 32));
            put_u32(builder.bytes + builder.len - 4, (uint32_t)times[i]);
        }
    }
    struct cert_blob blob;
    enum cert_blob_outcome outcome =
        cert_blob_read(builder.bytes, blob_builder_finish(&builder), &blob);
    *made_s = blob.made_s;
    return outcome;
}

static void it_may_say_when_it_was_made(void **state)
{
    (void)state;
    static const uint64_t good[] = {0, 1, 0x6a1b2c3d, UINT64_C(0x100000001),
                                    UINT64_C(253402300799)};
    int64_t made_s;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(read_made(good[i], 0, &made_s), CERT_BLOB_OK);
        assert_int_equal(made_s, good[i]);
    }
    assert_int_equal(read_made(UINT64_C(253402300800), 0, &made_s), CERT_BLOB_BAD_ENTRY);
    assert_int_equal(read_made(UINT64_MAX, 0, &made_s), CERT_BLOB_BAD_ENTRY);
    assert_int_equal(read_made(1, 1, &made_s), CERT_BLOB_BAD_ENTRY);
}

static void a_time_of_another_length_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < 16; len++) {
        struct blob_builder builder;
        blob_builder_start(&builder);
        blob_builder_add_minimum(&builder);
        blob_builder_add(&builder, CERT_BLOB_MADE, len, 0);
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_BAD_ENTRY); /* 8 zeroes: 1970 */
    }
}

struct limit {
    uint16_t type;
    unsigned more; /* that still fit beside those of a full blob */
};

static const struct limit limits[] = {
    {CERT_BLOB_CA, TLS_ANCHORS_MAX - 1},
    {CERT_BLOB_SERVER_CERT, TLS_CHAIN_MAX - 2},
    {CERT_BLOB_SERVER_KEY, 0},
    {CERT_BLOB_CLIENT_KEY, 0},
    {CERT_BLOB_CLIENT_CERT, TLS_CHAIN_MAX - 1},
};

static void one_entry_too_many_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct blob_builder builder;
        make_full(&builder);
        for (unsigned n = 0; n < limits[i].more; n++) {
            blob_builder_add(&builder, limits[i].type, 4, 'x');
        }
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_OK);
        blob_builder_add(&builder, limits[i].type, 4, 'x');
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_BAD_ENTRY);
    }
}

static void add_all_but(struct blob_builder *builder, unsigned missing)
{
    for (unsigned type = CERT_BLOB_CA; type <= CERT_BLOB_CLIENT_KEY; type++) {
        if (type != missing) {
            blob_builder_add(builder, (uint16_t)type, 4, 'x');
        }
    }
}

static void a_missing_part_is_incomplete(void **state)
{
    (void)state;
    for (unsigned missing = CERT_BLOB_CA; missing <= CERT_BLOB_CLIENT_KEY; missing++) {
        struct blob_builder builder;
        blob_builder_start(&builder);
        add_all_but(&builder, missing);
        assert_int_equal(finish_and_read(&builder), CERT_BLOB_INCOMPLETE);
    }
}

static void an_empty_blob_is_incomplete(void **state)
{
    (void)state;
    struct blob_builder builder;
    blob_builder_start(&builder);
    assert_int_equal(finish_and_read(&builder), CERT_BLOB_INCOMPLETE);
}

static void a_hash_that_cannot_be_made_is_no_match(void **state)
{
    (void)state;
    struct blob_builder builder;
    size_t len = make_full(&builder);
    /* What a hash that failed leaves behind must not pass for the right one. */
    memset(builder.bytes + len - CERT_BLOB_HASH_LEN, 0, CERT_BLOB_HASH_LEN);
    sha256_fails = true;
    enum cert_blob_outcome outcome = read_copy(builder.bytes, len);
    sha256_fails = false;
    assert_int_equal(outcome, CERT_BLOB_BAD_HASH);
}

static void every_outcome_has_its_own_words(void **state)
{
    (void)state;
    for (unsigned a = CERT_BLOB_OK; a <= CERT_BLOB_INCOMPLETE; a++) {
        const char *text = cert_blob_outcome_text((enum cert_blob_outcome)a);
        assert_true(strlen(text) > 0);
        for (unsigned b = CERT_BLOB_OK; b < a; b++) {
            assert_string_not_equal(text, cert_blob_outcome_text((enum cert_blob_outcome)b));
        }
    }
}

/* What certs/blob.py packed and the assembler embedded, this reader understands. */
static void the_embedded_blob_is_sound(void **state)
{
    (void)state;
    const uint8_t *bytes = cert_blob_embedded();
    assert_int_equal((uintptr_t)bytes % 4096, 0);

    struct cert_blob blob;
    assert_int_equal(cert_blob_read(bytes, CERT_BLOB_CAPACITY, &blob), CERT_BLOB_OK);
    const uint8_t der_sequence = 0x30;
    assert_int_equal(blob.trust.anchors[0].bytes[0], der_sequence);
    assert_int_equal(blob.server.chain[0].bytes[0], der_sequence);
    assert_int_equal(blob.server.key.bytes[0], der_sequence);
    assert_int_equal(bytes[CERT_BLOB_CAPACITY - 1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_parts_in_order),
        cmocka_unit_test(a_client_may_be_absent),
        cmocka_unit_test(padding_of_any_value_is_passed_over),
        cmocka_unit_test(every_truncation_is_too_short),
        cmocka_unit_test(no_bytes_at_all_are_too_short),
        cmocka_unit_test(every_corrupt_byte_is_found),
        cmocka_unit_test(every_byte_may_lie_under_a_right_hash),
        cmocka_unit_test(every_field_may_lie),
        cmocka_unit_test(total_len_may_lie_with_its_hash),
        cmocka_unit_test(an_entry_header_cut_by_the_hash_is_refused),
        cmocka_unit_test(an_empty_entry_is_refused),
        cmocka_unit_test(it_may_say_when_it_was_made),
        cmocka_unit_test(a_time_of_another_length_is_refused),
        cmocka_unit_test(one_entry_too_many_is_refused),
        cmocka_unit_test(a_missing_part_is_incomplete),
        cmocka_unit_test(an_empty_blob_is_incomplete),
        cmocka_unit_test(a_hash_that_cannot_be_made_is_no_match),
        cmocka_unit_test(every_outcome_has_its_own_words),
        cmocka_unit_test(the_embedded_blob_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
