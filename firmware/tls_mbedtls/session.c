/* A session: its life, its handshake, and what each code of the library means for it. */
#include <string.h>

#include "backend.h"
#include "mbedtls/error.h"
#include "memory_port.h"

#define CALL_BUDGET_LEN 65536 /* bytes one call may receive: some full records */
#define STEPS_MAX 1000        /* of one call; a handshake has some twenty */

void session_begin(struct tls_session *session)
{
    session->wire.want = TLS_OK;
    session->wire.want_len = 1;
    session->wire.read_cap = 0;
    session->wire.budget_len = CALL_BUDGET_LEN;
    /* Handshakes make no alert but the one that ends them; later calls each start afresh. */
    session->wire.alert_made =
        session->wire.alert_made && !session->established && !session->failed;
    session->allocation_failures = tls_mbedtls_allocation_failures();
    record_buffers_begin(&session->ssl, &session->kept, &session->wire);
}

/* ---- Failure ------------------------------------------------------------------------------- */

static const struct {
    int code;
    int alert;
} alerts[] = {
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE},
    {MBEDTLS_ERR_SSL_UNEXPECTED_RECORD, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE},
    /* RFC 8446 section 5: a record of unknown type, such as plain HTTP. */
    {MBEDTLS_ERR_SSL_INVALID_RECORD, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE},
    {MBEDTLS_ERR_SSL_INVALID_MAC, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC},
    /* RFC 8446 section 5.2: a record that cannot fit is how this code comes about here. */
    {MBEDTLS_ERR_SSL_BAD_INPUT_DATA, MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW},
    {MBEDTLS_ERR_SSL_DECODE_ERROR, MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR},
    {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE},
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION},
    {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_BAD_CERT},
    {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT},
    {MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME, MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME},
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL},
};

/* The part of a code that names the module; the low-level part says where it began. */
static int high_level(int code)
{
    return -(-code & 0x7f80);
}

static bool is_weak_code(int code)
{
    int high = high_level(code);
    return high == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || high == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG ||
           high == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE;
}

/* Failures that the peer's certificate is the cause of: any code of the X.509 module among them. */
static bool is_certificate_code(int code)
{
    int high = high_level(code);
    bool x509 =
        high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high >= MBEDTLS_ERR_X509_FATAL_ERROR;
    return x509 || is_weak_code(code) || code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
}

/* For a certificate that did not even parse there is no verdict. */
static int alert_for_certificate(const struct tls_session *session, int code)
{
    if (is_weak_code(code)) {
        return MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
    }
    bool verdict = code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
                   code == MBEDTLS_ERR_X509_FATAL_ERROR || code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
    return verdict ? verify_alert(mbedtls_ssl_get_verify_result(&session->ssl))
                   : MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
}

static int alert_for(const struct tls_session *session, int code)
{
    if (session->error.outcome == TLS_UNTRUSTED) {
        return alert_for_certificate(session, code);
    }
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (alerts[i].code == code) {
            return alerts[i].alert;
        }
    }
    return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
}

/* Which alert the library made: on the wire in plain text, noted by its TLS 1.3 code, or the one
 * that belongs to the failure. */
static int alert_made(const struct tls_session *session, int code)
{
    int noted = internals_made_alert(&session->ssl);
    if (session->wire.alert != TLS_NO_ALERT) {
        return session->wire.alert;
    }
    return noted != TLS_NO_ALERT ? noted : alert_for(session, code);
}

/* Every failure of ours ends in one alert to the peer: the library's, or else tls_close's. */
static void session_alert(struct tls_session *session, int code)
{
    session->error.alert_sent = true;
    if (session->wire.alert_made) {
        session->error.alert = alert_made(session, code);
        return;
    }
    session->error.alert = alert_for(session, code);
    session->alert_owed = session->error.alert;
}

static void session_record(struct tls_session *session, enum tls_outcome outcome, int code)
{
    if (session->error.outcome == TLS_OK) {
        error_fill(&session->error, outcome, code);
        session->error.verify = outcome == TLS_UNTRUSTED ? session->verify : 0;
    }
}

static enum tls_outcome session_end(struct tls_session *session, enum tls_outcome outcome, int code)
{
    session_record(session, outcome, code);
    session->failed = true;
    return outcome;
}

/* Adds what our callback could not see: certificates that did not parse, the checks made after
 * it, and the verdict of a chain too long to be checked. */
static void session_note_verdict(struct tls_session *session, int code)
{
    unsigned found = verify_reasons(mbedtls_ssl_get_verify_result(&session->ssl));
    if (is_weak_code(code)) {
        session->verify |= TLS_VERIFY_WEAK;
    }
    /* Beside reasons of the callback's only usage is news: others may have been steered. */
    session->verify |= session->verify == 0 ? found : found & TLS_VERIFY_BAD_USAGE;
    if (session->verify == 0) {
        session->verify = TLS_VERIFY_OTHER;
    }
}

