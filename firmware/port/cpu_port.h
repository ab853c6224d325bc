/* The CPU seam: what the core we run on can do, found at run time.
 *
 * May be called from any thread, never blocks and never fails. */
#ifndef CPU_PORT_H
#define CPU_PORT_H

#include <stdbool.h>

/* True if the core has AES instructions. Without them ChaCha20-Poly1305 is several times faster
 * than AES-GCM, and free of AES's cache-timing leaks. */
bool cpu_has_aes(void);

#endif
