/* What the files of the libcrypto driver share. */
#ifndef LIBCRYPTO_PARTS_H
#define LIBCRYPTO_PARTS_H

#include <stdbool.h>

#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

/* NULL: there is none, or the driver was not started. Owned by the driver. */
const EVP_CIPHER *libcrypto_aes_gcm(unsigned key_bits);
const EVP_CIPHER *libcrypto_chacha20_poly1305(void);
const EC_GROUP *libcrypto_curve(mbedtls_ecp_group_id id); /* of NIST's curves only */

/* The error of a call into libcrypto that failed, after which its list of errors is empty again:
 * ALLOC_FAILED or HW_ACCEL_FAILED. */
int libcrypto_error(void);

#define ECC_MAX_LEN 48 /* of a number on a curve: P-384 */
#define ECC_POINT_MAX_LEN (1 + 2 * ECC_MAX_LEN)

/* Bytes of a secret key of the curve, 0 if it is none of ours. */
size_t ecc_len(mbedtls_ecp_group_id id);

/* The public key for a secret one of ecc_len bytes, as TLS writes it (RFC 8446 section 4.2.8.2).
 * Errors: BAD_INPUT_DATA, and those of libcrypto_error. */
int ecc_public(mbedtls_ecp_group_id id, const uint8_t *secret, uint8_t out[ECC_POINT_MAX_LEN],
               size_t *out_len);

/* The shared secret of ecc_len bytes: x, or X25519's result. BAD_INPUT_DATA: peer is no point of
 * the curve, or one of small order. Then out is zeroized. */
int ecc_agree(mbedtls_ecp_group_id id, const uint8_t *secret, const uint8_t *peer, size_t peer_len,
              uint8_t out[ECC_MAX_LEN]);

/* X25519 alone (RFC 7748 section 5), for the two above. */
int x25519_public(const uint8_t *secret, uint8_t *out);
int x25519_agree(const uint8_t *secret, const uint8_t *peer, uint8_t *out);

#endif
