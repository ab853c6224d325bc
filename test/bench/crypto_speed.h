/* The primitives of a TLS 1.3 session, of one library. */
#ifndef CRYPTO_SPEED_H
#define CRYPTO_SPEED_H

#include <stdbool.h>

/* Bytes that one run of a cipher seals: a full record. */
#define CRYPTO_SPEED_RECORD_LEN 16384

/* Starts the library and makes keys. False: it cannot. */
bool crypto_speed_start(void);

/* One run each. False: it failed. */
bool crypto_speed_x25519(void);
bool crypto_speed_p256(void);
bool crypto_speed_sign(void);
bool crypto_speed_verify(void); /* after crypto_speed_sign */
bool crypto_speed_aes(void);    /* 128-bit, GCM */
bool crypto_speed_chacha(void); /* with Poly1305 */

#endif
