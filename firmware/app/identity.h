/* Loads the certificate blob: the embedded one, or a file's. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "cert_blob.h"
#include "port.h"

struct identity {
    struct cert_blob blob; /* its spans point into bytes */
    uint8_t *bytes;        /* owned; a copy of the embedded blob, or what the file held */
};

/* Loads the blob at path, or the embedded one if path is NULL. The caller ends *out with
 * identity_unload, also after an error. False: reason (cap bytes, always terminated) says in words
 * what is wrong, and *out is of no use. */
PORT_MUST_USE bool identity_load(const char *path, struct identity *out, char *reason, size_t cap);

/* Once TLS has the keys: zeroizes those in *identity. Its certificates stay. */
void identity_forget_keys(struct identity *identity);

/* Zeroizes and frees what identity_load read. */
void identity_unload(struct identity *identity);

#endif