enum tls_outcome session_fail(struct tls_session *session, int code)
{
    enum tls_outcome outcome = error_outcome(code, session->allocation_failures);
    if (outcome == TLS_FAILED && !session->established && is_certificate_code(code)) {
        session_note_verdict(session, code);
        outcome = TLS_UNTRUSTED;
    }
    (void)session_end(session, outcome, code);
    session_alert(session, code);
    return outcome;
}

/* During a handshake, and after a failure, the library may have left anything anywhere. */
static void forget_what_was_used(struct tls_session *session)
{
    if (!session->established || session->failed) {
        session->wire.used = (struct used){NULL, NULL, NULL};
    }
}

enum tls_outcome session_done(struct tls_session *session, enum tls_outcome outcome)
{
    forget_what_was_used(session);
    if (record_buffers_end(&session->ssl, &session->kept, &session->wire)) {
        return outcome;
    }
    /* What moved has moved; but no alert of ours could follow what is lost. */
    (void)session_end(session, TLS_NO_MEMORY, MBEDTLS_ERR_SSL_ALLOC_FAILED);
    session->close = CLOSE_DONE;
    return outcome == TLS_OK ? TLS_OK : session->error.outcome;
}

enum tls_outcome session_refuse(struct tls_session *session, uint32_t flags)
{
    if (tls_mbedtls_allocation_failures() != session->allocation_failures) {
        return session_fail(session, MBEDTLS_ERR_SSL_ALLOC_FAILED); /* checking needs memory too */
    }
    unsigned found = verify_reasons(flags);
    session->verify |= session->verify == 0 ? found : found & TLS_VERIFY_BAD_USAGE;
    (void)session_end(session, TLS_UNTRUSTED, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    bool tls13 = mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    int alert = verify_alert(flags);
    if ((flags & MBEDTLS_X509_BADCERT_MISSING) != 0) {
        /* RFC 8446 section 6.2; RFC 5246 section 7.4.6. */
        alert =
            tls13 ? MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED : MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
    }
    session->error.alert = alert;
    session->error.alert_sent = true;
    session->alert_owed = alert;
    return TLS_UNTRUSTED;
}

/* ---- Judging --------------------------------------------------------------------------------- */

static enum tls_outcome judge_want(struct tls_session *session)
{
    if (session->wire.alert_made && !session->established) {
        /* The library would make its alert once more when called again: it has failed already. */
        return session_fail(session, internals_made_alert_reason(&session->ssl));
    }
    return session->wire.want; /* OK if the library wants nothing but to be called again */
}

static enum tls_outcome judge_peer_closed(struct tls_session *session)
{
    session->peer_closed = true;
    return session->established ? TLS_CLOSED : session_end(session, TLS_CLOSED, 0);
}

static enum tls_outcome judge_alert(struct tls_session *session, int alert, int code)
{
    (void)session_end(session, TLS_ALERT, code);
    session->error.alert = alert;
    session->error.alert_sent = false;
    return TLS_ALERT;
}

/* A stream cut after the handshake leaves the other direction usable. The library has no words for
 * what only the transport knows. */
static enum tls_outcome judge_transport_end(struct tls_session *session, int code)
{
    enum tls_outcome end = session->wire.end;
    session_record(session, end, end == TLS_TRUNCATED ? code : 0);
    session->failed = end != TLS_TRUNCATED || !session->established;
    return end;
}

enum tls_outcome session_judge(struct tls_session *session, int code)
{
    int alert = internals_received_alert(&session->ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return judge_want(session);
    }
    if (code == 0 || code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        return TLS_OK;
    }
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return judge_peer_closed(session);
    }
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && alert != TLS_NO_ALERT) {
        return judge_alert(session, alert, code);
    }
    if (session->wire.end != TLS_OK) {
        return judge_transport_end(session, code);
    }
    return session_fail(session, code);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static int session_set_name(struct tls_session *session, const char *name)
{
    session->name_ip_len = mbedtls_x509_crt_parse_cn_inet_pton(name, session->name_ip);
    if (!tls_sha256((const uint8_t *)name, strlen(name), session->name_hash)) {
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    /* NULL: no SNI, and verify.c alone compares the address. */
    return mbedtls_ssl_set_hostname(&session->ssl, session->name_ip_len > 0 ? NULL : name);
}

static int session_setup(struct tls_session *session, const struct tls_session_config *config)
{
    mbedtls_ssl_context *ssl = &session->ssl;
    int code = record_buffers_setup(ssl, &session->context->config, session->context->buffers);
    if (code != 0) {
        return code;
    }
    session->wire.flight.bytes = record_buffers_flight(session->context->buffers);
    mbedtls_ssl_set_bio(ssl, session, wire_send, wire_receive, NULL);
    mbedtls_ssl_set_verify(ssl, verify_certificate, session);
    if (session->context->role == TLS_SERVER) {
        return 0;
    }
    code = session_set_name(session, config->server_name);
    if (code == 0 && config->resume.len > 0) {
        resumption_import(session, config->resume);
    }
    return code;
}

static bool name_is_usable(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) <= MBEDTLS_SSL_MAX_HOST_NAME_LEN;
}

