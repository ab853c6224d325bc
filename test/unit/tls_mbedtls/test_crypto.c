/* Does what computes below TLS, Mbed TLS itself or a driver, agree with published vectors, refuse
 * what it must, and stay within the memory it says it takes? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backend.h"
#include "crypto_driver.h"
#include "doubles.h"
#include "hex.h"
#include "mbedtls/chachapoly.h"
#include "mbedtls/ecdh.h"
#include "mbedtls/ecdsa.h"
#include "mbedtls/gcm.h"
#include "mbedtls/sha256.h"
#include "mbedtls/sha512.h"
#include "memory_port.h"
#include "psa/crypto.h"

#define MAX_LEN 160
#define TAG_LEN 16

static int set_up(void **state)
{
    (void)state;
    return library_acquire();
}

static int tear_down(void **state)
{
    (void)state;
    library_release();
    return 0;
}

static void assert_bytes(const uint8_t *bytes, size_t len, const char *hex)
{
    uint8_t wanted[MAX_LEN];
    assert_int_equal(from_hex(wanted, sizeof(wanted), hex), len);
    assert_memory_equal(bytes, wanted, len);
}

/* ---- Hashes ------------------------------------------------------------------------------------
 */

/* FIPS 180-4's examples, each in two pieces of which one is hashed by a copy. */
static void test_sha2(void **state)
{
    (void)state;
    static const uint8_t abc[] = {'a', 'b', 'c'};
    uint8_t out[64];
    mbedtls_sha256_context whole, copy;
    mbedtls_sha256_init(&whole);
    mbedtls_sha256_init(&copy);
    assert_int_equal(mbedtls_sha256_starts(&whole, 0), 0);
    assert_int_equal(mbedtls_sha256_update(&whole, abc, 1), 0);
    mbedtls_sha256_clone(&copy, &whole);
    assert_int_equal(mbedtls_sha256_update(&copy, abc + 1, 2), 0);
    assert_int_equal(mbedtls_sha256_finish(&copy, out), 0);
    assert_bytes(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mbedtls_sha256_free(&whole);
    mbedtls_sha256_free(&copy);
    assert_int_equal(mbedtls_sha512(abc, sizeof(abc), out, 1), 0);
    assert_bytes(out, 48,
                 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc23"
                 "58baeca134c825a7");
    assert_int_equal(mbedtls_sha512(abc, sizeof(abc), out, 0), 0);
    assert_bytes(out, 64,
                 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
                 "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

/* ---- Records -----------------------------------------------------------------------------------
 */

struct sealed {
    const char *key, *iv, *aad, *plain, *cipher, *tag;
};

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 16. */
#define GCM_PLAIN                                                                                  \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6" \
    "b525b16aedf5aa0de657ba637b39"
static const struct sealed gcm_128 = {
    .key = "feffe9928665731c6d6a8f9467308308",
    .iv = "cafebabefacedbaddecaf888",
    .aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    .plain = GCM_PLAIN,
    .cipher = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f"
              "6a5aac84aa051ba30b396a0aac973d58e091",
    .tag = "5bc94fbc3221a5db94fae95ae7121a47"};
static const struct sealed gcm_256 = {
    .key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    .iv = "cafebabefacedbaddecaf888",
    .aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    .plain = GCM_PLAIN,
    .cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0"
              "8b1056828838c5f61e6393ba7a0abcc9f662",
    .tag = "76fc6ece0f4e1768cddf8853bb2d551b"};

/* RFC 8439 section 2.8.2. */
static const struct sealed chacha = {
    .key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    .iv = "070000004041424344454647",
    .aad = "50515253c0c1c2c3c4c5c6c7",
    .plain =
        "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966"
        "204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f722074686520667574"
        "7572652c2073756e73637265656e20776f756c642062652069742e",
    .cipher =
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb"
        "69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad6"
        "75945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116",
    .tag = "1ae10b594f09e26a7e902ecbd0600691"};

/* The vector's parts as bytes; work begins as the plain text. */
struct parts {
    uint8_t key[32], iv[12], aad[32], work[MAX_LEN], tag[TAG_LEN];
    size_t key_len, aad_len, len;
};

static void parts_of(struct parts *parts, const struct sealed *vector)
{
    parts->key_len = from_hex(parts->key, sizeof(parts->key), vector->key);
    assert_int_equal(from_hex(parts->iv, sizeof(parts->iv), vector->iv), sizeof(parts->iv));
    parts->aad_len = from_hex(parts->aad, sizeof(parts->aad), vector->aad);
    parts->len = from_hex(parts->work, sizeof(parts->work), vector->plain);
}

static void assert_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static int gcm_open(mbedtls_gcm_context *gcm, struct parts *parts)
{
    return mbedtls_gcm_auth_decrypt(gcm, parts->len, parts->iv, sizeof(parts->iv), parts->aad,
                                    parts->aad_len, parts->tag, TAG_LEN, parts->work, parts->work);
}

static int gcm_seal(mbedtls_gcm_context *gcm, struct parts *parts)
{
    return mbedtls_gcm_crypt_and_tag(gcm, MBEDTLS_GCM_ENCRYPT, parts->len, parts->iv,
                                     sizeof(parts->iv), parts->aad, parts->aad_len, parts->work,
                                     parts->work, TAG_LEN, parts->tag);
}

/* In place, as records are; both directions with one context, and twice. */
static void check_gcm(const struct sealed *vector)
{
    struct parts parts;
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    parts_of(&parts, vector);
    assert_int_equal(
        mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, parts.key, (unsigned)(parts.key_len * 8)),
        0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(gcm_seal(&gcm, &parts), 0);
        assert_bytes(parts.work, parts.len, vector->cipher);
        assert_bytes(parts.tag, TAG_LEN, vector->tag);
        assert_int_equal(gcm_open(&gcm, &parts), 0);
        assert_bytes(parts.work, parts.len, vector->plain);
    }
    assert_int_equal(gcm_seal(&gcm, &parts), 0);
    parts.tag[TAG_LEN - 1] ^= 1;
    assert_int_equal(gcm_open(&gcm, &parts), MBEDTLS_ERR_GCM_AUTH_FAILED);
    assert_zero(parts.work, parts.len);
    mbedtls_gcm_free(&gcm);
}

static void test_aes_gcm(void **state)
{
    (void)state;
    check_gcm(&gcm_128);
    check_gcm(&gcm_256);
}

/* A message without text is its tag alone: test case 1 of the same paper. */
static void test_aes_gcm_of_nothing(void **state)
{
    (void)state;
    struct parts parts = {.len = 0};
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    assert_int_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, parts.key, 128), 0);
    assert_int_equal(gcm_seal(&gcm, &parts), 0);
    assert_bytes(parts.tag, TAG_LEN, "58e2fccefa7e3061367f1d57a4e7455a");
    assert_int_equal(gcm_open(&gcm, &parts), 0);
    assert_int_not_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, parts.key, 127), 0);
    mbedtls_gcm_free(&gcm);
}

