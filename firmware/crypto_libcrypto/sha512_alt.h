/* What a mbedtls_sha512_context is when OpenSSL's libcrypto does the work: see sha2.c. */
#ifndef SHA512_ALT_H
#define SHA512_ALT_H

#include <openssl/sha.h>

typedef struct mbedtls_sha512_context {
    SHA512_CTX hash;
    int is384;
} mbedtls_sha512_context;

#endif
