/* Public keys and shared secrets on all curves, as bytes.
 *
 * EC_POINT_mul() takes constant time for one secret and one point, whichever the curve; the secret
 * is marked all the same. */
#include <string.h>

#include <mbedtls/platform_util.h>
#include <openssl/bn.h>

#include "libcrypto_parts.h"

#define X25519_LEN 32
#define UNCOMPRESSED 4 /* SEC 1 section 2.3.3 */

size_t ecc_len(mbedtls_ecp_group_id id)
{
    switch (id) {
    case MBEDTLS_ECP_DP_CURVE25519:
        return X25519_LEN;
    case MBEDTLS_ECP_DP_SECP256R1:
        return 32;
    case MBEDTLS_ECP_DP_SECP384R1:
        return 48;
    default:
        return 0;
    }
}

/* What one multiplication needs. */
struct product {
    const EC_GROUP *curve;
    BIGNUM *secret;
    EC_POINT *point; /* the other factor, if that is not the generator; then the product */
    BN_CTX *room;
};

static bool product_begin(struct product *product, mbedtls_ecp_group_id id, const uint8_t *secret)
{
    *product = (struct product){.curve = libcrypto_curve(id)};
    if (product->curve == NULL) {
        return false;
    }
    product->secret = BN_secure_new();
    product->point = EC_POINT_new(product->curve);
    product->room = BN_CTX_secure_new();
    if (product->secret == NULL || product->point == NULL || product->room == NULL ||
        BN_bin2bn(secret, (int)ecc_len(id), product->secret) == NULL) {
        return false;
    }
    BN_set_flags(product->secret, BN_FLG_CONSTTIME);
    return true;
}

static void product_end(struct product *product)
{
    BN_clear_free(product->secret);
    EC_POINT_clear_free(product->point);
    BN_CTX_free(product->room);
}

/* Zero for a point at infinity, which has no coordinates. */
static size_t product_write(const struct product *product, uint8_t out[ECC_POINT_MAX_LEN])
{
    if (EC_POINT_is_at_infinity(product->curve, product->point)) {
        return 0;
    }
    return EC_POINT_point2oct(product->curve, product->point, POINT_CONVERSION_UNCOMPRESSED, out,
                              ECC_POINT_MAX_LEN, product->room);
}

static int curve_public(mbedtls_ecp_group_id id, const uint8_t *secret,
                        uint8_t out[ECC_POINT_MAX_LEN], size_t *out_len)
{
    struct product product;
    bool ok =
        product_begin(&product, id, secret) &&
        EC_POINT_mul(product.curve, product.point, product.secret, NULL, NULL, product.room) == 1;
    *out_len = ok ? product_write(&product, out) : 0;
    product_end(&product);
    return *out_len > 0 ? 0 : libcrypto_error();
}

int ecc_public(mbedtls_ecp_group_id id, const uint8_t *secret, uint8_t out[ECC_POINT_MAX_LEN],
               size_t *out_len)
{
    if (id != MBEDTLS_ECP_DP_CURVE25519) {
        return curve_public(id, secret, out, out_len);
    }
    *out_len = X25519_LEN;
    return x25519_public(secret, out);
}

/* Reads the peer's point, which libcrypto holds against the curve's equation. */
static bool product_read(struct product *product, const uint8_t *peer, size_t peer_len, size_t len)
{
    return peer_len == 1 + 2 * len && peer[0] == UNCOMPRESSED &&
           EC_POINT_oct2point(product->curve, product->point, peer, peer_len, product->room) == 1;
}

static int product_agree(struct product *product, size_t len, uint8_t *out)
{
    uint8_t point[ECC_POINT_MAX_LEN];
    bool ok = EC_POINT_mul(product->curve, product->point, NULL, product->point, product->secret,
                           product->room) == 1 &&
              product_write(product, point) == 1 + 2 * len;
    if (ok) {
        memcpy(out, point + 1, len);
    }
    mbedtls_platform_zeroize(point, sizeof(point));
    return ok ? 0 : libcrypto_error();
}

static int curve_agree(mbedtls_ecp_group_id id, const uint8_t *secret, const uint8_t *peer,
                       size_t peer_len, uint8_t *out)
{
    struct product product;
    int code = 0;
    if (!product_begin(&product, id, secret)) {
        code = libcrypto_error();
    } else if (!product_read(&product, peer, peer_len, ecc_len(id))) {
        code = libcrypto_error();
        code = code == MBEDTLS_ERR_ECP_ALLOC_FAILED ? code : MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    } else {
        code = product_agree(&product, ecc_len(id), out);
    }
    product_end(&product);
    return code;
}

int ecc_agree(mbedtls_ecp_group_id id, const uint8_t *secret, const uint8_t *peer, size_t peer_len,
              uint8_t out[ECC_MAX_LEN])
{
    int code;
    if (id != MBEDTLS_ECP_DP_CURVE25519) {
        code = curve_agree(id, secret, peer, peer_len, out);
    } else if (peer_len != X25519_LEN) {
        code = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    } else {
        code = x25519_agree(secret, peer, out);
    }
    if (code != 0) {
        mbedtls_platform_zeroize(out, ECC_MAX_LEN);
    }
    return code;
}
