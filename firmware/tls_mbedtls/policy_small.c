/* What the small firmware offers and accepts, and what that is called in the log: TLS 1.3 with
 * SHA-256, X25519 and P-256 alone. */
#include "backend.h"

const bool policy_has_tls12 = false;

static const int suites_aes_first[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                       MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};

static const int suites_chacha_first[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                          MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};

const int *policy_suites(enum tls_suite_order order)
{
    return order == TLS_SUITE_ORDER_CHACHA_FIRST ? suites_chacha_first : suites_aes_first;
}

const uint16_t policy_groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

const uint16_t policy_signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                      MBEDTLS_TLS1_3_SIG_NONE};

const mbedtls_x509_crt_profile policy_certificates = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
};

const struct named policy_suite_names[] = {
    {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"},
    {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"},
    {0, "unknown"},
};

const struct named policy_group_names[] = {
    {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, "x25519"},
    {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, "secp256r1"},
    {0, "none"},
};
