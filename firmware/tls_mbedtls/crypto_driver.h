/* What the Mbed TLS backend needs of a crypto driver below the library: see docs/CRYPTO.md.
 *
 * Exactly one is linked: crypto_none.c here, or firmware/crypto_NAME/. */
#ifndef CRYPTO_DRIVER_H
#define CRYPTO_DRIVER_H

#include "mbedtls/build_info.h"
#include "tls_port.h"

/* What the driver takes from memory_port.h beside what the library takes: see tls_memory_needs. */
extern const struct tls_memory crypto_driver_memory;

/* Before the library is used for anything but hashes. Zero, or a code of Mbed TLS's. */
int crypto_driver_start(void);

/* After its last use. May be followed by another start. */
void crypto_driver_stop(void);

/* For the log: the library's name and version, and the driver's; static. */
const char *crypto_driver_version(void);

/* For drivers, which take their memory by tls_mbedtls_calloc or do this when memory_port.h refused
 * them some: the call that it happened in then ends in TLS_NO_MEMORY. */
void tls_mbedtls_note_refusal(void);

#endif
