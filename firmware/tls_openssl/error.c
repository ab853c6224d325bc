/* What went wrong, in the port's terms: from OpenSSL's error queue and the transport's outcome. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"

/* What OpenSSL's error queue said; taking it empties the queue. */
struct queued {
    unsigned long last; /* the outermost error: the one to name */
    bool no_memory;     /* an allocation was refused, however deep */
};

static struct queued take_queue(void)
{
    struct queued queued = {0};
    unsigned long code;
    while ((code = ERR_get_error()) != 0) {
        queued.last = code;
        queued.no_memory = queued.no_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    return queued;
}

static bool is_ssl_reason(unsigned long code, int reason)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reason;
}

/* OpenSSL's reason for a fatal alert of the peer's is the alert's number plus an offset. */
static int alert_received(unsigned long code)
{
    int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET ||
        reason > SSL_AD_REASON_OFFSET + 255) {
        return TLS_NO_ALERT;
    }
    return reason - SSL_AD_REASON_OFFSET;
}

/* Refusals that OpenSSL decides on without asking our verification. */
static unsigned verify_of_reason(unsigned long code)
{
    if (is_ssl_reason(code, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)) {
        return TLS_VERIFY_MISSING;
    }
    if (is_ssl_reason(code, SSL_R_EE_KEY_TOO_SMALL) ||
        is_ssl_reason(code, SSL_R_CA_KEY_TOO_SMALL) || is_ssl_reason(code, SSL_R_CA_MD_TOO_WEAK)) {
        return TLS_VERIFY_WEAK;
    }
    return 0;
}

static void write_text(char *out, size_t cap, unsigned long code, int verify_code)
{
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (verify_code != X509_V_OK) {
        snprintf(out, cap, "%s: %s", reason == NULL ? "certificate refused" : reason,
                 X509_verify_cert_error_string(verify_code));
    } else {
        snprintf(out, cap, "%s", reason == NULL ? "" : reason);
    }
}

static void fill(struct tls_error *error, enum tls_outcome outcome, unsigned verify,
                 unsigned long code, int verify_code)
{
    memset(error, 0, sizeof *error);
    error->outcome = outcome;
    error->alert = TLS_NO_ALERT;
    error->code = (long)code;
    error->verify = verify;
    write_text(error->text, sizeof error->text, code, verify_code);
}

enum tls_outcome tls_openssl_describe(struct tls_error *error, enum tls_outcome outcome,
                                      unsigned verify)
{
    struct queued queued = take_queue();
    if (outcome == TLS_FAILED && queued.no_memory) {
        outcome = TLS_NO_MEMORY;
    }
    if (error != NULL) {
        fill(error, outcome, verify, outcome == TLS_OK ? 0 : queued.last, X509_V_OK);
    }
    return outcome;
}

static enum tls_outcome fail(struct tls_session *session, enum tls_outcome outcome,
                             unsigned long code)
{
    struct tls_error *error = &session->error;
    if (error->outcome != TLS_OK) {
        return outcome;
    }
    fill(error, outcome, session->verify, code, session->verify_code);
    error->alert = outcome == TLS_ALERT ? alert_received(code) : session->alert_sent;
    error->alert_sent = outcome != TLS_ALERT && error->alert != TLS_NO_ALERT;
    return outcome;
}

enum tls_outcome tls_openssl_fail(struct tls_session *session, enum tls_outcome outcome)
{
    return fail(session, outcome, 0);
}

static enum tls_outcome end_outcome(enum tls_transport_outcome end)
{
    switch (end) {
    case TLS_TRANSPORT_CLOSED:
        return TLS_TRUNCATED;
    case TLS_TRANSPORT_RESET:
        return TLS_RESET;
    default:
        return TLS_FAILED;
    }
}

/* Only the transport's own end of stream is truncation, whatever the library makes of it. */
static enum tls_outcome transport_outcome(const struct tls_session *session,
                                          enum tls_direction direction)
{
    enum tls_transport_outcome first = session->received, second = session->sent;
    if (direction == TLS_DIRECTION_WRITE) {
        first = session->sent;
        second = session->received;
    }
    return end_outcome(first != TLS_TRANSPORT_OK ? first : second);
}

static enum tls_outcome library_outcome(struct tls_session *session, struct queued queued)
{
    if (session->verify_code == X509_V_ERR_OUT_OF_MEM || queued.no_memory) {
        return TLS_NO_MEMORY;
    }
    session->verify |= verify_of_reason(queued.last);
    if (session->verify != 0) {
        return TLS_UNTRUSTED;
    }
    return alert_received(queued.last) != TLS_NO_ALERT ? TLS_ALERT : TLS_FAILED;
}

enum tls_outcome tls_openssl_outcome(struct tls_session *session, int result,
                                     enum tls_direction direction)
{
    int kind = SSL_get_error(session->ssl, result); /* it looks at the queue, too */
    struct queued queued = take_queue();
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return session->handshake_over ? TLS_CLOSED : fail(session, TLS_CLOSED, 0);
    case SSL_ERROR_SYSCALL:
        return fail(session, transport_outcome(session, direction), 0);
    default:
        return fail(session, library_outcome(session, queued), queued.last);
    }
}
