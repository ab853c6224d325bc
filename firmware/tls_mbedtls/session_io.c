/* A session's data: reading, writing and the orderly end, each with its typed outcome. */
#include <string.h>

#include "backend.h"

#define RECORDS_MAX 32 /* without data that one read deals with before it lets others run */

/* ---- The keys' end ------------------------------------------------------------------------------
 */

/* There is no KeyUpdate in this library, so the session has to end before its keys are used up.
 * ChaCha20-Poly1305 has no limit but the record counter's, which the library keeps. */
static enum tls_outcome check_keys(struct tls_session *session, uint64_t used_len)
{
    if (used_len < AES_GCM_LIMIT_LEN || session_has_chacha(session)) {
        return TLS_OK;
    }
    return session_fail(session, MBEDTLS_ERR_SSL_COUNTER_WRAPPING);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* A read that moved no data. 0 means end of stream to the library, but also two empty records in a
 * row: only the transport knows. */
static enum tls_outcome read_judge(struct tls_session *session, int n)
{
    bool ended = n == 0 && session->wire.end == TLS_TRUNCATED;
    return session_judge(session, ended ? MBEDTLS_ERR_SSL_CONN_EOF : n);
}

static bool read_is_allowed(const struct tls_session *session, size_t cap)
{
    return session->established && cap > 0;
}

static enum tls_outcome read_records(struct tls_session *session, uint8_t *buf, size_t cap,
                                     size_t *count)
{
    for (int records = 0; records < RECORDS_MAX; records++) {
        enum tls_outcome keys = check_keys(session, session->wire.received_len);
        if (keys != TLS_OK) {
            return keys;
        }
        int n = mbedtls_ssl_read(&session->ssl, buf, cap);
        if (n > 0) {
            *count = (size_t)n;
            session->wire.unanswered_len += *count;
            return TLS_OK;
        }
        enum tls_outcome outcome = read_judge(session, n);
        if (outcome != TLS_OK) {
            return outcome;
        }
    }
    return TLS_WANT_READ;
}

enum tls_outcome tls_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *count)
{
    *count = 0;
    if (session->peer_closed && session->established) {
        return TLS_CLOSED;
    }
    if (session->failed) {
        return session->error.outcome;
    }
    if (!read_is_allowed(session, cap)) {
        return TLS_MISUSE;
    }
    if (session->wire.end == TLS_TRUNCATED) {
        return TLS_TRUNCATED;
    }
    session_begin(session);
    session->wire.read_cap = cap;
    return session_done(session, read_records(session, buf, cap, count));
}

bool tls_has_input(const struct tls_session *session)
{
    if (!session->established || session->failed || session->peer_closed) {
        return false;
    }
    if (mbedtls_ssl_get_bytes_avail(&session->ssl) > 0) {
        return true;
    }
    /* Bytes of an incomplete record do not count in mbedtls_ssl_check_pending(). A message held
     * back while output is pending has to wait for the output. */
    return mbedtls_ssl_check_pending(&session->ssl) != 0 &&
           internals_output_len(&session->ssl) == 0;
}

