/* NSS as a peer: a client that is a pipe, and a server that echoes. See README.md. */
#include "peer.h"

#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>
#include <ssl.h>
#include <sslproto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384 };

static const struct {
    const char *name;
    SSLNamedGroup number;
} groups[] = {{"x25519", ssl_grp_ec_curve25519},
              {"secp256r1", ssl_grp_ec_secp256r1},
              {"secp384r1", ssl_grp_ec_secp384r1},
              {"secp521r1", ssl_grp_ec_secp521r1}};

static void check(SECStatus status, const char *text)
{
    if (status != SECSuccess) {
        peer_fail(text, PORT_ErrorToName(PR_GetError()));
    }
}

static void set_option(PRFileDesc *ssl, PRInt32 option, PRIntn value)
{
    check(SSL_OptionSet(ssl, option, value), "option");
}

static void limit_suite(PRFileDesc *ssl, const char *hex)
{
    if (hex == NULL) {
        return;
    }
    for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers(); i++) {
        SSL_CipherPrefSet(ssl, SSL_GetImplementedCiphers()[i], PR_FALSE);
    }
    check(SSL_CipherPrefSet(ssl, (PRInt32)strtol(hex, NULL, 16), PR_TRUE), "suite");
}

/* list: names, comma separated; a client sends a key share for the first. */
static void limit_groups(PRFileDesc *ssl, const char *list)
{
    SSLNamedGroup found[4];
    unsigned count = 0;
    while (*list != '\0' && count < 4) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
            if (strlen(groups[i].name) == len && strncmp(groups[i].name, list, len) == 0) {
                found[count++] = groups[i].number;
            }
        }
        list += len + (list[len] == ',');
    }
    if (count > 0) {
        check(SSL_NamedGroupConfig(ssl, found, count), "groups");
    }
}

static void limit_version(PRFileDesc *ssl, const char *version)
{
    PRUint16 number =
        strcmp(version, "1.3") == 0 ? SSL_LIBRARY_VERSION_TLS_1_3 : SSL_LIBRARY_VERSION_TLS_1_2;
    SSLVersionRange range = {number, number};
    check(SSL_VersionRangeSet(ssl, &range), "version");
}

static void set_alpn(PRFileDesc *ssl, const char *name)
{
    if (name == NULL) {
        return;
    }
    unsigned char list[64];
    size_t len = strnlen(name, sizeof(list) - 1);
    list[0] = (unsigned char)len;
    memcpy(list + 1, name, len);
    check(SSL_SetNextProtoNego(ssl, list, (unsigned)len + 1), "ALPN");
}

/* Knows one name, and refuses all others. */
static PRInt32 choose_name(PRFileDesc *ssl, const SECItem *names, PRUint32 count, void *wanted)
{
    (void)ssl;
    for (PRUint32 i = 0; i < count; i++) {
        if (names[i].len == strlen(wanted) && memcmp(names[i].data, wanted, names[i].len) == 0) {
            fprintf(stderr, "sni=%s\n", (const char *)wanted);
            return 0; /* the first identity, which is the only one */
        }
    }
    return SSL_SNI_SEND_ALERT;
}

static void set_identity(PRFileDesc *ssl, const char *nickname)
{
    CERTCertificate *certificate = PK11_FindCertFromNickname(nickname, NULL);
    if (certificate == NULL) {
        peer_fail("no certificate", nickname);
    }
    SECKEYPrivateKey *key = PK11_FindKeyByAnyCert(certificate, NULL);
    if (key == NULL) {
        peer_fail("no key", nickname);
    }
    check(SSL_ConfigServerCert(ssl, certificate, key, NULL, 0), "identity");
    SECKEY_DestroyPrivateKey(key);
    CERT_DestroyCertificate(certificate);
}

static void configure(PRFileDesc *ssl, char **words)
{
    set_option(ssl, SSL_SECURITY, PR_TRUE);
    set_option(ssl, SSL_ENABLE_SESSION_TICKETS, PR_TRUE);
    limit_version(ssl, peer_option(words, "version", "1.3"));
    limit_suite(ssl, peer_option(words, "suite", NULL));
    limit_groups(ssl, peer_option(words, "groups", ""));
    set_alpn(ssl, peer_option(words, "alpn", NULL));
}

/* The socket that all connections of the server take their settings from. */
static PRFileDesc *make_model(char **words)
{
    PRFileDesc *ssl = SSL_ImportFD(NULL, PR_NewTCPSocket());
    configure(ssl, words);
    set_option(ssl, SSL_HANDSHAKE_AS_SERVER, PR_TRUE);
    if (peer_option(words, "client_auth", NULL) != NULL) {
        set_option(ssl, SSL_REQUEST_CERTIFICATE, PR_TRUE);
        set_option(ssl, SSL_REQUIRE_CERTIFICATE, SSL_REQUIRE_ALWAYS);
    }
    set_identity(ssl, peer_option(words, "nickname", ""));
    return ssl;
}

static void write_all(PRFileDesc *ssl, const char *data, PRInt32 len)
{
    while (len > 0) {
        PRInt32 count = PR_Write(ssl, data, len);
        if (count <= 0) {
            return;
        }
        data += count;
        len -= count;
    }
}

static void serve(PRFileDesc *ssl)
{
    char buffer[BUFFER_SIZE];
    PRInt32 count = 0;
    while ((count = PR_Read(ssl, buffer, sizeof(buffer))) > 0) {
        write_all(ssl, buffer, count);
    }
    fprintf(stderr, "end: %s\n", count == 0 ? "clean" : PORT_ErrorToName(PR_GetError()));
}

