/* Certificates and the wall clock: what can be said of dates now, and again once the clock was set.
 */
#include "backend.h"
#include "clock_port.h"
#include "entropy_port.h"
#include "mbedtls/platform_util.h"

#define TICKET_KEYS 2     /* that the library keeps: the current one and the one before */
#define TICKET_KEY_LEN 32 /* AES-256-GCM's */

void validity_narrow(struct validity *validity, const mbedtls_x509_crt *crt)
{
    if (!validity->is_known || mbedtls_x509_time_cmp(&crt->valid_from, &validity->from) > 0) {
        validity->from = crt->valid_from;
    }
    if (!validity->is_known || mbedtls_x509_time_cmp(&crt->valid_to, &validity->to) < 0) {
        validity->to = crt->valid_to;
    }
    validity->is_known = true;
}

unsigned validity_reasons(const struct validity *validity)
{
    unsigned reasons = mbedtls_x509_time_is_past(&validity->to) ? TLS_VERIFY_EXPIRED : 0;
    return mbedtls_x509_time_is_future(&validity->from) ? reasons | TLS_VERIFY_NOT_YET_VALID
                                                        : reasons;
}

unsigned validity_defer(unsigned *reasons)
{
    bool can_tell = clock_wall().source != CLOCK_SOURCE_LOWER_BOUND;
    unsigned deferred = can_tell ? 0 : *reasons & TLS_VERIFY_NOT_YET_VALID;
    *reasons &= ~deferred;
    return deferred;
}

const struct validity *validity_of(const struct tls_session *session)
{
    return session->agreed.resumed ? &session->ticket_validity : &session->validity;
}

unsigned tls_session_recheck(const struct tls_session *session)
{
    const struct validity *validity = validity_of(session);
    if (validity->is_known) {
        return validity_reasons(validity);
    }
    bool is_forgotten = session->agreed.resumed && verify_asks_client(session->context);
    return is_forgotten ? TLS_VERIFY_MISSING : 0;
}

static int replace_ticket_key(struct tls_context *context)
{
    uint8_t name[MBEDTLS_SSL_TICKET_KEY_NAME_BYTES], key[TICKET_KEY_LEN];
    int code = tls_mbedtls_random(NULL, name, sizeof(name));
    if (code == 0) {
        code = tls_mbedtls_random(NULL, key, sizeof(key));
    }
    if (code == 0) {
        code = mbedtls_ssl_ticket_rotate(&context->ticket_keys, name, sizeof(name), key,
                                         sizeof(key), TICKET_LIFETIME_S);
    }
    mbedtls_platform_zeroize(key, sizeof(key));
    return code;
}

static void forget_tickets(struct tls_context *context)
{
    int code = 0;
    for (size_t i = 0; i < TICKET_KEYS && code == 0; i++) {
        code = replace_ticket_key(context);
    }
    if (code != 0) { /* no random numbers: then no tickets either */
        mbedtls_ssl_conf_session_tickets_cb(&context->config, NULL, NULL, NULL);
        context->gives_tickets = false;
    }
}

unsigned tls_context_recheck(struct tls_context *context)
{
    struct validity validity = {.is_known = false};
    if (context->gives_tickets) {
        forget_tickets(context);
    }
    const mbedtls_x509_crt *crt = &context->chain;
    for (; crt != NULL && crt->raw.p != NULL; crt = crt->next) {
        validity_narrow(&validity, crt);
    }
    return validity.is_known ? validity_reasons(&validity) : 0;
}
