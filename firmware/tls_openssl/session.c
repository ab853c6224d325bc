/* A TLS session on OpenSSL: handshake, reading, writing, closing. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "backend.h"
#include "memory_port.h"

/* ---- Open and free ---- */

/* SAN alone decides, never the subject's CN (RFC 9525 section 2). */
static bool expect_name(struct tls_session *session, const char *name)
{
    uint8_t ip[16];
    X509_VERIFY_PARAM *param = SSL_get0_param(session->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (inet_pton(AF_INET, name, ip) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, ip, 4) == 1;
    }
    if (inet_pton(AF_INET6, name, ip) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, ip, 16) == 1;
    }
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
           SSL_set_tlsext_host_name(session->ssl, name) == 1;
}

static bool start_client(struct tls_session *session, const struct tls_session_config *config)
{
    SSL_set_connect_state(session->ssl);
    memcpy(session->server_name, config->server_name, strlen(config->server_name));
    if (!expect_name(session, config->server_name)) {
        return false;
    }
    if (config->resume.len > 0) {
        tls_openssl_offer(session, config->resume);
    }
    return true;
}

static bool start(struct tls_session *session, const struct tls_session_config *config)
{
    session->output.bytes = memory_calloc(1, TLS_OPENSSL_OUTPUT_CAP);
    session->ssl = SSL_new(session->context->ssl_ctx);
    BIO *bio = tls_openssl_bio_new(session);
    if (session->output.bytes == NULL || session->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return false;
    }
    SSL_set_bio(session->ssl, bio, bio);
    if (SSL_set_app_data(session->ssl, session) != 1) {
        return false;
    }
    if (session->context->role == TLS_CLIENT) {
        return start_client(session, config);
    }
    SSL_set_accept_state(session->ssl);
    return true;
}

static bool is_complete(const struct tls_context *context, const struct tls_session_config *config)
{
    if (config->transport == NULL) {
        return false;
    }
    if (context->role == TLS_SERVER) {
        return true;
    }
    size_t name_len =
        config->server_name == NULL ? 0 : strnlen(config->server_name, TLS_OPENSSL_NAME_MAX + 1);
    return name_len > 0 && name_len <= TLS_OPENSSL_NAME_MAX;
}

enum tls_outcome tls_session_open(struct tls_context *context,
                                  const struct tls_session_config *config, struct tls_session **out)
{
    *out = NULL;
    if (!is_complete(context, config)) {
        return TLS_MISUSE;
    }
    struct tls_session *session = memory_calloc(1, sizeof *session);
    if (session == NULL) {
        return TLS_NO_MEMORY;
    }
    session->context = context;
    session->transport = config->transport;
    session->reads_need_room = config->reads_need_room;
    session->want_len = 1;
    session->error.alert = session->alert_sent = TLS_NO_ALERT;
    ERR_clear_error();
    bool started = start(session, config);
    ERR_clear_error();
    if (!started) {
        tls_session_free(session);
        return TLS_NO_MEMORY; /* nothing else can go wrong up to here */
    }
    *out = session;
    return TLS_OK;
}

void tls_session_free(struct tls_session *session)
{
    if (session != NULL) {
        SSL_free(session->ssl);
        SSL_SESSION_free(session->ticket);
        X509_free(session->peer);
        memory_free(session->output.bytes);
        memory_free(session);
    }
}

/* ---- Handshake ---- */

static bool is_want(enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
}

/* Our last flight, or a ticket, may still be pending when the library is done. */
static enum tls_outcome drive_handshake(struct tls_session *session)
{
    enum tls_outcome flushed = tls_openssl_flush(session);
    if (flushed != TLS_OK) {
        return is_want(flushed) ? flushed : tls_openssl_fail(session, flushed);
    }
    if (session->library_handshake_over) {
        return TLS_OK;
    }
    int result = SSL_do_handshake(session->ssl);
    session->library_handshake_over = result == 1;
    enum tls_outcome outcome =
        result == 1 ? TLS_OK : tls_openssl_outcome(session, result, TLS_DIRECTION_WRITE);
    if (outcome != TLS_OK && !is_want(outcome)) {
        return outcome;
    }
    flushed = tls_openssl_flush(session);
    if (flushed != TLS_OK) {
        return is_want(flushed) ? flushed : tls_openssl_fail(session, flushed);
    }
    return outcome;
}