bool tls_record_is_begun(const struct tls_session *session)
{
    return session->established && !session->failed && !session->peer_closed &&
           internals_record_is_begun(&session->ssl);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* OK once nothing is pending any more. */
static enum tls_outcome flush(struct tls_session *session)
{
    int code = wire_flush(session);
    return session_judge(session, code != 0 ? code : internals_flush(&session->ssl));
}

static size_t sealed_len(struct tls_session *session, size_t len)
{
    int max = mbedtls_ssl_get_max_out_record_payload(&session->ssl);
    return max > 0 && len > (size_t)max ? (size_t)max : len;
}

/* True if the record for len bytes has room in the transport: sealed without, it would have to be
 * kept here. */
static bool has_room_for_record(struct tls_session *session, size_t len)
{
    int expansion = mbedtls_ssl_get_record_expansion(&session->ssl);
    return wire_has_room(session, sealed_len(session, len) + (size_t)expansion);
}

/* The record with the caller's bytes may have left during a read or a flush in between: then the
 * library must not be given them again. */
static enum tls_outcome write_finish(struct tls_session *session, size_t *count)
{
    struct wire *wire = &session->wire;
    *count = session->write.sealed_len;
    wire->unanswered_len -= *count < wire->unanswered_len ? *count : wire->unanswered_len;
    session->write = (struct pending_write){0};
    return TLS_OK;
}

static enum tls_outcome write_seal(struct tls_session *session)
{
    struct pending_write *write = &session->write;
    enum tls_outcome keys = check_keys(session, session->wire.sent_len);
    if (keys != TLS_OK) {
        return keys;
    }
    for (int tries = 0; tries < RECORDS_MAX; tries++) {
        if (!has_room_for_record(session, write->len)) {
            return session->wire.want;
        }
        session->wire.sending_data = true;
        int n = mbedtls_ssl_write(&session->ssl, write->bytes, write->len);
        session->wire.sending_data = false;
        if (n > 0) {
            write->sealed_len = (size_t)n;
            return TLS_OK;
        }
        if (internals_output_len(&session->ssl) > 0) {
            write->sealed_len = sealed_len(session, write->len);
        }
        enum tls_outcome outcome = session_judge(session, n);
        if (outcome != TLS_OK) {
            return outcome;
        }
        /* A ticket that a read had begun with was dealt with instead; now the data. */
    }
    return TLS_WANT_WRITE;
}

/* mbedtls_ssl_write() with older output pending sends that and says the new bytes were: flush. */
static enum tls_outcome write_step(struct tls_session *session, size_t *count)
{
    enum tls_outcome outcome = flush(session);
    if (outcome != TLS_OK) {
        return outcome;
    }
    if (session->write.sealed_len > 0) {
        return write_finish(session, count);
    }
    outcome = write_seal(session);
    return outcome == TLS_OK ? write_finish(session, count) : outcome;
}

static bool write_is_allowed(const struct tls_session *session, const uint8_t *bytes, size_t len)
{
    const struct pending_write *write = &session->write;
    bool same = write->bytes == NULL || (write->bytes == bytes && write->len == len);
    return session->established && session->close == CLOSE_NOT_BEGUN && bytes != NULL && len > 0 &&
           same;
}

enum tls_outcome tls_write(struct tls_session *session, const uint8_t *bytes, size_t len,
                           size_t *count)
{
    *count = 0;
    if (session->failed) {
        return session->error.outcome;
    }
    if (!write_is_allowed(session, bytes, len)) {
        return TLS_MISUSE;
    }
    session_begin(session);
    session->write.bytes = bytes;
    session->write.len = len;
    return session_done(session, write_step(session, count));
}

/* ---- Closing --------------------------------------------------------------------------------- */

/* mbedtls_ssl_close_notify() and mbedtls_ssl_send_alert_message() with output pending send only
 * that: so flush, make the alert, flush again. */
static enum tls_outcome close_with_alert(struct tls_session *session, unsigned char level,
                                         unsigned char alert)
{
    enum tls_outcome outcome = flush(session);
    if (outcome == TLS_OK && session->close == CLOSE_FLUSHING) {
        session->close = CLOSE_SENDING;
        int code = mbedtls_ssl_send_alert_message(&session->ssl, level, alert);
        outcome = session_judge(session, code);
    }
    if (outcome == TLS_OK) {
        session->close = CLOSE_DONE;
    }
    return outcome;
}

/* After a failure: what is pending may be the library's alert; if there is none, ours is made. */
static enum tls_outcome close_failed(struct tls_session *session)
{
    if (session->error.outcome == TLS_RESET || session->wire.end == TLS_FAILED) {
        return session->error.outcome;
    }
    if (!session->error.alert_sent) {
        session->close = CLOSE_DONE; /* the peer has gone or has told us: nothing to say */
        return TLS_OK;
    }
    if (session->alert_owed == TLS_NO_ALERT && session->close == CLOSE_FLUSHING) {
        session->close = CLOSE_SENDING;
    }
    return close_with_alert(session, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                            (unsigned char)session->alert_owed);
}

static enum tls_outcome close_step(struct tls_session *session)
{
    if (session->failed) {
        return close_failed(session);
    }
    return close_with_alert(session, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                            MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY);
}

enum tls_outcome tls_close(struct tls_session *session)
{
    if (session->close == CLOSE_DONE) {
        return TLS_OK;
    }
    if (session->close == CLOSE_NOT_BEGUN) {
        session->close = CLOSE_FLUSHING;
    }
    session_begin(session);
    return session_done(session, close_step(session));
}