static int chacha_open(mbedtls_chachapoly_context *context, struct parts *parts)
{
    return mbedtls_chachapoly_auth_decrypt(context, parts->len, parts->iv, parts->aad,
                                           parts->aad_len, parts->tag, parts->work, parts->work);
}

static int chacha_seal(mbedtls_chachapoly_context *context, struct parts *parts)
{
    return mbedtls_chachapoly_encrypt_and_tag(context, parts->len, parts->iv, parts->aad,
                                              parts->aad_len, parts->work, parts->work, parts->tag);
}

static void test_chacha20_poly1305(void **state)
{
    (void)state;
    struct parts parts;
    mbedtls_chachapoly_context context;
    mbedtls_chachapoly_init(&context);
    parts_of(&parts, &chacha);
    assert_int_equal(mbedtls_chachapoly_setkey(&context, parts.key), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(chacha_seal(&context, &parts), 0);
        assert_bytes(parts.work, parts.len, chacha.cipher);
        assert_bytes(parts.tag, TAG_LEN, chacha.tag);
        assert_int_equal(chacha_open(&context, &parts), 0);
        assert_bytes(parts.work, parts.len, chacha.plain);
    }
    assert_int_equal(chacha_seal(&context, &parts), 0);
    parts.work[0] ^= 1;
    assert_int_equal(chacha_open(&context, &parts), MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED);
    assert_zero(parts.work, parts.len);
    mbedtls_chachapoly_free(&context);
}

