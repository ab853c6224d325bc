/* Starts Mbed TLS as the firmware has it. */
#include "backend.h"
#include "crypto_psa_start.h"

bool crypto_psa_start(void)
{
    return library_acquire() == 0;
}
