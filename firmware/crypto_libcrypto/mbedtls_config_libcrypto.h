/* What Mbed TLS leaves to OpenSSL's libcrypto: its MBEDTLS_USER_CONFIG_FILE in such a build.
 *
 * Each hook is the library's own, see its mbedtls_config.h; only PSA's, the last one, is a patch of
 * ours, third_party/patches/mbedtls-psa-ecc-driver.patch. */
#ifndef MBEDTLS_CONFIG_LIBCRYPTO_H
#define MBEDTLS_CONFIG_LIBCRYPTO_H

#define MBEDTLS_GCM_ALT
#define MBEDTLS_CHACHAPOLY_ALT
#define MBEDTLS_SHA256_ALT
#define MBEDTLS_SHA512_ALT
#define MBEDTLS_ECDSA_SIGN_ALT
#define MBEDTLS_ECDSA_VERIFY_ALT
#define MBEDTLS_ECDH_GEN_PUBLIC_ALT
#define MBEDTLS_ECDH_COMPUTE_SHARED_ALT
#define PSA_CRYPTO_ACCELERATOR_DRIVER_PRESENT
#define MBEDTLS_PSA_ECC_DRIVER "psa_ecc_driver.h"

/* What these take the place of. */
#undef MBEDTLS_ECDH_VARIANT_EVEREST_ENABLED
#undef MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT

#endif
