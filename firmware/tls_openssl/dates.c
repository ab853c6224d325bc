/* Certificates and the wall clock: what can be said of dates once the clock was set. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "backend.h"
#include "clock_port.h"
#include "memory_port.h"

unsigned tls_openssl_date_reasons(const X509 *certificate)
{
    unsigned reasons = 0;
    time_t now = (time_t)clock_wall().unix_s;
    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) <= 0) {
        reasons |= TLS_VERIFY_EXPIRED;
    }
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) >= 0) {
        reasons |= TLS_VERIFY_NOT_YET_VALID;
    }
    return reasons;
}

static unsigned chain_reasons(const STACK_OF(X509) * chain)
{
    unsigned reasons = 0;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        reasons |= tls_openssl_date_reasons(sk_X509_value(chain, i));
    }
    return reasons;
}

static bool asks_for_certificate(const struct tls_session *session)
{
    return SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE;
}

/* The verified chain is known after a full handshake only; a session keeps its peer's leaf. */
unsigned tls_session_recheck(const struct tls_session *session)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(session->ssl);
    if (session->peer != NULL && chain != NULL) {
        return chain_reasons(chain);
    }
    const X509 *leaf = SSL_get0_peer_certificate(session->ssl);
    if (leaf != NULL) {
        return tls_openssl_date_reasons(leaf);
    }
    bool is_forgotten = SSL_session_reused(session->ssl) == 1 && asks_for_certificate(session);
    return is_forgotten ? TLS_VERIFY_MISSING : 0;
}

/* Other keys; without random numbers, or memory for them, no tickets. */
static void forget_tickets(SSL_CTX *ssl_ctx)
{
    long len = SSL_CTX_get_tlsext_ticket_keys(ssl_ctx, NULL, 0);
    uint8_t *keys = len > 0 ? memory_calloc(1, (size_t)len) : NULL;
    bool done = keys != NULL && RAND_priv_bytes(keys, (int)len) == 1 &&
                SSL_CTX_set_tlsext_ticket_keys(ssl_ctx, keys, len) == 1;
    memory_free(keys); /* zeroizes */
    if (!done) {
        SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_num_tickets(ssl_ctx, 0);
    }
    ERR_clear_error();
}

unsigned tls_context_recheck(struct tls_context *context)
{
    STACK_OF(X509) *chain = NULL;
    if (context->role == TLS_SERVER) {
        forget_tickets(context->ssl_ctx);
    }
    const X509 *leaf = SSL_CTX_get0_certificate(context->ssl_ctx);
    if (leaf == NULL) {
        return 0;
    }
    (void)SSL_CTX_get0_chain_certs(context->ssl_ctx, &chain);
    return tls_openssl_date_reasons(leaf) | chain_reasons(chain);
}
