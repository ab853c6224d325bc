/* The primitives of a TLS 1.3 session, of one library. */
#ifndef CRYPTO_SPEED_H
#define CRYPTO_SPEED_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that one run of a cipher seals: a full record. */
#define CRYPTO_SPEED_RECORD_LEN 16384

struct crypto_speed_op {
    const char *name;
    size_t len; /* bytes that a run seals; 0: it is no cipher */
    bool (*run)(void);
};

/* Ends with a name of NULL. */
extern const struct crypto_speed_op crypto_speed_ops[];

/* Starts the library and makes keys. False: it cannot. */
bool crypto_speed_start(void);

#endif
