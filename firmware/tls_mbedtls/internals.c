/* The one place that knows Mbed TLS's private fields: what no public function of 3.6 tells.
 *
 * The library's own headers want its own macros first, so "common.h" comes before all else. */
#include "common.h"
#include "ssl_misc.h"

#include "backend.h"
#include "mbedtls/platform.h"

/* mbedtls_ssl_is_handshake_over() is already true while a TLS 1.3 server still writes tickets. */
bool internals_handshake_is_over(const mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

/* A server of TLS 1.2, a server and a client of TLS 1.3. (A client of TLS 1.2 comes through its
 * state whether it signs or not.) In some the other role reads what was signed. */
bool internals_may_sign_next(const mbedtls_ssl_context *ssl)
{
    bool is_server = mbedtls_ssl_conf_get_endpoint(ssl->conf) == MBEDTLS_SSL_IS_SERVER;
    return ssl->state == MBEDTLS_SSL_SERVER_KEY_EXCHANGE ||
           (ssl->state == MBEDTLS_SSL_CERTIFICATE_VERIFY && is_server) ||
           ssl->state == MBEDTLS_SSL_CLIENT_CERTIFICATE_VERIFY;
}

static void free_peer_certificate(mbedtls_ssl_session *session)
{
    if (session != NULL) {
        mbedtls_x509_crt_free(session->peer_cert);
        mbedtls_free(session->peer_cert);
        session->peer_cert = NULL;
    }
}

/* Frees what a server needed for its handshake and no longer. TLS 1.2 code does most of that
 * itself, TLS 1.3 code nothing of it before the session is freed. A client goes on using it: it
 * takes tickets. Call when the handshake is over. */
void internals_free_handshake(mbedtls_ssl_context *ssl)
{
    if (ssl->handshake != NULL) {
        mbedtls_ssl_handshake_free(ssl);
        mbedtls_free(ssl->handshake);
        ssl->handshake = NULL;
        internals_free_handshake12(ssl);
        mbedtls_ssl_session_free(ssl->session_negotiate);
        mbedtls_free(ssl->session_negotiate);
        ssl->session_negotiate = NULL;
    }
    free_peer_certificate(ssl->session);
}

static uint16_t group_of_handshake(const mbedtls_ssl_context *ssl)
{
    if (ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3) {
        return ssl->handshake->offered_group_id;
    }
    return internals_group12(ssl);
}

static bool handshake_is_resumption(const mbedtls_ssl_context *ssl)
{
    if (ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3) {
        return (ssl->handshake->key_exchange_mode & MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_ALL) !=
               0; /* no other PSKs than tickets are compiled in */
    }
    return ssl->handshake->resume != 0;
}

/* Called after each step: TLS 1.2 frees its handshake state in the last one. */
void internals_note_agreed(const mbedtls_ssl_context *ssl, struct agreed *agreed)
{
    if (ssl->handshake == NULL) {
        return;
    }
    agreed->group = name_of_group(group_of_handshake(ssl));
    agreed->resumed = handshake_is_resumption(ssl);
}

/* What the library has fetched stays counted until the record is complete. */
bool internals_record_is_begun(const mbedtls_ssl_context *ssl)
{
    return ssl->in_left >= mbedtls_ssl_in_hdr_len(ssl);
}

size_t internals_output_len(const mbedtls_ssl_context *ssl)
{
    return ssl->out_left;
}

int internals_flush(mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_flush_output(ssl);
}

/* The fatal alert in the record that was read last, or TLS_NO_ALERT. The library's code for it is
 * not enough: it also returns that when no alert came at all. */
int internals_received_alert(const mbedtls_ssl_context *ssl)
{
    bool is_alert = ssl->in_msgtype == MBEDTLS_SSL_MSG_ALERT && ssl->in_msglen == 2;
    /* RFC 8446 section 6: in TLS 1.3 the level says nothing. */
    bool is_fatal = is_alert && (ssl->in_msg[0] == MBEDTLS_SSL_ALERT_LEVEL_FATAL ||
                                 ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3);
    if (!is_fatal) {
        return TLS_NO_ALERT;
    }
    return ssl->in_msg[1];
}

/* The alert that TLS 1.3 code asked for; it stays noted after it was made. */
int internals_made_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->alert_type != 0 ? ssl->alert_type : TLS_NO_ALERT;
}

/* Why, if the alert could not be sent at once. */
int internals_made_alert_reason(const mbedtls_ssl_context *ssl)
{
    return ssl->alert_reason;
}

const mbedtls_ssl_session *internals_session(const mbedtls_ssl_context *ssl)
{
    return ssl->session;
}

bool internals_session_has_ticket(const mbedtls_ssl_session *session)
{
    return session->ticket != NULL && session->ticket_len > 0;
}