/* ---- Key exchange ------------------------------------------------------------------------------
 */

struct exchange {
    mbedtls_ecp_group_id group;
    size_t bits;
    const char *secret, *public_key, *peer, *shared;
};

/* RFC 5903 sections 8.1 and 8.2: the initiator's side. */
static const struct exchange p256 = {
    .group = MBEDTLS_ECP_DP_SECP256R1,
    .bits = 256,
    .secret = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
    .public_key = "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb82"
                  "52d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    .peer = "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157"
            "854c13c58d6aac23f046ada30f8353e74f33039872ab",
    .shared = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"};
static const struct exchange p384 = {
    .group = MBEDTLS_ECP_DP_SECP384R1,
    .bits = 384,
    .secret =
        "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef"
        "896783ab194",
    .public_key =
        "04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4"
        "c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38ee"
        "b9fcff3c2c947dae69b4c634573a81c",
    .peer =
        "04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda4"
        "1d0774a3571dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209"
        "dff5eaad96db9e6386c",
    .shared =
        "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4"
        "a270f59746"};

static psa_key_id_t import_secret(const struct exchange *vector)
{
    uint8_t secret[MAX_LEN];
    psa_key_id_t key = 0;
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_DERIVE);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDH);
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, vector->bits);
    size_t len = from_hex(secret, sizeof(secret), vector->secret);
    assert_int_equal(psa_import_key(&attributes, secret, len, &key), PSA_SUCCESS);
    return key;
}

/* As TLS 1.3 does it. */
static void check_psa(const struct exchange *vector)
{
    uint8_t peer[MAX_LEN], out[MAX_LEN];
    size_t len = 0;
    size_t peer_len = from_hex(peer, sizeof(peer), vector->peer);
    psa_key_id_t key = import_secret(vector);
    assert_int_equal(psa_export_public_key(key, out, sizeof(out), &len), PSA_SUCCESS);
    assert_bytes(out, len, vector->public_key);
    assert_int_equal(
        psa_raw_key_agreement(PSA_ALG_ECDH, key, peer, peer_len, out, sizeof(out), &len),
        PSA_SUCCESS);
    assert_bytes(out, len, vector->shared);
    peer[peer_len - 1] ^= 1; /* beside the curve */
    assert_int_equal(
        psa_raw_key_agreement(PSA_ALG_ECDH, key, peer, peer_len, out, sizeof(out), &len),
        PSA_ERROR_INVALID_ARGUMENT);
    assert_int_not_equal(
        psa_raw_key_agreement(PSA_ALG_ECDH, key, peer, peer_len - 1, out, sizeof(out), &len),
        PSA_SUCCESS);
    assert_int_equal(psa_destroy_key(key), PSA_SUCCESS);
}

struct numbers {
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    mbedtls_ecp_point q;
};

static void numbers_begin(struct numbers *numbers, mbedtls_ecp_group_id id)
{
    mbedtls_ecp_group_init(&numbers->group);
    mbedtls_mpi_init(&numbers->d);
    mbedtls_mpi_init(&numbers->r);
    mbedtls_mpi_init(&numbers->s);
    mbedtls_ecp_point_init(&numbers->q);
    assert_int_equal(mbedtls_ecp_group_load(&numbers->group, id), 0);
}

