/* Is the peer who it should be? The library builds and checks the chain; what it leaves open or
 * says too coarsely is decided here. */
#include <string.h>

#include "backend.h"
#include "mbedtls/oid.h"

#define FLAGS_WEAK                                                                                 \
    (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY |    \
     MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY)
#define FLAGS_USAGE                                                                                \
    (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |                         \
     MBEDTLS_X509_BADCERT_NS_CERT_TYPE)
#define FLAGS_ALL UINT32_MAX /* the library's way to say that it could not check at all */

static const struct {
    uint32_t flags;
    unsigned reason;
} reasons[] = {
    {MBEDTLS_X509_BADCERT_EXPIRED, TLS_VERIFY_EXPIRED},
    {MBEDTLS_X509_BADCERT_FUTURE, TLS_VERIFY_NOT_YET_VALID},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, TLS_VERIFY_UNKNOWN_CA},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, TLS_VERIFY_WRONG_NAME},
    {MBEDTLS_X509_BADCERT_MISSING, TLS_VERIFY_MISSING},
    {FLAGS_WEAK, TLS_VERIFY_WEAK},
    {FLAGS_USAGE, TLS_VERIFY_BAD_USAGE},
};

unsigned verify_reasons(uint32_t flags)
{
    if (flags == FLAGS_ALL) {
        return TLS_VERIFY_OTHER;
    }
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        found |= (flags & reasons[i].flags) != 0 ? reasons[i].reason : 0;
        flags &= ~reasons[i].flags;
    }
    return flags != 0 ? found | TLS_VERIFY_OTHER : found;
}

/* In the order of mbedtls_ssl_verify_certificate(), which makes the alert on a client: this then
 * says which one it was. RFC 8446 section 6.2: certificate_expired also stands for not yet valid.
 */
int verify_alert(uint32_t flags)
{
    if ((flags & MBEDTLS_X509_BADCERT_OTHER) != 0) {
        return MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED;
    }
    if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    }
    if ((flags & (FLAGS_USAGE | FLAGS_WEAK)) != 0) {
        return MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
    }
    if ((flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) != 0) {
        return MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED;
    }
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        return MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA;
    }
    return MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN;
}

/* The library knows no alert for these two and would say certificate_unknown: add a flag that
 * leads it to a better one. Our own reasons were taken before. */
static uint32_t steer_alert(uint32_t flags)
{
    if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    }
    if ((flags & MBEDTLS_X509_BADCERT_BAD_MD) != 0) {
        flags |= MBEDTLS_X509_BADCERT_BAD_PK;
    }
    return flags;
}

static bool has_ip(const mbedtls_x509_crt *crt, const uint8_t *ip, size_t ip_len)
{
    const mbedtls_x509_sequence *san = &crt->subject_alt_names;
    for (; san != NULL; san = san->next) {
        bool is_ip = (san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS;
        if (is_ip && san->buf.len == ip_len && memcmp(san->buf.p, ip, ip_len) == 0) {
            return true;
        }
    }
    return false;
}

/* RFC 9525: the SAN alone counts. A DNS name was compared by the library, which falls back to the
 * subject's CN where there is no SAN; an address it was never told. */
static bool has_name(const struct tls_session *session, const mbedtls_x509_crt *crt)
{
    if (!mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME)) {
        return false;
    }
    return session->name_ip_len == 0 || has_ip(crt, session->name_ip, session->name_ip_len);
}

static int peer_remember(struct tls_session *session, const mbedtls_x509_crt *crt)
{
    session->peer_known = true;
    return certificate_to_info(crt, &session->peer);
}

static int verify_leaf(struct tls_session *session, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    if (session->context->role == TLS_CLIENT && !has_name(session, crt)) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    return peer_remember(session, crt);
}

/* Keeps the certificate's dates, and defers what they say if the clock cannot tell. */
static void verify_dates(struct tls_session *session, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    unsigned found = verify_reasons(*flags);
    unsigned deferred = validity_defer(&found);
    validity_narrow(&session->validity, crt);
    if (deferred != 0) {
        session->peer.deferred |= deferred;
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE;
    }
}

/* Called for each certificate of the chain, the leaf last. */
int verify_certificate(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tls_session *session = data;
    int code = 0;
    if (crt->raw.p == NULL) {
        /* The library skips certificates with algorithms it does not know and goes on with an empty
         * one, which has every fault there is: say what is really wrong. */
        *flags = MBEDTLS_X509_BADCERT_BAD_PK;
    } else {
        verify_dates(session, crt, flags);
        code = depth == 0 ? verify_leaf(session, crt, flags) : 0;
    }
    session->verify |= verify_reasons(*flags);
    *flags = steer_alert(*flags);
    return code;
}

/* The library's verdict as it counts in this context. */
static uint32_t verdict(const struct tls_session *session)
{
    const struct tls_context *context = session->context;
    uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);
    bool missing_is_fine = context->peer_auth == TLS_PEER_AUTH_OPTIONAL;
    return flags == MBEDTLS_X509_BADCERT_MISSING && missing_is_fine ? 0 : flags;
}

bool verify_asks_client(const struct tls_context *context)
{
    return context->role == TLS_SERVER && context->peer_auth != TLS_PEER_AUTH_NONE;
}

/* Servers run the library's "optional" mode even where a certificate is required, and refuse here,
 * before the next step: its "required" mode answers a missing one with an alert that TLS 1.3 does
 * not know, and its "optional" mode lets a bad one pass. */
uint32_t verify_refusal(const struct tls_session *session)
{
    uint32_t flags = verify_asks_client(session->context) ? verdict(session) : 0;
    return flags == FLAGS_ALL ? 0 : flags; /* all: not checked yet */
}

/* Nobody passes unless this says so, whatever the library's modes did. A resumed session needs no
 * certificate: its ticket was sealed by this very context, after a handshake that passed here. */
uint32_t verify_final_refusal(const struct tls_session *session)
{
    const struct tls_context *context = session->context;
    bool required = context->role == TLS_CLIENT || context->peer_auth == TLS_PEER_AUTH_REQUIRED;
    if (required && !session->agreed.resumed && !session->peer_known) {
        return MBEDTLS_X509_BADCERT_MISSING;
    }
    return required || verify_asks_client(context) ? verdict(session) : 0;
}
