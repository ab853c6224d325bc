/* A client and a server on a wire in memory, one of them hostile as an input says. */
#ifndef FUZZ_TLS_H
#define FUZZ_TLS_H

#include "fuzz_doubles.h"
#include "tls_port.h"

enum fuzz_tls_start {
    FUZZ_TLS_FROM_HANDSHAKE, /* the peer is hostile from its first byte */
    FUZZ_TLS_FROM_RECORDS,   /* the handshake is left alone, what comes after it is not */
};

/* Runs one conversation. The victim's peer is a session of its own whose records are changed on
 * their way, and whose plaintexts are changed before they are sealed, as the input says; or, if the
 * input's first byte says so, nothing but the input's bytes. Checks what tls_port.h promises. */
void fuzz_tls_run(enum tls_role victim, enum fuzz_tls_start start, struct fuzz_input *input);

#endif
