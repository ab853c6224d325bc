/* Starting the library under test: ours goes through our backend, which has hooks in it. */
#ifndef CRYPTO_PSA_START_H
#define CRYPTO_PSA_START_H

#include <stdbool.h>

bool crypto_psa_start(void);

#endif
