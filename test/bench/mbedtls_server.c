/* bench_mbedtls_server: an echo server in a poll loop on the kernel's sockets, as a peer of the
 * benchmark: Mbed TLS as it is released, with its default configuration, used as its own examples
 * do.
 *
 *   bench_mbedtls_server PORT CHAIN.pem KEY.pem
 *
 * Serves until it is killed. */
#include <fcntl.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <psa/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 1024
#define BUFFER_LEN 16384
#define TICKET_LIFE_S 86400

struct session {
    mbedtls_net_context net;
    mbedtls_ssl_context ssl;
    bool is_open, is_shaken;
    size_t len, sent;
    unsigned char *buffer; /* BUFFER_LEN bytes */
};

static struct session sessions[SESSIONS_MAX];
static struct pollfd items[SESSIONS_MAX + 1];    /* the listener is the first */
static struct session *polled[SESSIONS_MAX + 1]; /* whose item that is */
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_config config;
static mbedtls_x509_crt chain;
static mbedtls_pk_context key;
static mbedtls_ssl_ticket_context tickets;

static void require(int status, const char *what)
{
    if (status != 0) {
        fprintf(stderr, "bench_mbedtls_server: %s: -0x%04x\n", what, (unsigned)-status);
        exit(EXIT_FAILURE);
    }
}

/* ---- One session ---- */

static void end_session(struct session *session)
{
    (void)mbedtls_ssl_close_notify(&session->ssl);
    mbedtls_ssl_free(&session->ssl);
    mbedtls_net_free(&session->net);
    free(session->buffer);
    *session = (struct session){.is_open = false};
}

static bool is_want(int status)
{
    return status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* Returns what the library does: positive, want, or the end. */
static int step(struct session *session)
{
    if (!session->is_shaken) {
        int status = mbedtls_ssl_handshake(&session->ssl);
        session->is_shaken = status == 0;
        return status == 0 ? 1 : status;
    }
    if (session->sent < session->len) {
        int count = mbedtls_ssl_write(&session->ssl, session->buffer + session->sent,
                                      session->len - session->sent);
        session->sent += count > 0 ? (size_t)count : 0;
        return count;
    }
    int count = mbedtls_ssl_read(&session->ssl, session->buffer, BUFFER_LEN);
    session->sent = 0;
    session->len = count > 0 ? (size_t)count : 0;
    return count;
}

static void serve(struct session *session)
{
    int status;
    do { /* to the end of what the library holds: poll does not know of that */
        status = step(session);
    } while (status > 0);
    if (status <= 0 && !is_want(status)) {
        end_session(session);
    }
}

/* ---- All sessions ---- */

static void admit(const mbedtls_net_context *net)
{
    const int one = 1;
    unsigned i = 0;
    while (i < SESSIONS_MAX && sessions[i].is_open) {
        i++;
    }
    if (i == SESSIONS_MAX) {
        mbedtls_net_context refused = *net;
        mbedtls_net_free(&refused);
        return;
    }
    struct session *session = &sessions[i];
    session->net = *net;
    session->is_open = true;
    session->buffer = malloc(BUFFER_LEN);
    (void)setsockopt(net->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)mbedtls_net_set_nonblock(&session->net);
    mbedtls_ssl_init(&session->ssl);
    if (session->buffer == NULL || mbedtls_ssl_setup(&session->ssl, &config) != 0) {
        end_session(session);
        return;
    }
    mbedtls_ssl_set_bio(&session->ssl, &session->net, mbedtls_net_send, mbedtls_net_recv, NULL);
}

static void accept_all(mbedtls_net_context *listener)
{
    mbedtls_net_context net;
    mbedtls_net_init(&net);
    while (mbedtls_net_accept(listener, &net, NULL, 0, NULL) == 0) {
        admit(&net);
        mbedtls_net_init(&net);
    }
}

/* Open sessions alone: poll refuses more items than the process may have files. */
static nfds_t fill_items(const mbedtls_net_context *listener)
{
    nfds_t used = 0;
    items[used++] = (struct pollfd){.fd = listener->fd, .events = POLLIN};
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        bool has_rest = sessions[i].sent < sessions[i].len;
        if (sessions[i].is_open) {
            polled[used] = &sessions[i];
            items[used++] =
                (struct pollfd){.fd = sessions[i].net.fd, .events = has_rest ? POLLOUT : POLLIN};
        }
    }
    return used;
}

static void serve_round(mbedtls_net_context *listener)
{
    nfds_t used = fill_items(listener);
    if (poll(items, used, -1) < 0) {
        perror("bench_mbedtls_server: poll");
        exit(EXIT_FAILURE);
    }
    for (nfds_t i = 1; i < used; i++) {
        if (items[i].revents != 0) {
            serve(polled[i]);
        }
    }
    if (items[0].revents != 0) {
        accept_all(listener);
    }
}

/* ---- Start ---- */

static void open_config(const char *chain_file, const char *key_file)
{
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&key);
    mbedtls_ssl_ticket_init(&tickets);
    require((int)psa_crypto_init(), "PSA");
    require(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "DRBG");
    require(mbedtls_x509_crt_parse_file(&chain, chain_file), chain_file);
    require(mbedtls_pk_parse_keyfile(&key, key_file, NULL, mbedtls_ctr_drbg_random, &drbg),
            key_file);
    require(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER,
                                        MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
            "configuration");
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    require(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "certificate");
    require(mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg,
                                     MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFE_S),
            "tickets");
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &tickets);
}

int main(int argc, char *argv[])
{
    mbedtls_net_context listener;
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT CHAIN.pem KEY.pem\n", argv[0]);
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    open_config(argv[2], argv[3]);
    mbedtls_net_init(&listener);
    require(mbedtls_net_bind(&listener, NULL, argv[1], MBEDTLS_NET_PROTO_TCP), "listen");
    require(mbedtls_net_set_nonblock(&listener), "listen");
    fprintf(stderr, "listening\n");
    for (;;) {
        serve_round(&listener);
    }
}
