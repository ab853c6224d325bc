/* A BIO over struct tls_transport that takes a whole record at a time and keeps what the transport
 * has no room for. */
#include <openssl/bio.h>
#include <string.h>

#include "backend.h"

static size_t pending_len(const struct tls_output *output)
{
    return output->len - output->at;
}

/* Sends from bytes until all is gone or the transport stops it; returns how much went. */
static size_t send_some(struct tls_session *session, const uint8_t *bytes, size_t len)
{
    size_t done = 0;
    while (done < len && session->sent == TLS_TRANSPORT_OK) {
        size_t count = 0;
        enum tls_transport_outcome outcome =
            session->transport->send(session->transport, bytes + done, len - done, &count);
        if (outcome == TLS_TRANSPORT_WANT_WRITE || outcome == TLS_TRANSPORT_WANT_READ) {
            break;
        }
        session->sent = outcome;
        done += outcome == TLS_TRANSPORT_OK ? count : 0;
    }
    return done;
}

static void drain(struct tls_session *session)
{
    struct tls_output *output = &session->output;
    output->at += send_some(session, output->bytes + output->at, pending_len(output));
    if (output->at == output->len) {
        output->at = output->len = 0;
    }
}

enum tls_outcome tls_openssl_flush(struct tls_session *session)
{
    if (pending_len(&session->output) > 0) {
        drain(session);
    }
    switch (session->sent) {
    case TLS_TRANSPORT_OK:
        return pending_len(&session->output) == 0 ? TLS_OK : TLS_WANT_WRITE;
    case TLS_TRANSPORT_RESET:
    case TLS_TRANSPORT_CLOSED:
        return TLS_RESET;
    default:
        return TLS_FAILED;
    }
}

/* Keeps what fits; the room behind the pending bytes is enough for one record. */
static size_t keep(struct tls_output *output, const uint8_t *bytes, size_t len)
{
    memmove(output->bytes, output->bytes + output->at, pending_len(output));
    output->len -= output->at;
    output->at = 0;
    size_t room = TLS_OPENSSL_OUTPUT_CAP - output->len;
    size_t kept = len < room ? len : room;
    memcpy(output->bytes + output->len, bytes, kept);
    output->len += kept;
    return kept;
}

/* RFC 8446 sections 5.1 and 6.1: a plaintext record with the alert close_notify, level warning. */
void tls_openssl_send_close_notify(struct tls_session *session)
{
    static const uint8_t record[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_WARNING, 0};
    (void)keep(&session->output, record, sizeof record);
}

static int bio_write(BIO *bio, const char *data, size_t len, size_t *written)
{
    struct tls_session *session = BIO_get_data(bio);
    const uint8_t *bytes = (const uint8_t *)data;
    *written = 0;
    BIO_clear_retry_flags(bio);
    drain(session);
    if (session->sent != TLS_TRANSPORT_OK) {
        return -1;
    }
    if (pending_len(&session->output) == 0) {
        *written = send_some(session, bytes, len);
    }
    if (session->sent != TLS_TRANSPORT_OK) {
        return -1;
    }
    size_t left = len - *written;
    if (pending_len(&session->output) <= TLS_OPENSSL_SMALL_LEN || left <= TLS_OPENSSL_SMALL_LEN) {
        *written += keep(&session->output, bytes + *written, left);
    }
    if (*written == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return 1;
}

static int bio_read(BIO *bio, char *data, size_t cap, size_t *got)
{
    struct tls_session *session = BIO_get_data(bio);
    *got = 0;
    BIO_clear_retry_flags(bio);
    if (session->received != TLS_TRANSPORT_OK) {
        return session->received == TLS_TRANSPORT_CLOSED ? 0 : -1;
    }
    enum tls_transport_outcome outcome =
        session->transport->receive(session->transport, (uint8_t *)data, cap, got);
    if (outcome == TLS_TRANSPORT_OK) {
        return 1;
    }
    if (outcome == TLS_TRANSPORT_WANT_READ || outcome == TLS_TRANSPORT_WANT_WRITE) {
        BIO_set_retry_read(bio);
        return -1;
    }
    session->received = outcome;
    return outcome == TLS_TRANSPORT_CLOSED ? 0 : -1;
}

/* BIO_CTRL_EOF is not answered on purpose: OpenSSL would answer the end of stream with an alert and
 * make the session unusable for what is still to be sent. */
static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_openssl_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tls_transport");
    if (method != NULL && BIO_meth_set_write_ex(method, bio_write) == 1 &&
        BIO_meth_set_read_ex(method, bio_read) == 1 && BIO_meth_set_ctrl(method, bio_ctrl) == 1) {
        return method;
    }
    BIO_meth_free(method);
    return NULL;
}

BIO *tls_openssl_bio_new(struct tls_session *session)
{
    BIO *bio = BIO_new(session->context->bio_method);
    if (bio != NULL) {
        BIO_set_data(bio, session);
        BIO_set_init(bio, 1);
    }
    return bio;
}
