/* The driver's own mbedtls_gcm_* and mbedtls_chachapoly_*, for whole messages.
 *
 * Nothing in TLS seals a message piece by piece, so the functions for that only say that there are
 * none. A context keeps its key; the direction is chosen with each message. */
#include <limits.h>
#include <string.h>

#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/platform_util.h>

#include "libcrypto_parts.h"

#define TAG_MAX_LEN 16
#define CHACHAPOLY_NONCE_LEN 12

struct message {
    const uint8_t *iv, *aad, *input;
    size_t iv_len, aad_len, len;
    uint8_t *output; /* may be input */
};

static int set_key(EVP_CIPHER_CTX **context, const EVP_CIPHER *cipher, const uint8_t *key)
{
    EVP_CIPHER_CTX_free(*context);
    *context = cipher != NULL ? EVP_CIPHER_CTX_new() : NULL;
    if (*context == NULL || EVP_CipherInit_ex2(*context, cipher, key, NULL, 1, NULL) != 1) {
        EVP_CIPHER_CTX_free(*context);
        *context = NULL;
        return libcrypto_error();
    }
    return 0;
}

static bool is_sound(const EVP_CIPHER_CTX *context, const struct message *message, size_t tag_len)
{
    return context != NULL && message->len <= INT_MAX && message->aad_len <= INT_MAX &&
           message->iv_len >= 1 && message->iv_len <= EVP_MAX_IV_LENGTH && tag_len >= 4 &&
           tag_len <= TAG_MAX_LEN;
}

static bool set_iv(EVP_CIPHER_CTX *context, const struct message *message, int encrypts)
{
    bool fits =
        EVP_CIPHER_CTX_get_iv_length(context) == (int)message->iv_len ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)message->iv_len, NULL) == 1;
    return fits && EVP_CipherInit_ex2(context, NULL, NULL, message->iv, encrypts, NULL) == 1;
}

/* All but the tag. */
static bool process(EVP_CIPHER_CTX *context, const struct message *message)
{
    int len = 0;
    bool ok = message->aad_len == 0 ||
              EVP_CipherUpdate(context, NULL, &len, message->aad, (int)message->aad_len) == 1;
    return ok && (message->len == 0 || EVP_CipherUpdate(context, message->output, &len,
                                                        message->input, (int)message->len) == 1);
}

static bool finish(EVP_CIPHER_CTX *context)
{
    uint8_t none[TAG_MAX_LEN];
    int len = 0;
    return EVP_CipherFinal_ex(context, none, &len) == 1;
}

static int message_seal(EVP_CIPHER_CTX *context, const struct message *message, uint8_t *tag,
                        size_t tag_len)
{
    bool ok = set_iv(context, message, 1) && process(context, message) && finish(context) &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)tag_len, tag) == 1;
    return ok ? 0 : libcrypto_error();
}

/* Zero, or auth_failed if the tag is not the message's; the output is zeroized then. */
static int message_open(EVP_CIPHER_CTX *context, const struct message *message, const uint8_t *tag,
                        size_t tag_len, int auth_failed)
{
    uint8_t expected[TAG_MAX_LEN];
    memcpy(expected, tag, tag_len);
    int code = 0;
    if (!set_iv(context, message, 0) ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, expected) != 1 ||
        !process(context, message)) {
        code = libcrypto_error();
    } else if (!finish(context)) {
        (void)libcrypto_error();
        code = auth_failed;
    }
    if (code != 0) {
        mbedtls_platform_zeroize(message->output, message->len);
    }
    return code;
}

/* ---- AES-GCM -----------------------------------------------------------------------------------
 */

void mbedtls_gcm_init(mbedtls_gcm_context *ctx)
{
    ctx->cipher = NULL;
}

void mbedtls_gcm_free(mbedtls_gcm_context *ctx)
{
    if (ctx != NULL) {
        EVP_CIPHER_CTX_free(ctx->cipher);
        ctx->cipher = NULL;
    }
}

int mbedtls_gcm_setkey(mbedtls_gcm_context *ctx, mbedtls_cipher_id_t cipher,
                       const unsigned char *key, unsigned int keybits)
{
    const EVP_CIPHER *aes = libcrypto_aes_gcm(keybits);
    if (cipher != MBEDTLS_CIPHER_ID_AES || aes == NULL) {
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    }
    return set_key(&ctx->cipher, aes, key);
}

/* NOLINTNEXTLINE(readability-function-size): Mbed TLS says which parameters it has */
int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context *ctx, int mode, size_t length,
                              const unsigned char *iv, size_t iv_len, const unsigned char *add,
                              size_t add_len, const unsigned char *input, unsigned char *output,
                              size_t tag_len, unsigned char *tag)
{
    struct message message = {.iv = iv,
                              .iv_len = iv_len,
                              .aad = add,
                              .aad_len = add_len,
                              .input = input,
                              .output = output,
                              .len = length};
    if (mode != MBEDTLS_GCM_ENCRYPT) { /* deciphers without looking at the tag */
        return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
    }
    if (!is_sound(ctx->cipher, &message, tag_len)) {
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    }
    return message_seal(ctx->cipher, &message, tag, tag_len);
}

