/* Resumption: tickets kept, exported with the name they are for, and offered again. */
#include <openssl/err.h>
#include <string.h>

#include "backend.h"
#include "clock_port.h"

/* An exported session: this mark, the server_name with its terminator, then SSL_SESSION in DER. The
 * name binds it: a ticket is never offered to a server of another name. */
static const uint8_t mark[4] = {'O', 'S', 'S', 1};

int tls_openssl_keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
    struct tls_session *session = SSL_get_app_data(ssl);
    if (SSL_SESSION_is_resumable(ticket) != 1) {
        return 0;
    }
    SSL_SESSION_free(session->ticket);
    session->ticket = ticket;
    return 1; /* the reference is ours now */
}

static bool is_tls12(const struct tls_session *session)
{
    return SSL_version(session->ssl) == TLS1_2_VERSION;
}

/* A resumed TLS 1.2 session goes on with the ticket it came with, unless it gets a new one. */
static SSL_SESSION *best_ticket(struct tls_session *session)
{
    if (session->ticket != NULL) {
        return session->ticket;
    }
    SSL_SESSION *current = SSL_get_session(session->ssl);
    bool resumed = is_tls12(session) && SSL_session_reused(session->ssl) == 1;
    return resumed && SSL_SESSION_is_resumable(current) == 1 ? current : NULL;
}

static enum tls_outcome write_export(const struct tls_session *session, const SSL_SESSION *ticket,
                                     uint8_t *buf, size_t cap, size_t *len)
{
    size_t name_len = strlen(session->server_name) + 1;
    int der_len = i2d_SSL_SESSION(ticket, NULL);
    if (der_len <= 0) {
        return TLS_FAILED;
    }
    size_t total = sizeof mark + name_len + (size_t)der_len;
    if (total > cap) {
        return TLS_NO_MEMORY;
    }
    unsigned char *at = buf + sizeof mark + name_len;
    memcpy(buf, mark, sizeof mark);
    memcpy(buf + sizeof mark, session->server_name, name_len);
    if (i2d_SSL_SESSION(ticket, &at) != der_len) {
        return TLS_FAILED;
    }
    *len = total;
    return TLS_OK;
}

enum tls_outcome tls_session_export(struct tls_session *session, uint8_t *buf, size_t cap,
                                    size_t *len)
{
    *len = 0;
    if (session->context->role != TLS_CLIENT || !session->handshake_over) {
        return TLS_MISUSE;
    }
    SSL_SESSION *ticket = best_ticket(session);
    if (ticket == NULL) {
        return TLS_WANT_READ;
    }
    ERR_clear_error();
    enum tls_outcome outcome = write_export(session, ticket, buf, cap, len);
    ERR_clear_error();
    return outcome;
}

static SSL_SESSION *parse_export(const struct tls_session *session, struct tls_span resume)
{
    size_t head_len = sizeof mark + strlen(session->server_name) + 1;
    if (resume.len <= head_len || resume.len > TLS_EXPORT_MAX ||
        memcmp(resume.bytes, mark, sizeof mark) != 0 ||
        memcmp(resume.bytes + sizeof mark, session->server_name, head_len - sizeof mark) != 0) {
        return NULL;
    }
    const unsigned char *at = resume.bytes + head_len;
    return d2i_SSL_SESSION(NULL, &at, (long)(resume.len - head_len));
}

/* It speaks for the server as long as the certificate is valid. */
static bool is_still_valid(SSL_SESSION *ticket)
{
    const X509 *leaf = SSL_SESSION_get0_peer(ticket);
    unsigned reasons = leaf == NULL ? TLS_VERIFY_MISSING : tls_openssl_date_reasons(leaf);
    if (clock_wall().source == CLOCK_SOURCE_LOWER_BOUND) {
        reasons &= ~(unsigned)TLS_VERIFY_NOT_YET_VALID;
    }
    return reasons == 0;
}

void tls_openssl_offer(struct tls_session *session, struct tls_span resume)
{
    SSL_SESSION *ticket = parse_export(session, resume);
    if (ticket != NULL && is_still_valid(ticket)) {
        (void)SSL_set_session(session->ssl, ticket);
    }
    SSL_SESSION_free(ticket);
}
