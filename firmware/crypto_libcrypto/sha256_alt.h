/* What a mbedtls_sha256_context is when OpenSSL's libcrypto does the work: see sha2.c. */
#ifndef SHA256_ALT_H
#define SHA256_ALT_H

#include <openssl/sha.h>

typedef struct mbedtls_sha256_context {
    SHA256_CTX hash;
} mbedtls_sha256_context;

#endif