/* NOLINTNEXTLINE(readability-function-size): as above */
int mbedtls_gcm_auth_decrypt(mbedtls_gcm_context *ctx, size_t length, const unsigned char *iv,
                             size_t iv_len, const unsigned char *add, size_t add_len,
                             const unsigned char *tag, size_t tag_len, const unsigned char *input,
                             unsigned char *output)
{
    struct message message = {.iv = iv,
                              .iv_len = iv_len,
                              .aad = add,
                              .aad_len = add_len,
                              .input = input,
                              .output = output,
                              .len = length};
    if (!is_sound(ctx->cipher, &message, tag_len)) {
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    }
    return message_open(ctx->cipher, &message, tag, tag_len, MBEDTLS_ERR_GCM_AUTH_FAILED);
}

int mbedtls_gcm_starts(mbedtls_gcm_context *ctx, int mode, const unsigned char *iv, size_t iv_len)
{
    (void)ctx, (void)mode, (void)iv, (void)iv_len;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_gcm_update_ad(mbedtls_gcm_context *ctx, const unsigned char *add, size_t add_len)
{
    (void)ctx, (void)add, (void)add_len;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_gcm_update(mbedtls_gcm_context *ctx, const unsigned char *input, size_t input_length,
                       unsigned char *output, size_t output_size, size_t *output_length)
{
    (void)ctx, (void)input, (void)input_length, (void)output, (void)output_size;
    *output_length = 0;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_gcm_finish(mbedtls_gcm_context *ctx, unsigned char *output, size_t output_size,
                       size_t *output_length, unsigned char *tag, size_t tag_len)
{
    (void)ctx, (void)output, (void)output_size, (void)tag, (void)tag_len;
    *output_length = 0;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

/* ---- ChaCha20-Poly1305 -------------------------------------------------------------------------
 */

void mbedtls_chachapoly_init(mbedtls_chachapoly_context *ctx)
{
    ctx->cipher = NULL;
}

void mbedtls_chachapoly_free(mbedtls_chachapoly_context *ctx)
{
    if (ctx != NULL) {
        EVP_CIPHER_CTX_free(ctx->cipher);
        ctx->cipher = NULL;
    }
}

int mbedtls_chachapoly_setkey(mbedtls_chachapoly_context *ctx, const unsigned char key[32])
{
    return set_key(&ctx->cipher, libcrypto_chacha20_poly1305(), key);
}

int mbedtls_chachapoly_encrypt_and_tag(mbedtls_chachapoly_context *ctx, size_t length,
                                       const unsigned char nonce[12], const unsigned char *aad,
                                       size_t aad_len, const unsigned char *input,
                                       unsigned char *output, unsigned char tag[16])
{
    struct message message = {.iv = nonce,
                              .iv_len = CHACHAPOLY_NONCE_LEN,
                              .aad = aad,
                              .aad_len = aad_len,
                              .input = input,
                              .output = output,
                              .len = length};
    if (!is_sound(ctx->cipher, &message, TAG_MAX_LEN)) {
        return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
    }
    return message_seal(ctx->cipher, &message, tag, TAG_MAX_LEN);
}

int mbedtls_chachapoly_auth_decrypt(mbedtls_chachapoly_context *ctx, size_t length,
                                    const unsigned char nonce[12], const unsigned char *aad,
                                    size_t aad_len, const unsigned char tag[16],
                                    const unsigned char *input, unsigned char *output)
{
    struct message message = {.iv = nonce,
                              .iv_len = CHACHAPOLY_NONCE_LEN,
                              .aad = aad,
                              .aad_len = aad_len,
                              .input = input,
                              .output = output,
                              .len = length};
    if (!is_sound(ctx->cipher, &message, TAG_MAX_LEN)) {
        return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
    }
    return message_open(ctx->cipher, &message, tag, TAG_MAX_LEN,
                        MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED);
}

int mbedtls_chachapoly_starts(mbedtls_chachapoly_context *ctx, const unsigned char nonce[12],
                              mbedtls_chachapoly_mode_t mode)
{
    (void)ctx, (void)nonce, (void)mode;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_chachapoly_update_aad(mbedtls_chachapoly_context *ctx, const unsigned char *aad,
                                  size_t aad_len)
{
    (void)ctx, (void)aad, (void)aad_len;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_chachapoly_update(mbedtls_chachapoly_context *ctx, size_t len,
                              const unsigned char *input, unsigned char *output)
{
    (void)ctx, (void)len, (void)input, (void)output;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_chachapoly_finish(mbedtls_chachapoly_context *ctx, unsigned char mac[16])
{
    (void)ctx, (void)mac;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}