enum tls_outcome tls_handshake(struct tls_session *session)
{
    if (session->handshake_over) {
        return TLS_OK;
    }
    if (session->handshake_final != TLS_OK) {
        return session->handshake_final;
    }
    if (session->close_begun) {
        return TLS_MISUSE;
    }
    ERR_clear_error();
    enum tls_outcome outcome = drive_handshake(session);
    ERR_clear_error();
    if (outcome == TLS_OK) {
        session->handshake_over = true;
    } else if (!is_want(outcome)) {
        session->handshake_final = outcome;
    }
    return outcome;
}

/* ---- Reading ---- */

/* A failure inside the library ends both directions; the transport's ends are one direction's. */
static void end_reading(struct tls_session *session, enum tls_outcome outcome)
{
    session->read_final = outcome;
    bool one_way = outcome == TLS_CLOSED || outcome == TLS_TRUNCATED;
    if (!one_way && session->write_final == TLS_OK) {
        session->write_final = outcome;
    }
}

/* What two records add to their content, and more. */
#define ROOM_FOR_HEADERS 64

/* See reads_need_room. A read gives no more than cap, and no more than one record. */
static bool has_room_to_answer(struct tls_session *session, size_t cap)
{
    struct tls_transport *transport = session->transport;
    session->want_len = 1;
    if (!session->reads_need_room || transport->sendable == NULL) {
        return true;
    }
    size_t most = cap < TLS_CONTENT_MAX ? cap : TLS_CONTENT_MAX;
    size_t needed = session->unanswered_len + most + ROOM_FOR_HEADERS;
    if (transport->sendable(transport) >= needed) {
        return true;
    }
    session->want_len = needed;
    return false;
}

enum tls_outcome tls_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *count)
{
    *count = 0;
    if (!session->handshake_over || cap == 0) {
        return TLS_MISUSE;
    }
    if (session->read_final != TLS_OK) {
        return session->read_final;
    }
    if (!has_room_to_answer(session, cap)) {
        return TLS_WANT_WRITE;
    }
    ERR_clear_error();
    /* What cannot be sent now does not keep us from reading: a peer may read only after that. */
    (void)tls_openssl_flush(session);
    int result = SSL_read_ex(session->ssl, buf, cap, count);
    if (result == 1) {
        session->unanswered_len += *count;
        return TLS_OK;
    }
    *count = 0;
    enum tls_outcome outcome = tls_openssl_outcome(session, result, TLS_DIRECTION_READ);
    ERR_clear_error();
    if (!is_want(outcome)) {
        end_reading(session, outcome);
    }
    return outcome;
}

/* This backend lets its library hold what it likes, so any byte is progress; but a read that needs
 * room needs it for all that it might bring. */
size_t tls_want_len(const struct tls_session *session)
{
    return session->want_len;
}

/* With read-ahead off the library asks the transport for what it needs and no more, so the only
 * input it holds between two calls is decrypted. A partial record does not count: nothing can be
 * made of it. */
bool tls_has_input(const struct tls_session *session)
{
    return session->handshake_over && session->read_final == TLS_OK &&
           SSL_pending(session->ssl) > 0;
}

/* The library's own word for it, when it reads a record's body. */
bool tls_record_is_begun(const struct tls_session *session)
{
    return session->handshake_over && session->read_final == TLS_OK &&
           strcmp(SSL_rstate_string(session->ssl), "RB") == 0;
}

/* ---- Writing ---- */

static bool breaks_write_rule(const struct tls_session *session, const uint8_t *bytes, size_t len)
{
    const struct tls_pending_write *write = &session->write;
    return write->bytes != NULL && (write->bytes != bytes || write->len != len);
}

