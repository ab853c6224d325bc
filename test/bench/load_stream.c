/* One connection of the load generator, with TLS or bare. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "load.h"

/* No single step of a healthy server takes so long, on however slow a machine. */
#define STEP_S 20

/* ---- The context ---- */

static const char *error_text(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    return reason != NULL ? reason : strerror(errno);
}

static void require(int done, const char *what)
{
    if (done != 1) {
        load_fail("%s: %s", what, error_text());
    }
}

/* OpenSSL calls this for every ticket. Returns 1: the session is ours now. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct load_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(context->session);
    context->session = session;
    return 1;
}

static int version_number(const char *tls)
{
    return strcmp(tls, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/* TLS 1.2 has a name for key exchange and authentication in the suite, 1.3 has not. */
static void choose_cipher(SSL_CTX *ssl, const struct load_options *options)
{
    bool is_old = strcmp(options->tls, "1.2") == 0;
    if (options->cipher == NULL) {
        return;
    }
    require(is_old ? SSL_CTX_set_cipher_list(ssl, options->cipher)
                   : SSL_CTX_set_ciphersuites(ssl, options->cipher),
            options->cipher);
}

static void verify_server(SSL_CTX *ssl, const struct load_options *options)
{
    if (options->ca != NULL) {
        require(SSL_CTX_load_verify_locations(ssl, options->ca, NULL), options->ca);
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    }
}

void load_context_open(struct load_context *context, const struct load_options *options)
{
    context->options = options;
    if (strcmp(options->tls, "none") == 0) {
        return;
    }
    context->ssl = SSL_CTX_new(TLS_client_method());
    require(context->ssl != NULL, "OpenSSL");
    require((int)SSL_CTX_set_min_proto_version(context->ssl, version_number(options->tls)),
            "version");
    require((int)SSL_CTX_set_max_proto_version(context->ssl, version_number(options->tls)),
            "version");
    require((int)SSL_CTX_set1_groups_list(context->ssl, options->group), options->group);
    choose_cipher(context->ssl, options);
    verify_server(context->ssl, options);
    (void)SSL_CTX_set_mode(context->ssl,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context->ssl, 1);
    (void)SSL_CTX_set_app_data(context->ssl, context);
    (void)SSL_CTX_set_session_cache_mode(context->ssl,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->ssl, keep_session);
}

void load_context_close(struct load_context *context)
{
    SSL_SESSION_free(context->session);
    SSL_CTX_free(context->ssl);
}

/* ---- Opening ---- */

static int connect_tcp(const struct load_options *options)
{
    const struct timeval step = {.tv_sec = STEP_S};
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, options->host, &address.sin_addr) != 1) {
        load_fail("%s is no address, or there is no socket", options->host);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof step);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        load_fail("connect: %s", strerror(errno));
    }
    return fd;
}

static void shake_hands(struct load_context *context, struct load_stream *stream, bool resume)
{
    const struct load_options *options = context->options;
    stream->ssl = SSL_new(context->ssl);
    require(stream->ssl != NULL && SSL_set_fd(stream->ssl, stream->fd) == 1, "OpenSSL");
    if (options->name != NULL) {
        require((int)SSL_set_tlsext_host_name(stream->ssl, options->name), "server name");
        require(SSL_set1_host(stream->ssl, options->name), "server name");
    }
    if (resume && context->session != NULL) {
        require(SSL_set_session(stream->ssl, context->session), "ticket");
    }
    require(SSL_connect(stream->ssl), "handshake");
}

void load_stream_open(struct load_context *context, struct load_stream *out, bool resume)
{
    *out = (struct load_stream){.fd = connect_tcp(context->options)};
    if (context->ssl != NULL) {
        shake_hands(context, out, resume);
    }
}

bool load_stream_is_resumed(const struct load_stream *stream)
{
    return stream->ssl != NULL && SSL_session_reused(stream->ssl) == 1;
}

void load_stream_set_nonblocking(struct load_stream *stream)
{
    (void)fcntl(stream->fd, F_SETFL, fcntl(stream->fd, F_GETFL) | O_NONBLOCK);
}

/* ---- Moving bytes ---- */

static ssize_t tcp_result(ssize_t count)
{
    if (count > 0) {
        return count;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t tls_result(const struct load_stream *stream, int done, size_t count)
{
    if (done == 1) {
        return (ssize_t)count;
    }
    int error = SSL_get_error(stream->ssl, done);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t load_stream_read(struct load_stream *stream, void *buf, size_t cap)
{
    size_t count = 0;
    if (stream->ssl == NULL) {
        return tcp_result(recv(stream->fd, buf, cap, 0));
    }
    ERR_clear_error();
    int done = SSL_read_ex(stream->ssl, buf, cap, &count);
    return tls_result(stream, done, count);
}

ssize_t load_stream_write(struct load_stream *stream, const void *bytes, size_t len)
{
    size_t count = 0;
    if (stream->ssl == NULL) {
        return tcp_result(send(stream->fd, bytes, len, MSG_NOSIGNAL));
    }
    ERR_clear_error();
    int done = SSL_write_ex(stream->ssl, bytes, len, &count);
    return tls_result(stream, done, count);
}

void load_stream_echo(struct load_stream *stream, const void *message, void *reply, size_t len)
{
    size_t sent = 0, received = 0;
    while (sent < len) {
        ssize_t count = load_stream_write(stream, (const char *)message + sent, len - sent);
        if (count <= 0) {
            load_fail("sending the message: %s", error_text());
        }
        sent += (size_t)count;
    }
    while (received < len) {
        ssize_t count = load_stream_read(stream, (char *)reply + received, len - received);
        if (count <= 0) {
            load_fail("waiting for the echo: %s", error_text());
        }
        received += (size_t)count;
    }
    if (memcmp(message, reply, len) != 0) {
        load_fail("the echo differs from the message");
    }
}

/* ---- Ending ---- */

bool load_stream_finish(struct load_stream *stream)
{
    char rest[4096];
    if (stream->ssl == NULL) {
        (void)shutdown(stream->fd, SHUT_WR);
    } else {
        (void)SSL_shutdown(stream->ssl);
    }
    ssize_t count;
    do {
        count = load_stream_read(stream, rest, sizeof rest);
    } while (count > 0);
    bool is_clean =
        stream->ssl == NULL || (SSL_get_shutdown(stream->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    load_stream_drop(stream);
    return is_clean;
}

void load_stream_drop(struct load_stream *stream)
{
    SSL_free(stream->ssl);
    close(stream->fd);
}
