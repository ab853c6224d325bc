/* wolfSSL as a peer: a client that is a pipe, and a server that echoes. See README.md. */
#include "peer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* First, for the library's own headers depend on it. */
#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

enum { BUFFER_SIZE = 16384 };

static const struct {
    const char *name;
    word16 number;
} groups[] = {{"x25519", WOLFSSL_ECC_X25519},
              {"secp256r1", WOLFSSL_ECC_SECP256R1},
              {"secp384r1", WOLFSSL_ECC_SECP384R1},
              {"secp521r1", WOLFSSL_ECC_SECP521R1}};

static _Noreturn void fail(const char *text, WOLFSSL *ssl, int ret)
{
    char reason[WOLFSSL_MAX_ERROR_SZ] = "";
    int code = ssl != NULL ? wolfSSL_get_error(ssl, ret) : ret;
    peer_fail(text, wolfSSL_ERR_error_string((unsigned long)code, reason));
}

static void check(int ret, const char *text)
{
    if (ret != WOLFSSL_SUCCESS) {
        fail(text, NULL, ret);
    }
}

/* Those named in list (comma separated), in its order. Returns how many. */
static int find_groups(const char *list, int *found, int capacity)
{
    int count = 0;
    while (*list != '\0' && count < capacity) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
            if (strlen(groups[i].name) == len && strncmp(list, groups[i].name, len) == 0) {
                found[count++] = groups[i].number;
            }
        }
        list += len + (list[len] == ',');
    }
    return count;
}

/* Each version has a call of its own for that. */
static void limit_groups(WOLFSSL_CTX *context, const char *list, bool tls_1_3)
{
    int found[4];
    int count = find_groups(list, found, 4);
    if (count > 0 && tls_1_3) {
        check(wolfSSL_CTX_set_groups(context, found, count), "groups");
    }
    for (int i = 0; i < count; i++) {
        check(wolfSSL_CTX_UseSupportedCurve(context, (word16)found[i]), "supported groups");
    }
}

static bool is_tls_1_3(char **words)
{
    return strcmp(peer_option(words, "version", "1.3"), "1.3") == 0;
}

static WOLFSSL_METHOD *method(bool server, bool tls_1_3)
{
    if (tls_1_3) {
        return server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
    }
    return server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method();
}

static WOLFSSL_CTX *configure(char **words, bool server)
{
    WOLFSSL_CTX *context = wolfSSL_CTX_new(method(server, is_tls_1_3(words)));
    const char *suite = peer_option(words, "suite", NULL);
    if (suite != NULL) {
        check(wolfSSL_CTX_set_cipher_list(context, suite), "suite");
    }
    limit_groups(context, peer_option(words, "groups", ""), is_tls_1_3(words));
    const char *cert = peer_option(words, "cert", NULL);
    if (cert != NULL) {
        check(wolfSSL_CTX_use_certificate_chain_file(context, cert), "certificate");
        check(wolfSSL_CTX_use_PrivateKey_file(context, peer_option(words, "key", ""),
                                              WOLFSSL_FILETYPE_PEM),
              "key");
    }
    const char *ca = peer_option(words, "ca", NULL);
    if (ca != NULL) {
        check(wolfSSL_CTX_load_verify_locations(context, ca, NULL), "CA");
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                               NULL);
    }
    return context;
}

static WOLFSSL *start(WOLFSSL_CTX *context, int fd, char **words)
{
    WOLFSSL *ssl = wolfSSL_new(context);
    wolfSSL_set_fd(ssl, fd);
    char alpn[64];
    snprintf(alpn, sizeof(alpn), "%s", peer_option(words, "alpn", ""));
    if (alpn[0] != '\0') {
        check(wolfSSL_UseALPN(ssl, alpn, (unsigned)strlen(alpn), WOLFSSL_ALPN_FAILED_ON_MISMATCH),
              "ALPN");
    }
    return ssl;
}

static void tell(WOLFSSL *ssl)
{
    char *alpn = NULL;
    word16 alpn_len = 0;
    wolfSSL_ALPN_GetProtocol(ssl, &alpn, &alpn_len);
    fprintf(stderr, "handshake version=%s suite=%s resumed=%d alpn=%.*s\n",
            wolfSSL_get_version(ssl), wolfSSL_get_cipher_name(ssl), wolfSSL_session_reused(ssl),
            (int)alpn_len, alpn != NULL ? alpn : "");
}

