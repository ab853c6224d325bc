/* The driver's own functions in place of mbedtls_ecdh_*: TLS 1.2's key exchange comes this way. */
#include <mbedtls/ecdh.h>
#include <mbedtls/platform_util.h>

#include "libcrypto_parts.h"

static bool is_montgomery(const mbedtls_ecp_group *grp)
{
    return grp->id == MBEDTLS_ECP_DP_CURVE25519;
}

static int write_secret(const mbedtls_ecp_group *grp, const mbedtls_mpi *d, uint8_t *out)
{
    size_t len = ecc_len(grp->id);
    if (len == 0) {
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    }
    return is_montgomery(grp) ? mbedtls_mpi_write_binary_le(d, out, len)
                              : mbedtls_mpi_write_binary(d, out, len);
}

int mbedtls_ecdh_gen_public(mbedtls_ecp_group *grp, mbedtls_mpi *d, mbedtls_ecp_point *Q,
                            int (*f_rng)(void *, unsigned char *, size_t), void *p_rng)
{
    uint8_t secret[ECC_MAX_LEN];
    uint8_t point[ECC_POINT_MAX_LEN];
    size_t point_len = 0;
    int code = mbedtls_ecp_gen_privkey(grp, d, f_rng, p_rng);
    if (code == 0) {
        code = write_secret(grp, d, secret);
    }
    if (code == 0) {
        code = ecc_public(grp->id, secret, point, &point_len);
    }
    mbedtls_platform_zeroize(secret, sizeof(secret));
    return code != 0 ? code : mbedtls_ecp_point_read_binary(grp, Q, point, point_len);
}

static int agree(const mbedtls_ecp_group *grp, const mbedtls_ecp_point *Q, const mbedtls_mpi *d,
                 uint8_t shared[ECC_MAX_LEN])
{
    uint8_t secret[ECC_MAX_LEN];
    uint8_t peer[ECC_POINT_MAX_LEN];
    size_t peer_len = 0;
    int code = mbedtls_ecp_point_write_binary(grp, Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &peer_len, peer,
                                              sizeof(peer));
    if (code == 0) {
        code = write_secret(grp, d, secret);
    }
    if (code == 0) {
        code = ecc_agree(grp->id, secret, peer, peer_len, shared);
    }
    mbedtls_platform_zeroize(secret, sizeof(secret));
    return code;
}

int mbedtls_ecdh_compute_shared(mbedtls_ecp_group *grp, mbedtls_mpi *z, const mbedtls_ecp_point *Q,
                                const mbedtls_mpi *d, int (*f_rng)(void *, unsigned char *, size_t),
                                void *p_rng)
{
    (void)f_rng; /* libcrypto blinds with random bytes of its own */
    (void)p_rng;
    uint8_t shared[ECC_MAX_LEN];
    int code = agree(grp, Q, d, shared);
    if (code == 0) {
        code = is_montgomery(grp) ? mbedtls_mpi_read_binary_le(z, shared, ecc_len(grp->id))
                                  : mbedtls_mpi_read_binary(z, shared, ecc_len(grp->id));
    }
    mbedtls_platform_zeroize(shared, sizeof(shared));
    return code;
}
