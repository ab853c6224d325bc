/* What a mbedtls_chachapoly_context is when OpenSSL's libcrypto does the work: see aead.c. */
#ifndef CHACHAPOLY_ALT_H
#define CHACHAPOLY_ALT_H

struct evp_cipher_ctx_st;

typedef struct mbedtls_chachapoly_context {
    struct evp_cipher_ctx_st *cipher; /* owned; NULL before a key is set */
} mbedtls_chachapoly_context;

#endif
