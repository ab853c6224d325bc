/* What internals.c asks of TLS 1.2. */
#include "common.h"
#include "ssl_misc.h"

#include "backend.h"
#include "mbedtls/platform.h"

void internals_free_handshake12(mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_transform_free(ssl->transform_negotiate);
    mbedtls_free(ssl->transform_negotiate);
    ssl->transform_negotiate = NULL;
}

uint16_t internals_group12(const mbedtls_ssl_context *ssl)
{
    mbedtls_ecp_group_id group = ssl->handshake->ecdh_ctx.grp_id;
    return group == MBEDTLS_ECP_DP_NONE ? 0 : mbedtls_ssl_get_tls_id_from_ecp_group_id(group);
}

void internals_set_preference(mbedtls_ssl_config *conf, int order)
{
    mbedtls_ssl_conf_preference_order(conf, order);
}
