/* Loads the certificate blob. */
#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads at most CERT_BLOB_CAPACITY bytes and one more, which tells a file that is too large. The
 * stream is unbuffered: no copy of the keys stays behind in a buffer of its own. */
static const char *read_file(const char *path, uint8_t *bytes, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return strerror(errno);
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    errno = 0;
    *len = fread(bytes, 1, CERT_BLOB_CAPACITY + 1, file);
    const char *why = ferror(file) ? strerror(errno) : NULL;
    (void)fclose(file);
    if (why == NULL && *len > CERT_BLOB_CAPACITY) {
        why = "larger than 16384 bytes, so no certificate blob";
    }
    return why;
}

static const char *load_bytes(const char *path, struct identity *out, size_t *len)
{
    out->bytes = calloc(1, CERT_BLOB_CAPACITY + 1);
    if (out->bytes == NULL) {
        return "out of memory";
    }
    if (path != NULL) {
        return read_file(path, out->bytes, len);
    }
    *len = CERT_BLOB_CAPACITY;
    memcpy(out->bytes, cert_blob_embedded(), *len);
    return NULL;
}

bool identity_load(const char *path, struct identity *out, char *reason, size_t cap)
{
    const char *source = path != NULL ? path : "embedded certificates";
    size_t len = 0;
    *out = (struct identity){.bytes = NULL};
    const char *why = load_bytes(path, out, &len);
    if (why != NULL) {
        (void)snprintf(reason, cap, "cannot read %s: %s", source, why);
        return false;
    }
    enum cert_blob_outcome outcome = cert_blob_read(out->bytes, len, &out->blob);
    if (outcome == CERT_BLOB_OK) {
        return true;
    }
    (void)snprintf(reason, cap, "%s: %s", source, cert_blob_outcome_text(outcome));
    return false;
}

/* The span lies in bytes, which are ours to write to. */
static void forget(struct identity *identity, const struct tls_span *span)
{
    if (span->len > 0) {
        explicit_bzero(identity->bytes + (span->bytes - identity->bytes), span->len);
    }
}

void identity_forget_keys(struct identity *identity)
{
    forget(identity, &identity->blob.server.key);
    forget(identity, &identity->blob.client.key);
}

void identity_unload(struct identity *identity)
{
    if (identity->bytes != NULL) {
        explicit_bzero(identity->bytes, CERT_BLOB_CAPACITY + 1);
    }
    free(identity->bytes);
    *identity = (struct identity){.bytes = NULL};
}
