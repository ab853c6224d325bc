/* Mbed TLS as a whole: start and end, version, errors in words, and SHA-256. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "crypto_driver.h"
#include "mbedtls/build_info.h"
#include "mbedtls/platform_util.h"
#include "mbedtls/sha256.h"
#include "psa/crypto.h"

/* PSA's state is one per process, so its users are counted: the last one out frees it. */
static unsigned library_users;

static int library_start(void)
{
    uint8_t probe;
    int code = tls_mbedtls_random(NULL, &probe, sizeof(probe));
    if (code == 0) {
        code = crypto_driver_start();
    }
    if (code == 0 && psa_crypto_init() != PSA_SUCCESS) {
        mbedtls_psa_crypto_free();
        crypto_driver_stop();
        code = MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    return code;
}

int library_acquire(void)
{
    int code = library_users == 0 ? library_start() : 0;
    library_users += code == 0;
    return code;
}

void library_release(void)
{
    if (--library_users == 0) {
        mbedtls_psa_crypto_free();
        crypto_driver_stop();
    }
}

/* What the contract suite measures (tls_memory_needs), and some room for longer certificates. The
 * record buffers and sixteen certificates are most of a context; a client keeps its handshake's
 * state and the server's chain. */
#define FIXED_LEN ((size_t)112 * 1024)
#define SERVER_SESSION_LEN ((size_t)11 * 1024 + 512)
#define CLIENT_SESSION_LEN ((size_t)48 * 1024)

void tls_memory_needs(enum tls_role role, struct tls_memory *out)
{
    size_t session_len = role == TLS_SERVER ? SERVER_SESSION_LEN : CLIENT_SESSION_LEN;
    *out = (struct tls_memory){.fixed_len = FIXED_LEN + crypto_driver_memory.fixed_len,
                               .session_len = session_len + crypto_driver_memory.session_len};
}

const char *tls_library_version(void)
{
    return crypto_driver_version();
}

void error_fill(struct tls_error *error, enum tls_outcome outcome, long code)
{
    if (error == NULL) {
        return;
    }
    memset(error, 0, sizeof(*error));
    error->outcome = outcome;
    error->alert = TLS_NO_ALERT;
    error->code = code;
    if (code != 0) {
        error_text((int)code, error->text, sizeof(error->text));
    }
}

enum tls_outcome error_outcome(int code, unsigned allocation_failures_before)
{
    if (code == 0) {
        return TLS_OK;
    }
    if (tls_mbedtls_allocation_failures() != allocation_failures_before) {
        return TLS_NO_MEMORY;
    }
    return TLS_FAILED;
}

bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[SHA256_LEN])
{
    if (mbedtls_sha256(bytes, len, out, 0) != 0) {
        mbedtls_platform_zeroize(out, SHA256_LEN);
        return false;
    }
    return true;
}
