/* What a mbedtls_gcm_context is when OpenSSL's libcrypto does the work: see aead.c. */
#ifndef GCM_ALT_H
#define GCM_ALT_H

struct evp_cipher_ctx_st;

typedef struct mbedtls_gcm_context {
    struct evp_cipher_ctx_st *cipher; /* owned; NULL before a key is set */
} mbedtls_gcm_context;

#endif
