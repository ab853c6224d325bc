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

static bool load_file(const char *path, struct identity *out, size_t *len, char *reason, size_t cap)
{
    out->file_bytes = calloc(1, CERT_BLOB_CAPACITY + 1);
    const char *why =
        out->file_bytes != NULL ? read_file(path, out->file_bytes, len) : "out of memory";
    if (why != NULL) {
        (void)snprintf(reason, cap, "cannot read %s: %s", path, why);
    }
    return why == NULL;
}

bool identity_load(const char *path, struct identity *out, char *reason, size_t cap)
{
    *out = (struct identity){.file_bytes = NULL};
    size_t len = CERT_BLOB_CAPACITY;
    if (path != NULL && !load_file(path, out, &len, reason, cap)) {
        return false;
    }
    const uint8_t *bytes = path != NULL ? out->file_bytes : cert_blob_embedded();
    enum cert_blob_outcome outcome = cert_blob_read(bytes, len, &out->blob);
    if (outcome == CERT_BLOB_OK) {
        return true;
    }
    (void)snprintf(reason, cap, "%s: %s", path != NULL ? path : "embedded certificates",
                   cert_blob_outcome_text(outcome));
    return false;
}

void identity_unload(struct identity *identity)
{
    if (identity->file_bytes != NULL) {
        explicit_bzero(identity->file_bytes, CERT_BLOB_CAPACITY + 1);
    }
    free(identity->file_bytes);
    *identity = (struct identity){.file_bytes = NULL};
}
