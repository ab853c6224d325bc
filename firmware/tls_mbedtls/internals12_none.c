/* What internals.c asks of TLS 1.2, in a firmware without it. */
#include "common.h"
#include "ssl_misc.h"

#include "backend.h"

void internals_free_handshake12(mbedtls_ssl_context *ssl)
{
    (void)ssl;
}

uint16_t internals_group12(const mbedtls_ssl_context *ssl)
{
    (void)ssl;
    return 0;
}

/* The library's own function is a part of its TLS 1.2; our patch of TLS 1.3 looks at this, too. */
void internals_set_preference(mbedtls_ssl_config *conf, int order)
{
    conf->respect_cli_pref = (uint8_t)order;
}
