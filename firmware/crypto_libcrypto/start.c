/* libcrypto as a whole: its memory and random bytes are the firmware's own, it reads no
 * configuration file, and what every call needs is made once. */
#include <string.h>

#include <mbedtls/build_info.h>
#include <mbedtls/version.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/opensslv.h>
#include <openssl/rand.h>

#include "crypto_driver.h"
#include "entropy_port.h"
#include "libcrypto_parts.h"
#include "memory_port.h"

/* libcrypto's state is one per process, and its hooks have no context. */
static struct {
    EVP_CIPHER *aes_128_gcm, *aes_256_gcm, *chacha20_poly1305;
    EC_GROUP *p256, *p384;
} made;

/* Measured: OpenSSL 3.0 keeps 320 KB until the program ends, 3.5 360 KB; and 2 KB a session. */
const struct tls_memory crypto_driver_memory = {.fixed_len = (size_t)512 * 1024,
                                                .session_len = 4096};

const char *crypto_driver_version(void)
{
    return MBEDTLS_VERSION_STRING_FULL " on " OPENSSL_VERSION_TEXT;
}

/* ---- Its memory and random bytes ---------------------------------------------------------------
 */

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size > 0 ? tls_mbedtls_calloc(1, size) : NULL;
}

static void give_back(void *p, const char *file, int line)
{
    (void)file, (void)line;
    tls_mbedtls_free(p);
}

static void *resize(void *p, size_t size, const char *file, int line)
{
    if (size == 0) {
        give_back(p, file, line);
        return NULL;
    }
    void *resized = memory_realloc(p, size);
    if (resized == NULL) {
        tls_mbedtls_note_refusal();
    }
    return resized;
}

static int random_bytes(unsigned char *out, int len)
{
    return len >= 0 && entropy_fill(out, (size_t)len) ? 1 : 0;
}

static int random_status(void)
{
    return 1;
}

static const RAND_METHOD random_method = {
    .bytes = random_bytes, .pseudorand = random_bytes, .status = random_status};

/* The words for errors are 120 KB, and nobody asks for them. The hooks can be set before
 * libcrypto's first allocation only. */
static bool hook_in(void)
{
    static bool done;
    uint64_t nothing_more =
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;
    done = done || (CRYPTO_set_mem_functions(take, resize, give_back) == 1 &&
                    OPENSSL_init_crypto(nothing_more, NULL) == 1 &&
                    RAND_set_rand_method(&random_method) == 1);
    return done;
}

/* ---- Start and end -----------------------------------------------------------------------------
 */

int libcrypto_error(void)
{
    bool starved = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    return starved ? MBEDTLS_ERR_ECP_ALLOC_FAILED : MBEDTLS_ERR_PLATFORM_HW_ACCEL_FAILED;
}

static int sign_once(void)
{
    static const uint8_t hash[32];
    EC_KEY *key = EC_KEY_new();
    bool ok = key != NULL && EC_KEY_set_group(key, made.p256) == 1 && EC_KEY_generate_key(key) == 1;
    ECDSA_SIG *signature = ok ? ECDSA_do_sign(hash, sizeof(hash), key) : NULL;
    ok = signature != NULL;
    ECDSA_SIG_free(signature);
    EC_KEY_free(key);
    return ok ? 0 : libcrypto_error();
}

static int agree_once(mbedtls_ecp_group_id curve)
{
    static const uint8_t secret[ECC_MAX_LEN] = {1};
    uint8_t point[ECC_POINT_MAX_LEN];
    uint8_t shared[ECC_MAX_LEN];
    size_t len = 0;
    int code = ecc_public(curve, secret, point, &len);
    return code == 0 ? ecc_agree(curve, secret, point, len, shared) : code;
}

/* What libcrypto makes on first use it makes here, not when memory may be short: some of it is
 * never tried again once it has failed. */
static int use_once(void)
{
    int code = agree_once(MBEDTLS_ECP_DP_CURVE25519);
    if (code == 0) {
        code = agree_once(MBEDTLS_ECP_DP_SECP256R1);
    }
    if (code == 0) {
        code = sign_once();
    }
    (void)libcrypto_error(); /* makes the list of errors itself */
    return code;
}

int crypto_driver_start(void)
{
    if (!hook_in()) {
        return MBEDTLS_ERR_PLATFORM_HW_ACCEL_FAILED;
    }
    made.aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    made.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    made.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    made.p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    made.p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
    if (made.aes_128_gcm == NULL || made.aes_256_gcm == NULL || made.chacha20_poly1305 == NULL ||
        made.p256 == NULL || made.p384 == NULL) {
        crypto_driver_stop();
        return libcrypto_error();
    }
    int code = use_once();
    if (code != 0) {
        crypto_driver_stop();
    }
    return code;
}

void crypto_driver_stop(void)
{
    EVP_CIPHER_free(made.aes_128_gcm);
    EVP_CIPHER_free(made.aes_256_gcm);
    EVP_CIPHER_free(made.chacha20_poly1305);
    EC_GROUP_free(made.p256);
    EC_GROUP_free(made.p384);
    memset(&made, 0, sizeof(made));
}

const EVP_CIPHER *libcrypto_aes_gcm(unsigned key_bits)
{
    if (key_bits == 128) {
        return made.aes_128_gcm;
    }
    return key_bits == 256 ? made.aes_256_gcm : NULL;
}

const EVP_CIPHER *libcrypto_chacha20_poly1305(void)
{
    return made.chacha20_poly1305;
}

const EC_GROUP *libcrypto_curve(mbedtls_ecp_group_id id)
{
    if (id == MBEDTLS_ECP_DP_SECP256R1) {
        return made.p256;
    }
    return id == MBEDTLS_ECP_DP_SECP384R1 ? made.p384 : NULL;
}