static WOLFSSL *connect_client(WOLFSSL_CTX *context, char **words, WOLFSSL_SESSION *session)
{
    WOLFSSL *ssl = start(context, peer_connect(peer_option(words, "connect", "")), words);
    const char *name = peer_option(words, "name", "");
    check(wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name, (word16)strlen(name)), "SNI");
    check(wolfSSL_check_domain_name(ssl, name), "name");
    wolfSSL_UseSessionTicket(ssl);
    int share = 0;
    if (find_groups(peer_option(words, "groups", ""), &share, 1) == 1 && is_tls_1_3(words)) {
        check(wolfSSL_UseKeyShare(ssl, (word16)share), "key share");
    }
    if (session != NULL) {
        check(wolfSSL_set_session(ssl, session), "session");
    }
    int ret = wolfSSL_connect(ssl);
    if (ret != WOLFSSL_SUCCESS) {
        fail("handshake", ssl, ret);
    }
    tell(ssl);
    return ssl;
}

static void finish(WOLFSSL *ssl)
{
    int fd = wolfSSL_get_fd(ssl);
    wolfSSL_free(ssl);
    close(fd);
}

/* Talks once, so that there is a session to resume. */
static WOLFSSL_SESSION *first_session(WOLFSSL_CTX *context, char **words)
{
    WOLFSSL *ssl = connect_client(context, words, NULL);
    char buffer[64] = "ticket, please\n";
    int len = (int)strlen(buffer);
    wolfSSL_write(ssl, buffer, len);
    if (wolfSSL_read(ssl, buffer, sizeof(buffer)) != len) {
        peer_fail("first session", "the echo differs");
    }
    WOLFSSL_SESSION *session = wolfSSL_get1_session(ssl);
    wolfSSL_shutdown(ssl);
    while (wolfSSL_read(ssl, buffer, sizeof(buffer)) > 0) {
    }
    finish(ssl);
    return session;
}

static void write_all(WOLFSSL *ssl, const char *data, int len)
{
    while (len > 0) {
        int count = wolfSSL_write(ssl, data, len);
        if (count > 0) {
            data += count;
            len -= count;
            continue;
        }
        if (wolfSSL_get_error(ssl, count) != WOLFSSL_ERROR_WANT_WRITE) {
            fail("write", ssl, count);
        }
        peer_wait(-1, -1, wolfSSL_get_fd(ssl));
    }
}

/* Takes what came; false after close_notify. A cut stream is an error. */
static bool drain(WOLFSSL *ssl)
{
    char buffer[BUFFER_SIZE];
    int count = 0;
    while ((count = wolfSSL_read(ssl, buffer, sizeof(buffer))) > 0) {
        peer_put(buffer, count);
    }
    int code = wolfSSL_get_error(ssl, count);
    if (code == WOLFSSL_ERROR_ZERO_RETURN) {
        return false;
    }
    if (code != WOLFSSL_ERROR_WANT_READ && code != WOLFSSL_ERROR_WANT_WRITE) {
        fail("read", ssl, count);
    }
    return true;
}

static void pipe_through(WOLFSSL *ssl)
{
    char buffer[BUFFER_SIZE];
    int input = STDIN_FILENO;
    peer_set_nonblocking(wolfSSL_get_fd(ssl));
    while (drain(ssl)) {
        if (!peer_wait(input, wolfSSL_get_fd(ssl), -1)) {
            continue;
        }
        ssize_t count = read(input, buffer, sizeof(buffer));
        if (count > 0) {
            write_all(ssl, buffer, (int)count);
        } else {
            wolfSSL_shutdown(ssl);
            input = -1;
        }
    }
}

static int client(char **words)
{
    WOLFSSL_CTX *context = configure(words, false);
    WOLFSSL_SESSION *session = NULL;
    if (peer_option(words, "resume", NULL) != NULL) {
        session = first_session(context, words);
    }
    WOLFSSL *ssl = connect_client(context, words, session);
    pipe_through(ssl);
    finish(ssl);
    wolfSSL_SESSION_free(session);
    wolfSSL_CTX_free(context);
    return 0;
}

static void serve(WOLFSSL *ssl)
{
    char buffer[BUFFER_SIZE];
    int ret = wolfSSL_accept(ssl);
    if (ret != WOLFSSL_SUCCESS) {
        fprintf(stderr, "handshake failed: %d\n", wolfSSL_get_error(ssl, ret));
        return;
    }
    tell(ssl);
    int count = 0;
    while ((count = wolfSSL_read(ssl, buffer, sizeof(buffer))) > 0) {
        write_all(ssl, buffer, count);
    }
    wolfSSL_shutdown(ssl);
}

static _Noreturn void server(char **words)
{
    WOLFSSL_CTX *context = configure(words, true);
    int listener = peer_listen(peer_option(words, "listen", ""));
    while (true) {
        WOLFSSL *ssl = start(context, peer_accept(listener), words);
        serve(ssl);
        finish(ssl);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "version") == 0) {
        printf("wolfSSL %s\n", wolfSSL_lib_version());
        return 0;
    }
    wolfSSL_Init();
    if (strcmp(argv[1], "server") == 0) {
        server(argv + 2);
    }
    return client(argv + 2);
}
