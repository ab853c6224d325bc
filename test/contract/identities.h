/* Certificates and keys for the suite's sessions. */
#ifndef IDENTITIES_H
#define IDENTITIES_H

#include <stdint.h>

#include "tls_port.h"

#define DER(name) extern const uint8_t der_##name[], der_##name##_end[];
#include "identities.def"
#undef DER

/* The bytes of one DER file as a struct tls_span. */
#define DER_SPAN(name)                                                                             \
    ((struct tls_span){.bytes = der_##name, .len = (size_t)(der_##name##_end - der_##name)})

/* A chain of one certificate with its key, as a struct tls_identity. */
#define IDENTITY(name)                                                                             \
    ((struct tls_identity){                                                                        \
        .chain = {DER_SPAN(name##_cert)}, .chain_count = 1, .key = DER_SPAN(name##_key)})

/* A chain of two. */
#define IDENTITY_BELOW(name, issuer)                                                               \
    ((struct tls_identity){.chain = {DER_SPAN(name##_cert), DER_SPAN(issuer##_cert)},              \
                           .chain_count = 2,                                                       \
                           .key = DER_SPAN(name##_key)})

#define TRUST(name) ((struct tls_trust){.anchors = {DER_SPAN(name##_cert)}, .anchor_count = 1})

/* What the good server certificates say. */
#define SERVER_NAME "tls-echo.local"
#define SERVER_OTHER_NAME "localhost"
#define SERVER_ADDRESS "198.18.0.2"

#endif
