/* The certificate blob: identities and trust in one bounds-checked block, embedded at build time.
 *
 * Layout, all integers big-endian:
 *   0   8  magic "TLSECHO" and a zero byte
 *   8   2  version, 1
 *   10  2  entry_count
 *   12  4  total_len: bytes of the blob, from the magic to the end of the hash
 *   16     entries, one after the other: type (2), reserved zero (2), len (4), then len bytes: DER,
 *          but for the time when it was made
 *   -32 32 SHA-256 of all bytes before it (the last 32 of total_len)
 *
 * Entries of one type keep their order: a chain is leaf first. The hash comes last so that it can
 * be checked where the blob lies, without a copy. What lies behind total_len is padding, of any
 * value. The hash finds damage, not forgery: who can write the blob can write its hash. */
#ifndef CERT_BLOB_H
#define CERT_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "cert_blob_capacity.h"
#include "port.h"
#include "tls_port.h"

#define CERT_BLOB_HEADER_LEN 16
#define CERT_BLOB_ENTRY_HEADER_LEN 8
#define CERT_BLOB_HASH_LEN 32

enum cert_blob_entry {
    CERT_BLOB_CA = 1,          /* a CA certificate that peers are verified against */
    CERT_BLOB_SERVER_CERT = 2, /* the server's chain, leaf first */
    CERT_BLOB_SERVER_KEY = 3,  /* one, PKCS#8 */
    CERT_BLOB_CLIENT_CERT = 4, /* the client's chain, leaf first; may be absent */
    CERT_BLOB_CLIENT_KEY = 5,  /* one, if there is a client chain */
    CERT_BLOB_MADE = 6,        /* when it was made: seconds since 1970, 8 bytes; may be absent */
};

enum cert_blob_outcome {
    CERT_BLOB_OK = 0,
    CERT_BLOB_TOO_SHORT,   /* fewer bytes than its header and hash, or than total_len */
    CERT_BLOB_BAD_MAGIC,   /* no blob at all */
    CERT_BLOB_BAD_VERSION, /* a blob of another format */
    CERT_BLOB_BAD_HASH,    /* corrupt */
    CERT_BLOB_BAD_ENTRY,   /* an entry runs over the end, is empty, of unknown type, or one too
                              many; or entry_count is not theirs */
    CERT_BLOB_INCOMPLETE,  /* no CA, no server chain, or a chain and key without each other */
};

/* What a blob holds; every span points into it. */
struct cert_blob {
    struct tls_trust trust;
    struct tls_identity server;
    struct tls_identity client; /* chain_count 0: none */
    int64_t made_s;             /* seconds since 1970; 0: it does not say */
};

/* Reads a blob of at most len bytes, borrowed for as long as out is used; bytes may be NULL if len
 * is 0. Checks bounds, counts and the hash (with tls_sha256); does not parse the DER. On error *out
 * is zeroed. Any thread. */
PORT_MUST_USE enum cert_blob_outcome cert_blob_read(const uint8_t *bytes, size_t len,
                                                    struct cert_blob *out);

/* The outcome in words, "the hash does not match: the blob is corrupt"; static. */
const char *cert_blob_outcome_text(enum cert_blob_outcome outcome);

/* The blob embedded in this program, CERT_BLOB_CAPACITY bytes; static. */
const uint8_t *cert_blob_embedded(void);

#endif