enum tls_outcome tls_session_open(struct tls_context *context,
                                  const struct tls_session_config *config, struct tls_session **out)
{
    *out = NULL;
    if (config->transport == NULL ||
        (context->role == TLS_CLIENT && !name_is_usable(config->server_name))) {
        return TLS_MISUSE;
    }
    struct tls_session *session = memory_calloc(1, sizeof(*session));
    if (session == NULL) {
        return TLS_NO_MEMORY;
    }
    session->context = context;
    session->transport = config->transport;
    session->error.alert = TLS_NO_ALERT;
    session->alert_owed = TLS_NO_ALERT;
    session->wire.alert = TLS_NO_ALERT;
    session->agreed.group = name_of_group(0);
    session->wire.needs_room = config->reads_need_room;
    mbedtls_ssl_init(&session->ssl);
    unsigned failures = tls_mbedtls_allocation_failures();
    enum tls_outcome outcome = error_outcome(session_setup(session, config), failures);
    if (outcome != TLS_OK) {
        tls_session_free(session);
        return outcome;
    }
    *out = session;
    return TLS_OK;
}

void tls_session_free(struct tls_session *session)
{
    if (session == NULL) {
        return;
    }
    record_buffers_take_back(&session->ssl);
    mbedtls_ssl_free(&session->ssl);
    memory_free(session->kept.block);
    memory_free(session);
}

/* ---- Handshake ---------------------------------------------------------------------------------
 */

/* The last record is still with the library. */
static int flush_all(struct tls_session *session)
{
    int code = internals_flush(&session->ssl);
    return code == 0 ? wire_flush(session) : code;
}

static enum tls_outcome handshake_step(struct tls_session *session)
{
    /* While we sign, the longest step of all, the peer can work on what is ready. */
    int code = internals_may_sign_next(&session->ssl) ? flush_all(session) : 0;
    if (code == 0) {
        code = mbedtls_ssl_handshake_step(&session->ssl);
    }
    internals_note_agreed(&session->ssl, &session->agreed);
    uint32_t refusal = code == 0 ? verify_refusal(session) : 0;
    return refusal != 0 ? session_refuse(session, refusal) : session_judge(session, code);
}

static enum tls_outcome handshake_finish(struct tls_session *session)
{
    uint32_t refusal = verify_final_refusal(session);
    if (refusal != 0) {
        return session_refuse(session, refusal);
    }
    session->established = true;
    if (session->context->role == TLS_SERVER) {
        internals_free_handshake(&session->ssl);
    }
    return TLS_OK;
}

static enum tls_outcome handshake_steps(struct tls_session *session)
{
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        if (internals_handshake_is_over(&session->ssl)) {
            enum tls_outcome flushed = session_judge(session, wire_flush(session));
            return flushed == TLS_OK ? handshake_finish(session) : flushed;
        }
        enum tls_outcome outcome = handshake_step(session);
        if (outcome != TLS_OK) {
            return outcome;
        }
    }
    return session_fail(session, MBEDTLS_ERR_SSL_INTERNAL_ERROR);
}

enum tls_outcome tls_handshake(struct tls_session *session)
{
    if (session->failed) {
        return session->error.outcome;
    }
    if (session->established) {
        return TLS_OK;
    }
    if (session->close != CLOSE_NOT_BEGUN) {
        return TLS_MISUSE;
    }
    session_begin(session);
    enum tls_outcome outcome = handshake_steps(session);
    if (session->failed && session->wire.end == TLS_OK) {
        (void)wire_flush(session); /* the alert; tls_close sends what is left of it */
    }
    return session_done(session, outcome);
}

bool session_has_chacha(const struct tls_session *session)
{
    int suite = mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl);
    return strstr(name_of_suite(suite), "CHACHA20") != NULL;
}

/* ---- What is known of it --------------------------------------------------------------------- */

bool tls_session_info(const struct tls_session *session, struct tls_session_info *out)
{
    memset(out, 0, sizeof(*out));
    if (!session->established) {
        return false;
    }
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&session->ssl);
    out->version = mbedtls_ssl_get_version(&session->ssl);
    out->cipher = name_of_suite(mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl));
    out->group = session->agreed.group;
    out->alpn = alpn != NULL ? alpn : "";
    out->resumed = session->agreed.resumed;
    return true;
}

bool tls_session_peer(const struct tls_session *session, struct tls_peer_certificate *out)
{
    if (!session->peer_known) {
        memset(out, 0, sizeof(*out));
        return false;
    }
    *out = session->peer;
    return true;
}

size_t tls_want_len(const struct tls_session *session)
{
    return session->wire.want_len;
}

const struct tls_error *tls_session_error(const struct tls_session *session)
{
    return &session->error;
}