/* One record at most, so that what is pending has a bound. */
static enum tls_outcome seal(struct tls_session *session)
{
    struct tls_pending_write *write = &session->write;
    size_t len = write->len < SSL3_RT_MAX_PLAIN_LENGTH ? write->len : SSL3_RT_MAX_PLAIN_LENGTH;
    int result = SSL_write_ex(session->ssl, write->bytes, len, &write->sealed_len);
    if (result == 1) {
        return TLS_OK;
    }
    write->sealed_len = 0;
    return tls_openssl_outcome(session, result, TLS_DIRECTION_WRITE);
}

static enum tls_outcome flush_for_write(struct tls_session *session)
{
    enum tls_outcome outcome = tls_openssl_flush(session);
    return outcome == TLS_OK || is_want(outcome) ? outcome : tls_openssl_fail(session, outcome);
}

/* OK only when the transport has all of the record. */
static enum tls_outcome drive_write(struct tls_session *session)
{
    enum tls_outcome outcome = flush_for_write(session);
    if (outcome != TLS_OK || session->write.sealed_len > 0) {
        return outcome;
    }
    outcome = seal(session);
    return outcome == TLS_OK ? flush_for_write(session) : outcome;
}

enum tls_outcome tls_write(struct tls_session *session, const uint8_t *bytes, size_t len,
                           size_t *count)
{
    *count = 0;
    if (!session->handshake_over || session->close_begun || len == 0 ||
        breaks_write_rule(session, bytes, len)) {
        return TLS_MISUSE;
    }
    if (session->write_final != TLS_OK) {
        return session->write_final;
    }
    session->want_len = 1;
    if (session->write.bytes == NULL) {
        session->write = (struct tls_pending_write){.bytes = bytes, .len = len};
    }
    ERR_clear_error();
    enum tls_outcome outcome = drive_write(session);
    ERR_clear_error();
    if (is_want(outcome)) {
        return outcome;
    }
    *count = outcome == TLS_OK ? session->write.sealed_len : 0;
    session->unanswered_len -= *count < session->unanswered_len ? *count : session->unanswered_len;
    session->write = (struct tls_pending_write){0};
    session->write_final = outcome;
    return outcome;
}

/* ---- Closing ---- */

/* After a failure our alert, if any, is all there is to send, and it is pending already. */
static bool may_send_close_notify(const struct tls_session *session)
{
    return !session->close_notify_made && session->handshake_final == TLS_OK &&
           session->write_final == TLS_OK;
}

static bool has_no_keys(const struct tls_session *session)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(session->ssl);
    return state == TLS_ST_BEFORE || state == TLS_ST_CW_CLNT_HELLO || state == TLS_ST_SR_CLNT_HELLO;
}

/* OpenSSL has no call that sends an alert in the midst of a handshake. Before the ServerHello it is
 * made here; later nothing is said and the peer sees the stream end. */
static void break_off_handshake(struct tls_session *session)
{
    if (has_no_keys(session)) {
        tls_openssl_send_close_notify(session);
    }
    session->close_notify_made = true;
}

static enum tls_outcome make_close_notify(struct tls_session *session)
{
    int result = 1;
    if (SSL_in_init(session->ssl)) { /* in the midst of a message after the handshake */
        result = SSL_do_handshake(session->ssl);
    }
    if (result == 1) {
        result = SSL_shutdown(session->ssl);
    }
    if (result < 0) {
        return tls_openssl_outcome(session, result, TLS_DIRECTION_WRITE);
    }
    session->close_notify_made = true;
    return TLS_OK;
}

static enum tls_outcome drive_close(struct tls_session *session)
{
    enum tls_outcome outcome = flush_for_write(session);
    if (outcome != TLS_OK || !may_send_close_notify(session)) {
        return outcome;
    }
    if (!session->library_handshake_over) {
        break_off_handshake(session);
        return flush_for_write(session);
    }
    outcome = make_close_notify(session);
    return outcome == TLS_OK ? flush_for_write(session) : outcome;
}

enum tls_outcome tls_close(struct tls_session *session)
{
    session->close_begun = true;
    session->want_len = 1;
    ERR_clear_error();
    enum tls_outcome outcome = drive_close(session);
    ERR_clear_error();
    return outcome;
}
