/* A client and a server session of this backend, joined by two pipes in memory. */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "doubles.h"

#define DER_MAX 2048
#define STEPS_MAX 100

static enum tls_transport_outcome pipe_send(struct tls_transport *self, const uint8_t *bytes,
                                            size_t len, size_t *count)
{
    struct pipe *out = ((struct link_end *)self)->out;
    assert_true(len > 0);
    *count = len < out->room_len ? len : out->room_len;
    if (*count == 0) {
        return TLS_TRANSPORT_WANT_WRITE;
    }
    assert_true(out->sent_len + *count <= PIPE_CAP);
    memcpy(out->bytes + out->sent_len, bytes, *count);
    out->sent_len += *count;
    out->room_len -= *count;
    out->sends++;
    out->piece_len = *count;
    return TLS_TRANSPORT_OK;
}

static enum tls_transport_outcome pipe_receive(struct tls_transport *self, uint8_t *buf, size_t cap,
                                               size_t *count)
{
    struct pipe *in = ((struct link_end *)self)->in;
    size_t there = in->sent_len - in->taken_len;
    assert_true(cap > 0);
    *count = cap < there ? cap : there;
    if (*count == 0) {
        return in->ended ? TLS_TRANSPORT_CLOSED : TLS_TRANSPORT_WANT_READ;
    }
    memcpy(buf, in->bytes + in->taken_len, *count);
    in->taken_len += *count;
    return TLS_TRANSPORT_OK;
}

/* ---- Identities ------------------------------------------------------------------------------ */

static struct tls_span load(uint8_t *buf, const char *name, const char *ending)
{
    char path[512];
    (void)snprintf(path, sizeof(path), CERTS_DIR "/%s.%s", name, ending);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(buf, 1, DER_MAX, file);
    (void)fclose(file);
    assert_in_range(len, 1, DER_MAX - 1);
    return (struct tls_span){buf, len};
}

static void open_context(enum tls_role role, const char *name, const struct link_options *options,
                         struct tls_context **out)
{
    uint8_t ca[DER_MAX], chain[DER_MAX], key[DER_MAX];
    struct tls_trust trust = {.anchors = {load(ca, "ca", "der")}, .anchor_count = 1};
    struct tls_identity identity = {.chain_count = 0};
    if (name != NULL) {
        identity = (struct tls_identity){
            .chain = {load(chain, name, "der")}, .chain_count = 1, .key = load(key, name, "key")};
    }
    struct tls_context_config config = {.role = role,
                                        .min_version = options->min_version,
                                        .tls_1_2_only = options->tls_1_2_only,
                                        .peer_auth = options->peer_auth,
                                        .identity = &identity,
                                        .trust = &trust,
                                        .tickets = true};
    struct tls_error error;
    assert_int_equal(tls_context_open(&config, out, &error), TLS_OK);
}

/* ---- The link -------------------------------------------------------------------------------- */

static void open_pipe(struct pipe *pipe)
{
    memset(pipe, 0, sizeof(*pipe));
    pipe->room_len = SIZE_MAX;
}

static void open_end(struct link_end *end, struct pipe *out, struct pipe *in)
{
    *end = (struct link_end){
        .transport = {.send = pipe_send, .receive = pipe_receive}, .out = out, .in = in};
}

static void open_session(struct tls_context *context, struct link_end *end,
                         const struct link_options *options, struct tls_session **out)
{
    const char *name = options->server_name != NULL ? options->server_name : "server.test";
    struct tls_session_config config = {
        .transport = &end->transport, .server_name = name, .resume = options->resume};
    assert_int_equal(tls_session_open(context, &config, out), TLS_OK);
}

static void open_sessions(struct link *link, const struct link_options *options)
{
    open_pipe(&link->to_server);
    open_pipe(&link->to_client);
    open_end(&link->client_end, &link->to_server, &link->to_client);
    open_end(&link->server_end, &link->to_client, &link->to_server);
    open_session(link->client_context, &link->client_end, options, &link->client);
    open_session(link->server_context, &link->server_end, options, &link->server);
}

void link_open(struct link *link, const struct link_options *options)
{
    const char *name = options->server_identity != NULL ? options->server_identity : "server";
    open_context(TLS_SERVER, name, options, &link->server_context);
    open_context(TLS_CLIENT, options->client_identity, options, &link->client_context);
    open_sessions(link, options);
}

void link_reopen(struct link *link, const struct link_options *options)
{
    tls_session_free(link->client);
    tls_session_free(link->server);
    open_sessions(link, options);
}

void link_close(struct link *link)
{
    tls_session_free(link->client);
    tls_session_free(link->server);
    tls_context_close(link->client_context);
    tls_context_close(link->server_context);
    double_assert_all_freed();
}

void link_shake(struct link *link, enum tls_outcome *client, enum tls_outcome *server)
{
    for (int step = 0; step < STEPS_MAX; step++) {
        *client = tls_handshake(link->client);
        *server = tls_handshake(link->server);
    }
}

void link_open_and_shake(struct link *link, const struct link_options *options)
{
    enum tls_outcome client, server;
    link_open(link, options);
    link_shake(link, &client, &server);
    assert_int_equal(client, TLS_OK);
    assert_int_equal(server, TLS_OK);
}

enum tls_outcome link_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *len)
{
    return tls_read(session, buf, cap, len);
}

void link_write(struct tls_session *session, const char *text)
{
    size_t count;
    assert_int_equal(tls_write(session, (const uint8_t *)text, strlen(text), &count), TLS_OK);
    assert_int_equal(count, strlen(text));
}
