/* OpenSSL as a whole: its memory, its start, its version, and its SHA-256. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "backend.h"
#include "memory_port.h"

static void *openssl_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return len == 0 ? NULL : memory_calloc(1, len);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free(p);
}

static void *openssl_realloc(void *p, size_t len, const char *file, int line)
{
    if (len == 0) {
        openssl_free(p, file, line);
        return NULL;
    }
    return memory_realloc(p, len);
}

/* OpenSSL takes other memory functions only until it has allocated once: later calls change nothing
 * and say so, which is what makes it safe to ask again. Its configuration file is left out, for the
 * machine's openssl.cnf must not change this program's policy. */
bool tls_openssl_prepare(void)
{
    (void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
    return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

void tls_memory_needs(enum tls_role role, struct tls_memory *out)
{
    (void)role;
    *out = (struct tls_memory){.fixed_len = 0};
}

const char *tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[32])
{
    if (tls_openssl_prepare() && EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) == 1) {
        return true;
    }
    memset(out, 0, 32);
    return false;
}
