/* The driver's own mbedtls_sha256_* and mbedtls_sha512_*.
 *
 * By the older SHA256_CTX interface: Mbed TLS copies its contexts and has many for a short time,
 * and these need no memory of their own. */
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include "libcrypto_parts.h"

/* Each function here fails for no other reason than a context that makes no sense. */
static int code_of(int ok)
{
    return ok == 1 ? 0 : MBEDTLS_ERR_PLATFORM_HW_ACCEL_FAILED;
}

void mbedtls_sha256_init(mbedtls_sha256_context *ctx)
{
    *ctx = (mbedtls_sha256_context){0};
}

void mbedtls_sha256_free(mbedtls_sha256_context *ctx)
{
    if (ctx != NULL) {
        mbedtls_platform_zeroize(ctx, sizeof(*ctx));
    }
}

void mbedtls_sha256_clone(mbedtls_sha256_context *dst, const mbedtls_sha256_context *src)
{
    *dst = *src;
}

int mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224)
{
    return is224 != 0 ? MBEDTLS_ERR_SHA256_BAD_INPUT_DATA : code_of(SHA256_Init(&ctx->hash));
}

int mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *input, size_t ilen)
{
    return code_of(SHA256_Update(&ctx->hash, input, ilen));
}

int mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *output)
{
    return code_of(SHA256_Final(output, &ctx->hash));
}

int mbedtls_internal_sha256_process(mbedtls_sha256_context *ctx, const unsigned char data[64])
{
    SHA256_Transform(&ctx->hash, data);
    return 0;
}

void mbedtls_sha512_init(mbedtls_sha512_context *ctx)
{
    *ctx = (mbedtls_sha512_context){0};
}

void mbedtls_sha512_free(mbedtls_sha512_context *ctx)
{
    if (ctx != NULL) {
        mbedtls_platform_zeroize(ctx, sizeof(*ctx));
    }
}

void mbedtls_sha512_clone(mbedtls_sha512_context *dst, const mbedtls_sha512_context *src)
{
    *dst = *src;
}

int mbedtls_sha512_starts(mbedtls_sha512_context *ctx, int is384)
{
    ctx->is384 = is384;
    return code_of(is384 ? SHA384_Init(&ctx->hash) : SHA512_Init(&ctx->hash));
}

int mbedtls_sha512_update(mbedtls_sha512_context *ctx, const unsigned char *input, size_t ilen)
{
    return code_of(SHA512_Update(&ctx->hash, input, ilen));
}

int mbedtls_sha512_finish(mbedtls_sha512_context *ctx, unsigned char *output)
{
    return code_of(ctx->is384 ? SHA384_Final(output, &ctx->hash)
                              : SHA512_Final(output, &ctx->hash));
}

int mbedtls_internal_sha512_process(mbedtls_sha512_context *ctx, const unsigned char data[128])
{
    SHA512_Transform(&ctx->hash, data);
    return 0;
}