static void numbers_end(struct numbers *numbers)
{
    mbedtls_ecp_group_free(&numbers->group);
    mbedtls_mpi_free(&numbers->d);
    mbedtls_mpi_free(&numbers->r);
    mbedtls_mpi_free(&numbers->s);
    mbedtls_ecp_point_free(&numbers->q);
}

static void read_number(mbedtls_mpi *x, const char *hex)
{
    uint8_t bytes[MAX_LEN];
    size_t len = from_hex(bytes, sizeof(bytes), hex);
    assert_int_equal(mbedtls_mpi_read_binary(x, bytes, len), 0);
}

static void read_point(struct numbers *numbers, const char *hex)
{
    uint8_t bytes[MAX_LEN];
    size_t len = from_hex(bytes, sizeof(bytes), hex);
    assert_int_equal(mbedtls_ecp_point_read_binary(&numbers->group, &numbers->q, bytes, len), 0);
}

/* As TLS 1.2 does it. */
static void check_ecdh(const struct exchange *vector)
{
    struct numbers numbers;
    uint8_t shared[MAX_LEN];
    size_t len = vector->bits / 8;
    numbers_begin(&numbers, vector->group);
    read_number(&numbers.d, vector->secret);
    read_point(&numbers, vector->peer);
    assert_int_equal(mbedtls_ecdh_compute_shared(&numbers.group, &numbers.r, &numbers.q, &numbers.d,
                                                 tls_mbedtls_random, NULL),
                     0);
    assert_int_equal(mbedtls_mpi_write_binary(&numbers.r, shared, len), 0);
    assert_bytes(shared, len, vector->shared);
    numbers_end(&numbers);
}

static void test_exchange_on_nist_curves(void **state)
{
    (void)state;
    check_psa(&p256);
    check_psa(&p384);
    check_ecdh(&p256);
    check_ecdh(&p384);
}

/* Two new pairs on each curve agree, and each has a public key of its own. */
static void test_new_pairs_agree(void **state)
{
    (void)state;
    static const mbedtls_ecp_group_id groups[] = {
        MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        struct numbers a, b;
        numbers_begin(&a, groups[i]);
        numbers_begin(&b, groups[i]);
        assert_int_equal(mbedtls_ecdh_gen_public(&a.group, &a.d, &a.q, tls_mbedtls_random, NULL),
                         0);
        assert_int_equal(mbedtls_ecdh_gen_public(&b.group, &b.d, &b.q, tls_mbedtls_random, NULL),
                         0);
        assert_int_not_equal(mbedtls_mpi_cmp_mpi(&a.q.MBEDTLS_PRIVATE(X), &b.q.MBEDTLS_PRIVATE(X)),
                             0);
        assert_int_equal(
            mbedtls_ecdh_compute_shared(&a.group, &a.r, &b.q, &a.d, tls_mbedtls_random, NULL), 0);
        assert_int_equal(
            mbedtls_ecdh_compute_shared(&b.group, &b.r, &a.q, &b.d, tls_mbedtls_random, NULL), 0);
        assert_int_equal(mbedtls_mpi_cmp_mpi(&a.r, &b.r), 0);
        numbers_end(&a);
        numbers_end(&b);
    }
}

/* ---- Signatures --------------------------------------------------------------------------------
 */

/* RFC 6979 section A.2.5: P-256, SHA-256, "sample". */
#define SIGNER "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define SIGNER_POINT                                                                               \
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e956" \
    "28bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define SAMPLE_R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define SAMPLE_S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

static void sample_begin(struct numbers *numbers, uint8_t hash[32])
{
    static const uint8_t sample[] = {'s', 'a', 'm', 'p', 'l', 'e'};
    numbers_begin(numbers, MBEDTLS_ECP_DP_SECP256R1);
    read_number(&numbers->d, SIGNER);
    read_point(numbers, SIGNER_POINT);
    read_number(&numbers->r, SAMPLE_R);
    read_number(&numbers->s, SAMPLE_S);
    assert_int_equal(mbedtls_sha256(sample, sizeof(sample), hash, 0), 0);
}

