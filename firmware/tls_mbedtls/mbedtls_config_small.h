/* What the small profile leaves out of Mbed TLS: its MBEDTLS_USER_CONFIG_FILE in such a build. What
 * is left is TLS 1.3 with X25519 or P-256 and ECDSA P-256, in the suites of SHA-256. */
#ifndef MBEDTLS_CONFIG_SMALL_H
#define MBEDTLS_CONFIG_SMALL_H

#undef MBEDTLS_SSL_PROTO_TLS1_2
#undef MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#undef MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#undef MBEDTLS_ECP_DP_SECP384R1_ENABLED
#undef MBEDTLS_RSA_C
#undef MBEDTLS_PKCS1_V15
#undef MBEDTLS_PKCS1_V21
#undef MBEDTLS_X509_RSASSA_PSS_SUPPORT
#undef MBEDTLS_SHA1_C
#undef MBEDTLS_SHA384_C
#undef MBEDTLS_SHA512_C

/* Slower where the CPU has no instructions for them, in a third of the size. */
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_SHA256_SMALLER

/* The log then has the number, and words of ours for a few: error_text_small.c. */
#undef MBEDTLS_ERROR_C

#endif