static PRFileDesc *listen_on(const char *port)
{
    PRFileDesc *listener = PR_NewTCPSocket();
    PRNetAddr address;
    PR_InitializeNetAddr(PR_IpAddrAny, (PRUint16)strtoul(port, NULL, 10), &address);
    if (PR_Bind(listener, &address) != PR_SUCCESS || PR_Listen(listener, 8) != PR_SUCCESS) {
        peer_fail("cannot listen", port);
    }
    return listener;
}

static void set_no_delay(PRFileDesc *tcp)
{
    PRSocketOptionData no_delay = {.option = PR_SockOpt_NoDelay, .value = {.no_delay = PR_TRUE}};
    PR_SetSocketOption(tcp, &no_delay);
}

static PRFileDesc *accept_next(PRFileDesc *listener)
{
    PRFileDesc *tcp = PR_Accept(listener, NULL, PR_INTERVAL_NO_TIMEOUT);
    if (tcp == NULL) {
        peer_fail("accept", PORT_ErrorToName(PR_GetError()));
    }
    set_no_delay(tcp);
    return tcp;
}

static _Noreturn void server(char **words)
{
    check(SSL_ConfigServerSessionIDCache(0, 0, 0, NULL), "session cache");
    PRFileDesc *model = make_model(words);
    PRFileDesc *listener = listen_on(peer_option(words, "listen", ""));
    const char *name = peer_option(words, "sni", NULL);
    while (true) {
        PRFileDesc *ssl = SSL_ImportFD(model, accept_next(listener));
        check(SSL_ResetHandshake(ssl, PR_TRUE), "reset");
        if (name != NULL) {
            SSL_SNISocketConfigHook(ssl, choose_name, (void *)name);
        }
        serve(ssl);
        PR_Shutdown(ssl, PR_SHUTDOWN_SEND);
        PR_Close(ssl);
    }
}

static PRFileDesc *connect_client(char **words)
{
    char address_text[64];
    snprintf(address_text, sizeof(address_text), "%s", peer_option(words, "connect", ""));
    char *port = strchr(address_text, ':');
    if (port == NULL) {
        peer_fail("no IP:PORT", address_text);
    }
    *port++ = '\0';
    PRNetAddr address;
    PR_StringToNetAddr(address_text, &address);
    address.inet.port = PR_htons((PRUint16)strtoul(port, NULL, 10));
    PRFileDesc *ssl = SSL_ImportFD(NULL, PR_NewTCPSocket());
    configure(ssl, words);
    set_option(ssl, SSL_HANDSHAKE_AS_CLIENT, PR_TRUE);
    set_no_delay(ssl);
    check(SSL_SetURL(ssl, peer_option(words, "name", "")), "name"); /* verified, and sent as SNI */
    const char *nickname = peer_option(words, "nickname", NULL);
    if (nickname != NULL) {
        SSL_GetClientAuthDataHook(ssl, NSS_GetClientAuthData, (void *)nickname);
    }
    if (PR_Connect(ssl, &address, PR_INTERVAL_NO_TIMEOUT) != PR_SUCCESS) {
        peer_fail("cannot connect", address_text);
    }
    check(SSL_ForceHandshake(ssl), "handshake");
    return ssl;
}

static void close_client(PRFileDesc *ssl, PRInt32 last_read)
{
    if (last_read < 0) {
        peer_fail("read", PORT_ErrorToName(PR_GetError()));
    }
    PR_Close(ssl);
}

/* Talks once, so that there is a session to resume. */
static void first_session(char **words)
{
    char buffer[64] = "ticket, please\n";
    PRFileDesc *ssl = connect_client(words);
    write_all(ssl, buffer, (PRInt32)strlen(buffer));
    PR_Shutdown(ssl, PR_SHUTDOWN_SEND);
    PRInt32 count = 0;
    while ((count = PR_Read(ssl, buffer, sizeof(buffer))) > 0) {
    }
    close_client(ssl, count);
}

/* Sends what comes on standard input, to its end, as a thread of its own. */
static void send_input(void *ssl)
{
    char buffer[BUFFER_SIZE];
    ssize_t count = 0;
    while ((count = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
        write_all(ssl, buffer, (PRInt32)count);
    }
    PR_Shutdown(ssl, PR_SHUTDOWN_SEND);
}

static int client(char **words)
{
    if (peer_option(words, "resume", NULL) != NULL) {
        first_session(words);
    }
    PRFileDesc *ssl = connect_client(words);
    PR_CreateThread(PR_SYSTEM_THREAD, send_input, ssl, PR_PRIORITY_NORMAL, PR_GLOBAL_THREAD,
                    PR_UNJOINABLE_THREAD, 0);
    char buffer[BUFFER_SIZE];
    PRInt32 count = 0;
    while ((count = PR_Read(ssl, buffer, sizeof(buffer))) > 0) {
        peer_put(buffer, count);
    }
    close_client(ssl, count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "version") == 0) {
        printf("NSS %s\n", NSS_GetVersion());
        return 0;
    }
    check(NSS_Init(peer_option(argv + 2, "database", "")), "database");
    check(NSS_SetDomesticPolicy(), "policy");
    if (strcmp(argv[1], "server") == 0) {
        server(argv + 2);
    }
    return client(argv + 2);
}
