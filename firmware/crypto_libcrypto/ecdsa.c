/* The driver's own functions in place of mbedtls_ecdsa_sign and mbedtls_ecdsa_verify.
 *
 * By the older EC_KEY interface: making an EVP_PKEY of a key takes as long as a signature does. */
#include <mbedtls/ecdsa.h>
#include <mbedtls/platform_util.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "libcrypto_parts.h"

#define HASH_MAX_LEN 64 /* SHA-512 */

static BIGNUM *number_of(const mbedtls_mpi *x)
{
    uint8_t bytes[ECC_MAX_LEN];
    BIGNUM *number = NULL;
    if (mbedtls_mpi_write_binary(x, bytes, sizeof(bytes)) == 0) {
        number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    }
    mbedtls_platform_zeroize(bytes, sizeof(bytes));
    return number;
}

static int number_to(const BIGNUM *number, mbedtls_mpi *x)
{
    uint8_t bytes[ECC_MAX_LEN];
    if (BN_bn2binpad(number, bytes, sizeof(bytes)) < 0) {
        return libcrypto_error();
    }
    return mbedtls_mpi_read_binary(x, bytes, sizeof(bytes));
}

static EC_KEY *key_new(mbedtls_ecp_group_id id)
{
    const EC_GROUP *curve = libcrypto_curve(id);
    EC_KEY *key = curve != NULL ? EC_KEY_new() : NULL;
    if (key != NULL && EC_KEY_set_group(key, curve) != 1) {
        EC_KEY_free(key);
        key = NULL;
    }
    return key;
}

static bool is_usable(const mbedtls_ecp_group *grp, size_t hash_len)
{
    return libcrypto_curve(grp->id) != NULL && hash_len <= HASH_MAX_LEN;
}

static EC_KEY *key_of_secret(mbedtls_ecp_group_id id, const mbedtls_mpi *d)
{
    EC_KEY *key = key_new(id);
    BIGNUM *secret = number_of(d);
    if (key != NULL && (secret == NULL || EC_KEY_set_private_key(key, secret) != 1)) {
        EC_KEY_free(key);
        key = NULL;
    }
    BN_clear_free(secret);
    return key;
}

int mbedtls_ecdsa_sign(mbedtls_ecp_group *grp, mbedtls_mpi *r, mbedtls_mpi *s, const mbedtls_mpi *d,
                       const unsigned char *buf, size_t blen,
                       int (*f_rng)(void *, unsigned char *, size_t), void *p_rng)
{
    (void)f_rng; /* libcrypto asks the same source: see start.c */
    (void)p_rng;
    if (!is_usable(grp, blen)) {
        return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    EC_KEY *key = key_of_secret(grp->id, d);
    ECDSA_SIG *signature = key != NULL ? ECDSA_do_sign(buf, (int)blen, key) : NULL;
    int code = signature != NULL ? 0 : libcrypto_error();
    if (code == 0) {
        code = number_to(ECDSA_SIG_get0_r(signature), r);
    }
    if (code == 0) {
        code = number_to(ECDSA_SIG_get0_s(signature), s);
    }
    ECDSA_SIG_free(signature);
    EC_KEY_free(key);
    return code;
}

/* The point is held against the curve's equation here, whatever was checked before. */
static EC_KEY *key_of_point(mbedtls_ecp_group *grp, const mbedtls_ecp_point *Q)
{
    uint8_t point[ECC_POINT_MAX_LEN];
    size_t len = 0;
    EC_KEY *key = key_new(grp->id);
    if (key != NULL && (mbedtls_ecp_point_write_binary(grp, Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                                       point, sizeof(point)) != 0 ||
                        EC_KEY_oct2key(key, point, len, NULL) != 1)) {
        EC_KEY_free(key);
        key = NULL;
    }
    return key;
}

static ECDSA_SIG *signature_of(const mbedtls_mpi *r, const mbedtls_mpi *s)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r_number = number_of(r);
    BIGNUM *s_number = number_of(s);
    if (signature == NULL || r_number == NULL || s_number == NULL ||
        ECDSA_SIG_set0(signature, r_number, s_number) != 1) {
        BN_free(r_number);
        BN_free(s_number);
        ECDSA_SIG_free(signature);
        return NULL;
    }
    return signature; /* which owns the numbers */
}

/* A number that the curve has no room for belongs to no signature. */
static bool is_signature(const mbedtls_ecp_group *grp, const mbedtls_mpi *r, const mbedtls_mpi *s)
{
    return mbedtls_mpi_cmp_int(r, 1) >= 0 && mbedtls_mpi_cmp_mpi(r, &grp->N) < 0 &&
           mbedtls_mpi_cmp_int(s, 1) >= 0 && mbedtls_mpi_cmp_mpi(s, &grp->N) < 0;
}

int mbedtls_ecdsa_verify(mbedtls_ecp_group *grp, const unsigned char *buf, size_t blen,
                         const mbedtls_ecp_point *Q, const mbedtls_mpi *r, const mbedtls_mpi *s)
{
    if (!is_usable(grp, blen)) {
        return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    if (!is_signature(grp, r, s)) {
        return MBEDTLS_ERR_ECP_VERIFY_FAILED;
    }
    EC_KEY *key = key_of_point(grp, Q);
    ECDSA_SIG *signature = signature_of(r, s);
    int verdict = -1;
    if (key != NULL && signature != NULL) {
        verdict = ECDSA_do_verify(buf, (int)blen, signature, key);
    }
    ECDSA_SIG_free(signature);
    EC_KEY_free(key);
    int code = verdict == 1 ? 0 : libcrypto_error();
    return verdict == 0 ? MBEDTLS_ERR_ECP_VERIFY_FAILED : code;
}
