/* X25519 by libcrypto (RFC 7748 section 5): constant time, in assembler where there is some. */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "libcrypto_parts.h"

#define X25519_LEN 32

int x25519_public(const uint8_t *secret, uint8_t *out)
{
    size_t len = X25519_LEN;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, X25519_LEN);
    int ok = key != NULL && EVP_PKEY_get_raw_public_key(key, out, &len) == 1;
    EVP_PKEY_free(key);
    return ok ? 0 : libcrypto_error();
}

/* A key pair without its public half: libcrypto would compute that first, as long as the agreement
 * itself takes. Nothing asks for it, so any bytes do. */
static EVP_PKEY *secret_alone(const uint8_t *secret)
{
    static const uint8_t unused[X25519_LEN];
    EVP_PKEY *key = NULL;
    OSSL_PARAM halves[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)secret, X25519_LEN),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)unused, X25519_LEN),
        OSSL_PARAM_END};
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
    if (maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, halves) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(maker);
    return key;
}

/* The derivation itself fails for one reason only: the result is zero, the mark of a point of small
 * order (RFC 7748 section 6.1, RFC 8446 section 7.4.2). */
static int derive(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t *out)
{
    size_t len = X25519_LEN;
    EVP_PKEY_CTX *agreement = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    int code = 0;
    if (agreement == NULL || EVP_PKEY_derive_init(agreement) != 1 ||
        EVP_PKEY_derive_set_peer_ex(agreement, theirs, 0) != 1) {
        code = libcrypto_error();
    } else if (EVP_PKEY_derive(agreement, out, &len) != 1 || len != X25519_LEN) {
        (void)libcrypto_error();
        code = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    EVP_PKEY_CTX_free(agreement);
    return code;
}

int x25519_agree(const uint8_t *secret, const uint8_t *peer, uint8_t *out)
{
    EVP_PKEY *ours = secret_alone(secret);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, X25519_LEN);
    int code = ours != NULL && theirs != NULL ? derive(ours, theirs, out) : libcrypto_error();
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    return code;
}
