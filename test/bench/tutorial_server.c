/* bench_tutorial_server: the echo server that tutorials show, as a peer of the benchmark: OpenSSL
 * on the kernel's sockets, blocking, a thread a connection.
 *
 *   bench_tutorial_server literal|tuned PORT CHAIN.pem KEY.pem
 *
 * literal: reads of 512 bytes and nothing set, as they are usually printed. tuned: what somebody
 * does who has measured once: reads of a whole record and TCP_NODELAY. Serves until it is killed.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LITERAL_LEN 512
#define TUNED_LEN 16384
#define STACK_LEN (256 * 1024)

static SSL_CTX *context;
static bool is_tuned;

static void die(const char *what)
{
    fprintf(stderr, "bench_tutorial_server: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(EXIT_FAILURE);
}

static void echo(SSL *ssl)
{
    char buf[TUNED_LEN];
    int cap = is_tuned ? TUNED_LEN : LITERAL_LEN;
    int len;
    while ((len = SSL_read(ssl, buf, cap)) > 0) {
        if (SSL_write(ssl, buf, len) <= 0) {
            return;
        }
    }
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    const int one = 1;
    SSL *ssl = SSL_new(context);
    if (is_tuned) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        echo(ssl);
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static int listen_on(uint16_t port)
{
    const int one = 1;
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
        die("cannot listen");
    }
    return fd;
}

static void open_context(const char *chain, const char *key)
{
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, chain) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        die("cannot use the certificate");
    }
}

static void accept_forever(int listener)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes,
                              STACK_LEN); /* or 1,000 threads would want 8 GB of room */
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd) != 0) {
            close(fd);
        }
    }
}

int main(int argc, char *argv[])
{
    if (argc != 5) {
        die("usage: bench_tutorial_server literal|tuned PORT CHAIN.pem KEY.pem");
    }
    is_tuned = strcmp(argv[1], "tuned") == 0;
    (void)signal(SIGPIPE, SIG_IGN);
    open_context(argv[3], argv[4]);
    int listener = listen_on((uint16_t)strtoul(argv[2], NULL, 10));
    fprintf(stderr, "listening\n");
    accept_forever(listener);
}
