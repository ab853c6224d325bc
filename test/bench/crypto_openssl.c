/* The primitives by OpenSSL. */
#include <openssl/evp.h>

#include "crypto_speed.h"

struct exchange {
    EVP_PKEY *key, *peer;
};

static struct exchange x25519, p256;
static EVP_PKEY *signer;
static EVP_CIPHER_CTX *aes, *chacha;
static const unsigned char hash[32] = {1};
static unsigned char signature[80];
static size_t signature_len;
static unsigned char record[CRYPTO_SPEED_RECORD_LEN], sealed[CRYPTO_SPEED_RECORD_LEN];

static bool agree(const struct exchange *exchange)
{
    unsigned char secret[32];
    size_t len = sizeof secret;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(exchange->key, NULL);
    bool ok = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
              EVP_PKEY_derive_set_peer(context, exchange->peer) == 1 &&
              EVP_PKEY_derive(context, secret, &len) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

bool crypto_speed_x25519(void)
{
    return agree(&x25519);
}

bool crypto_speed_p256(void)
{
    return agree(&p256);
}

bool crypto_speed_sign(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer, NULL);
    signature_len = sizeof signature;
    bool ok = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_sign(context, signature, &signature_len, hash, sizeof hash) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

bool crypto_speed_verify(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer, NULL);
    bool ok = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
              EVP_PKEY_verify(context, signature, signature_len, hash, sizeof hash) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

static bool seal(EVP_CIPHER_CTX *context)
{
    static const unsigned char nonce[12];
    unsigned char tag[16];
    int len;
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1 &&
           EVP_EncryptUpdate(context, sealed, &len, record, sizeof record) == 1 &&
           EVP_EncryptFinal_ex(context, sealed, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) == 1;
}

bool crypto_speed_aes(void)
{
    return seal(aes);
}

bool crypto_speed_chacha(void)
{
    return seal(chacha);
}

static EVP_CIPHER_CTX *open_cipher(const EVP_CIPHER *cipher)
{
    static const unsigned char key[32] = {2};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && EVP_EncryptInit_ex(context, cipher, NULL, key, NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

bool crypto_speed_start(void)
{
    x25519.key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    x25519.peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    p256.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    p256.peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    aes = open_cipher(EVP_aes_128_gcm());
    chacha = open_cipher(EVP_chacha20_poly1305());
    return x25519.key != NULL && x25519.peer != NULL && p256.key != NULL && p256.peer != NULL &&
           signer != NULL && aes != NULL && chacha != NULL;
}
