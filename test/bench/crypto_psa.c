/* The primitives by Mbed TLS's PSA interface. */
#include <psa/crypto.h>
#include <string.h>

#include "crypto_psa_start.h"
#include "crypto_speed.h"

#define POINT_MAX 65

struct exchange {
    psa_key_id_t key;
    uint8_t peer[POINT_MAX];
    size_t peer_len;
};

static struct exchange x25519, p256;
static psa_key_id_t signer, aes, chacha;
static const uint8_t hash[32] = {1};
static uint8_t signature[64];
static size_t signature_len;
static uint8_t record[CRYPTO_SPEED_RECORD_LEN], sealed[CRYPTO_SPEED_RECORD_LEN + 16];

static bool make_key(psa_key_type_t type, size_t bits, psa_key_usage_t usage, psa_algorithm_t alg,
                     psa_key_id_t *out)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, type);
    psa_set_key_bits(&attributes, bits);
    psa_set_key_usage_flags(&attributes, usage);
    psa_set_key_algorithm(&attributes, alg);
    return psa_generate_key(&attributes, out) == PSA_SUCCESS;
}

/* A key of ours, and the public half of another one. */
static bool make_exchange(psa_ecc_family_t family, size_t bits, struct exchange *out)
{
    const psa_key_type_t type = PSA_KEY_TYPE_ECC_KEY_PAIR(family);
    psa_key_id_t other;
    return make_key(type, bits, PSA_KEY_USAGE_DERIVE, PSA_ALG_ECDH, &out->key) &&
           make_key(type, bits, PSA_KEY_USAGE_DERIVE, PSA_ALG_ECDH, &other) &&
           psa_export_public_key(other, out->peer, sizeof out->peer, &out->peer_len) == PSA_SUCCESS;
}

static bool agree(const struct exchange *exchange)
{
    uint8_t secret[32];
    size_t len;
    return psa_raw_key_agreement(PSA_ALG_ECDH, exchange->key, exchange->peer, exchange->peer_len,
                                 secret, sizeof secret, &len) == PSA_SUCCESS;
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
    return psa_sign_hash(signer, PSA_ALG_ECDSA(PSA_ALG_SHA_256), hash, sizeof hash, signature,
                         sizeof signature, &signature_len) == PSA_SUCCESS;
}

bool crypto_speed_verify(void)
{
    return psa_verify_hash(signer, PSA_ALG_ECDSA(PSA_ALG_SHA_256), hash, sizeof hash, signature,
                           signature_len) == PSA_SUCCESS;
}

static bool seal(psa_key_id_t key, psa_algorithm_t alg)
{
    static const uint8_t nonce[12];
    size_t len;
    return psa_aead_encrypt(key, alg, nonce, sizeof nonce, NULL, 0, record, sizeof record, sealed,
                            sizeof sealed, &len) == PSA_SUCCESS;
}

bool crypto_speed_aes(void)
{
    return seal(aes, PSA_ALG_GCM);
}

bool crypto_speed_chacha(void)
{
    return seal(chacha, PSA_ALG_CHACHA20_POLY1305);
}

bool crypto_speed_start(void)
{
    return crypto_psa_start() && make_exchange(PSA_ECC_FAMILY_MONTGOMERY, 255, &x25519) &&
           make_exchange(PSA_ECC_FAMILY_SECP_R1, 256, &p256) &&
           make_key(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), 256,
                    PSA_KEY_USAGE_SIGN_HASH | PSA_KEY_USAGE_VERIFY_HASH,
                    PSA_ALG_ECDSA(PSA_ALG_SHA_256), &signer) &&
           make_key(PSA_KEY_TYPE_AES, 128, PSA_KEY_USAGE_ENCRYPT, PSA_ALG_GCM, &aes) &&
           make_key(PSA_KEY_TYPE_CHACHA20, 256, PSA_KEY_USAGE_ENCRYPT, PSA_ALG_CHACHA20_POLY1305,
                    &chacha);
}