static int verify(struct numbers *numbers, const uint8_t hash[32])
{
    return mbedtls_ecdsa_verify(&numbers->group, hash, 32, &numbers->q, &numbers->r, &numbers->s);
}

static int sign(struct numbers *numbers, const uint8_t hash[32])
{
    return mbedtls_ecdsa_sign(&numbers->group, &numbers->r, &numbers->s, &numbers->d, hash, 32,
                              tls_mbedtls_random, NULL);
}

static void test_verification(void **state)
{
    (void)state;
    struct numbers numbers;
    uint8_t hash[32];
    sample_begin(&numbers, hash);
    assert_int_equal(verify(&numbers, hash), 0);
    hash[31] ^= 1;
    assert_int_equal(verify(&numbers, hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    hash[31] ^= 1;
    read_number(&numbers.s, ORDER);
    assert_int_equal(verify(&numbers, hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    assert_int_equal(mbedtls_mpi_lset(&numbers.s, 0), 0);
    assert_int_equal(verify(&numbers, hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    read_number(&numbers.s, SAMPLE_S);
    assert_int_equal(mbedtls_mpi_lset(&numbers.r, -1), 0);
    assert_int_equal(verify(&numbers, hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    numbers_end(&numbers);
}

/* A signature is good, is another each time, and takes random bytes from nowhere but the seam. */
static void test_signature(void **state)
{
    (void)state;
    struct numbers numbers;
    mbedtls_mpi first;
    uint8_t hash[32];
    mbedtls_mpi_init(&first);
    sample_begin(&numbers, hash);
    assert_int_equal(sign(&numbers, hash), 0);
    assert_int_equal(verify(&numbers, hash), 0);
    assert_int_equal(mbedtls_mpi_copy(&first, &numbers.r), 0);
    assert_int_equal(sign(&numbers, hash), 0);
    assert_int_equal(verify(&numbers, hash), 0);
    assert_int_not_equal(mbedtls_mpi_cmp_mpi(&first, &numbers.r), 0);
    double_entropy_fails = true;
    assert_int_not_equal(sign(&numbers, hash), 0);
    double_entropy_fails = false;
    mbedtls_mpi_free(&first);
    numbers_end(&numbers);
}

/* ---- Memory ------------------------------------------------------------------------------------
 */

/* A signature and its verification, with only so many allocations granted. */
static int sign_starved(struct numbers *numbers, const uint8_t hash[32], long allocations)
{
    double_allocations_left = allocations;
    int code = sign(numbers, hash);
    if (code == 0) {
        code = verify(numbers, hash);
    }
    double_allocations_left = -1;
    return code;
}

/* Whichever allocation is refused: an error, counted as such, and nothing is lost. */
static void test_refused_memory(void **state)
{
    (void)state;
    struct numbers numbers;
    uint8_t hash[32];
    sample_begin(&numbers, hash);
    assert_int_equal(sign_starved(&numbers, hash, -1), 0);
    long granted = 0;
    size_t blocks = memory_block_count();
    for (;; granted++) {
        unsigned failures = tls_mbedtls_allocation_failures();
        if (sign_starved(&numbers, hash, granted) == 0) {
            break;
        }
        assert_int_not_equal(tls_mbedtls_allocation_failures(), failures);
        assert_int_equal(memory_block_count(), blocks);
    }
    assert_true(granted > 3);
    numbers_end(&numbers);
}

/* After all that was done above, the last test of this program. */
static void test_memory_kept(void **state)
{
    (void)state;
    mbedtls_psa_crypto_free();
    assert_true(memory_used_len() <= crypto_driver_memory.fixed_len);
    assert_int_equal(psa_crypto_init(), PSA_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha2),
        cmocka_unit_test(test_aes_gcm),
        cmocka_unit_test(test_aes_gcm_of_nothing),
        cmocka_unit_test(test_chacha20_poly1305),
        cmocka_unit_test(test_exchange_on_nist_curves),
        cmocka_unit_test(test_new_pairs_agree),
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_memory_kept),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
