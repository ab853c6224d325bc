/* Does PSA's X25519 compute what RFC 7748 says, and refuse what it says to refuse? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backend.h"
#include "hex.h"
#include "psa/crypto.h"

#define LEN 32

/* The second secret of RFC 7748 section 6.1. */
#define BOB "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"

static psa_key_id_t import_secret(const uint8_t secret[LEN])
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t key = 0;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_DERIVE);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDH);
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY));
    psa_set_key_bits(&attributes, 255);
    assert_int_equal(psa_import_key(&attributes, secret, LEN, &key), PSA_SUCCESS);
    return key;
}

static psa_status_t agree(const char *secret, const uint8_t *peer, size_t peer_len,
                          uint8_t shared[LEN])
{
    uint8_t bytes[LEN];
    size_t len = 0;
    from_hex(bytes, LEN, secret);
    psa_key_id_t key = import_secret(bytes);
    psa_status_t status =
        psa_raw_key_agreement(PSA_ALG_ECDH, key, peer, peer_len, shared, LEN, &len);
    assert_int_equal(psa_destroy_key(key), PSA_SUCCESS);
    assert_true(status != PSA_SUCCESS || len == LEN);
    return status;
}

static void assert_agrees(const char *secret, const char *peer, const char *expected)
{
    uint8_t point[LEN], shared[LEN], wanted[LEN];
    from_hex(point, LEN, peer);
    from_hex(wanted, LEN, expected);
    assert_int_equal(agree(secret, point, LEN, shared), PSA_SUCCESS);
    assert_memory_equal(shared, wanted, LEN);
}

static void assert_refused(const char *peer)
{
    uint8_t point[LEN], shared[LEN];
    from_hex(point, LEN, peer);
    assert_int_not_equal(agree(BOB, point, LEN, shared), PSA_SUCCESS);
}

static int set_up(void **state)
{
    (void)state;
    return library_acquire();
}

/* RFC 7748 section 5.2. In the second the top bit of the point is set, and must be ignored. */
static void test_vectors(void **state)
{
    (void)state;
    assert_agrees("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    assert_agrees("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

/* RFC 7748 section 6.1. */
static void test_public_key_and_exchange(void **state)
{
    (void)state;
    uint8_t secret[LEN], public_key[LEN], wanted[LEN];
    size_t len = 0;
    from_hex(secret, LEN, BOB);
    from_hex(wanted, LEN, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    psa_key_id_t key = import_secret(secret);
    assert_int_equal(psa_export_public_key(key, public_key, LEN, &len), PSA_SUCCESS);
    assert_int_equal(len, LEN);
    assert_memory_equal(public_key, wanted, LEN);
    assert_int_equal(psa_destroy_key(key), PSA_SUCCESS);
    assert_agrees(BOB, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/* Points of small order: with any secret the result is zero (RFC 8446 section 7.4.2). */
static void test_points_of_small_order(void **state)
{
    (void)state;
    assert_refused("0000000000000000000000000000000000000000000000000000000000000000");
    assert_refused("0100000000000000000000000000000000000000000000000000000000000000");
    assert_refused("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
    assert_refused("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157");
    assert_refused("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    assert_refused("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    assert_refused("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
}

static void test_length_of_the_peers_key(void **state)
{
    (void)state;
    uint8_t point[LEN + 1] = {9}, shared[LEN];
    const char *secret = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4";
    assert_int_not_equal(agree(secret, point, LEN - 1, shared), PSA_SUCCESS);
    assert_int_not_equal(agree(secret, point, LEN + 1, shared), PSA_SUCCESS);
    assert_int_equal(agree(secret, point, LEN, shared), PSA_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_public_key_and_exchange),
        cmocka_unit_test(test_points_of_small_order),
        cmocka_unit_test(test_length_of_the_peers_key),
    };
    return cmocka_run_group_tests_name("tls_mbedtls_x25519", tests, set_up, NULL);
}
