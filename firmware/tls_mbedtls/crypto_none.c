/* No crypto driver: Mbed TLS computes everything itself. */
#include "crypto_driver.h"

const struct tls_memory crypto_driver_memory = {0};

int crypto_driver_start(void)
{
    return 0;
}

void crypto_driver_stop(void)
{
}

const char *crypto_driver_version(void)
{
    return MBEDTLS_VERSION_STRING_FULL;
}
