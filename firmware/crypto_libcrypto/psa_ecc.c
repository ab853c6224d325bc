/* The driver's PSA side: TLS 1.3's key exchange comes this way. */
#include <string.h>

#include <mbedtls/platform_util.h>

#include "libcrypto_parts.h"
#include "psa_ecc_driver.h"

/* The curve of a key pair, or NONE if it is none of ours. */
static mbedtls_ecp_group_id curve_of(const psa_key_attributes_t *attributes)
{
    psa_key_type_t type = psa_get_key_type(attributes);
    size_t bits = psa_get_key_bits(attributes);
    if (type == PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY) && bits == 255) {
        return MBEDTLS_ECP_DP_CURVE25519;
    }
    if (type != PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1)) {
        return MBEDTLS_ECP_DP_NONE;
    }
    if (bits == 256) {
        return MBEDTLS_ECP_DP_SECP256R1;
    }
    return bits == 384 ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_NONE;
}

static psa_status_t status_of(int code)
{
    switch (code) {
    case 0:
        return PSA_SUCCESS;
    case MBEDTLS_ERR_ECP_BAD_INPUT_DATA:
        return PSA_ERROR_INVALID_ARGUMENT;
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    default:
        return PSA_ERROR_HARDWARE_FAILURE;
    }
}

/* Hands over len bytes of what was computed, and forgets it here. */
static psa_status_t deliver(int code, uint8_t *bytes, size_t len, uint8_t *out, size_t out_cap,
                            size_t *out_len)
{
    psa_status_t status = status_of(code);
    if (status == PSA_SUCCESS && len > out_cap) {
        status = PSA_ERROR_BUFFER_TOO_SMALL;
    }
    if (status == PSA_SUCCESS) {
        memcpy(out, bytes, len);
        *out_len = len;
    }
    mbedtls_platform_zeroize(bytes, len);
    return status;
}

psa_status_t psa_ecc_driver_export_public_key(const psa_key_attributes_t *attributes,
                                              const uint8_t *key, size_t key_len, uint8_t *out,
                                              size_t out_cap, size_t *out_len)
{
    mbedtls_ecp_group_id curve = curve_of(attributes);
    if (curve == MBEDTLS_ECP_DP_NONE) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (key_len != ecc_len(curve)) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    uint8_t point[ECC_POINT_MAX_LEN];
    size_t len = 0;
    int code = ecc_public(curve, key, point, &len);
    return deliver(code, point, len, out, out_cap, out_len);
}

/* NOLINTNEXTLINE(readability-function-size): PSA says which parameters it has */
psa_status_t psa_ecc_driver_key_agreement(const psa_key_attributes_t *attributes,
                                          const uint8_t *key, size_t key_len, psa_algorithm_t alg,
                                          const uint8_t *peer, size_t peer_len, uint8_t *out,
                                          size_t out_cap, size_t *out_len)
{
    mbedtls_ecp_group_id curve = curve_of(attributes);
    if (curve == MBEDTLS_ECP_DP_NONE || !PSA_ALG_IS_ECDH(alg)) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (key_len != ecc_len(curve)) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    uint8_t secret[ECC_MAX_LEN];
    int code = ecc_agree(curve, key, peer, peer_len, secret);
    return deliver(code, secret, ecc_len(curve), out, out_cap, out_len);
}
