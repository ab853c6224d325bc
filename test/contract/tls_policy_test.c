/* What is agreed on: versions, order of cipher suites, application protocols, server names. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

#define ALERT_PROTOCOL_VERSION 70
#define ALERT_NO_APPLICATION_PROTOCOL 120

static bool has_text(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static struct tls_session_info info_of(const struct side *side)
{
    struct tls_session_info info;
    CHECK(tls_session_info(side->session, &info));
    return info;
}

/* ---- Order of suites ----------------------------------------------------------------------------
 */

static void check_suite(enum tls_suite_order client, enum tls_suite_order server,
                        const char *expected)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s client order %d, server order %d", version->name, (int)client,
                        (int)server);
        struct pair_config config = pair_config_version(version);
        config.client.suite_order = client;
        config.server.suite_order = server;
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        CHECK(has_text(info_of(&pair.client).cipher, expected));
        CHECK(has_text(info_of(&pair.server).cipher, expected));
        pair_close(&pair);
    }
}

static void test_server_follows_the_client(void)
{
    check_suite(TLS_SUITE_ORDER_AES_FIRST, TLS_SUITE_ORDER_AES_FIRST, "AES");
    check_suite(TLS_SUITE_ORDER_CHACHA_FIRST, TLS_SUITE_ORDER_AES_FIRST, "CHACHA20");
}

static void test_server_prefers_chacha(void)
{
    check_suite(TLS_SUITE_ORDER_AES_FIRST, TLS_SUITE_ORDER_CHACHA_FIRST, "CHACHA20");
    check_suite(TLS_SUITE_ORDER_CHACHA_FIRST, TLS_SUITE_ORDER_CHACHA_FIRST, "CHACHA20");
}

/* ---- Versions -----------------------------------------------------------------------------------
 */

static void test_highest_version_is_chosen(void)
{
    static const enum tls_version versions[] = {TLS_VERSION_1_2, TLS_VERSION_1_3};
    for (unsigned i = 0; i < 4; ++i) {
        struct pair_config config = pair_config_default();
        config.client.min_version = versions[i % 2];
        config.server.min_version = versions[i / 2];
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        CHECK_TEXT(info_of(&pair.client).version, "TLSv1.3");
        pair_close(&pair);
    }
}

/* A ClientHello in a record (RFC 5246 section 7.4.1.2) that offers ECDHE suites with AES-GCM and
 * ChaCha20-Poly1305, three groups, ECDSA and RSA with SHA-256, and no supported_versions: the
 * highest version it knows is the one in the byte at CLIENT_HELLO_VERSION_AT. */
static const uint8_t client_hello[] = {
    0x16, 0x03, 0x01, 0x00, 0x62, /* record: handshake, 98 bytes */
    0x01, 0x00, 0x00, 0x5e,       /* ClientHello, 94 bytes */
    0x03, 0x03,                   /* client_version */
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
    0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
    0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x00,       /* no session_id */
    0x00, 0x0c, 0xc0, 0x2b, 0xc0, 0x2f,                         /* six suites */
    0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0x01, 0x00, /* no compression */
    0x00, 0x29,                                                 /* extensions, 41 bytes */
    0x00, 0x0a, 0x00, 0x08, 0x00, 0x06, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x18, /* groups */
    0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,                                     /* point formats */
    0x00, 0x0d, 0x00, 0x0a, 0x00, 0x08, 0x04, 0x03, 0x08, 0x04, 0x04, 0x01,
    0x05, 0x03, 0x00, 0x17, 0x00, 0x00, /* extended_master_secret */
    0xff, 0x01, 0x00, 0x01, 0x00,       /* renegotiation_info */
};

#define CLIENT_HELLO_VERSION_AT 10

/* Opens a server whose client has sent this ClientHello of version {3, minor}, and runs it. */
static void serve_hello(struct pair *pair, enum tls_version min_version, uint8_t minor)
{
    uint8_t hello[sizeof client_hello];
    memcpy(hello, client_hello, sizeof hello);
    hello[CLIENT_HELLO_VERSION_AT] = minor;
    struct pair_config config = pair_config_default();
    config.server.min_version = min_version;
    pair_open(pair, &config);
    wire_inject(&pair->wire.client, hello, sizeof hello);
    contract_trying("ClientHello of version 3.%u, min_version %d", minor, (int)min_version);
}

/* Fatal alerts before any key are two plain bytes in a record of type 21 (RFC 8446 section 6). */
static void check_alert_on_wire(const struct wire_direction *direction, uint8_t alert)
{
    CHECK_INT(direction->sent_len, 7);
    CHECK_INT(direction->bytes[0], 21);
    CHECK_INT(direction->bytes[5], 2);
    CHECK_INT(direction->bytes[6], alert);
}

static void check_hello_refused(enum tls_version min_version, uint8_t minor)
{
    struct pair pair;
    serve_hello(&pair, min_version, minor);
    CHECK_TLS(side_handshake(&pair.server), TLS_FAILED);
    CHECK_TLS(side_close(&pair.server), TLS_OK);
    check_alert_on_wire(&pair.wire.to_client, ALERT_PROTOCOL_VERSION);
    const struct tls_error *error = tls_session_error(pair.server.session);
    CHECK_INT(error->alert, ALERT_PROTOCOL_VERSION);
    CHECK(error->alert_sent);
    pair_close(&pair);
}

static void test_old_versions_are_refused(void)
{
    check_hello_refused(TLS_VERSION_1_2, 1);
    check_hello_refused(TLS_VERSION_1_2, 2);
    check_hello_refused(TLS_VERSION_1_3, 1);
    check_hello_refused(TLS_VERSION_1_3, 2);
    check_hello_refused(TLS_VERSION_1_3, 3);
}

static void test_tls_1_2_is_served(void)
{
    struct pair pair;
    if (contract_lacks("TLS 1.2")) {
        check_hello_refused(TLS_VERSION_1_2, 3);
        return;
    }
    serve_hello(&pair, TLS_VERSION_1_2, 3);
    CHECK_TLS(side_handshake(&pair.server), TLS_WANT_READ);
    const struct wire_direction *answer = &pair.wire.to_client;
    CHECK(answer->sent_len > 50);
    CHECK_INT(answer->bytes[0], 22); /* a handshake record ... */
    CHECK_INT(answer->bytes[5], 2);  /* ... with a ServerHello ... */
    CHECK_INT(answer->bytes[9], 3);  /* ... of version 3.3 */
    CHECK_INT(answer->bytes[10], 3);
    pair_close(&pair);
}

/* ---- ALPN (RFC 7301) ----------------------------------------------------------------------------
 */

static const char *const alpn_echo[] = {"echo", NULL};
static const char *const alpn_two[] = {"h2", "echo", NULL};
static const char *const alpn_other[] = {"http/1.1", NULL};

static void check_alpn(const char *const *client, const char *const *server, const char *expected)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s, expecting \"%s\"", version->name, expected);
        struct pair_config config = pair_config_version(version);
        config.client.alpn = client;
        config.server.alpn = server;
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        CHECK_TEXT(info_of(&pair.client).alpn, expected);
        CHECK_TEXT(info_of(&pair.server).alpn, expected);
        pair_close(&pair);
    }
}

static void test_alpn_agreed(void)
{
    check_alpn(alpn_echo, alpn_echo, "echo");
    check_alpn(alpn_two, alpn_echo, "echo");
    check_alpn(alpn_echo, alpn_two, "echo");
}

static void test_alpn_of_one_side_alone(void)
{
    check_alpn(NULL, alpn_echo, "");
    check_alpn(alpn_echo, NULL, "");
}

static void test_alpn_without_overlap_is_refused(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        config.client.alpn = alpn_other;
        config.server.alpn = alpn_two;
        struct pair pair;
        pair_open(&pair, &config);
        CHECK(pair_converse(&pair));
        CHECK_TLS(side_result(&pair.server), TLS_FAILED);
        CHECK_TLS(side_result(&pair.client), TLS_ALERT);
        CHECK_INT(tls_session_error(pair.client.session)->alert, ALERT_NO_APPLICATION_PROTOCOL);
        pair_close(&pair);
    }
}

/* ---- SNI (RFC 6066 section 3) -------------------------------------------------------------------
 */

static bool wire_has(const struct wire_direction *direction, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= direction->sent_len; ++i) {
        if (memcmp(direction->bytes + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

static void check_sni(const char *name, bool expected)
{
    contract_trying("server_name %s", name);
    struct pair_config config = pair_config_default();
    config.server_name = name;
    struct pair pair;
    pair_open(&pair, &config);
    CHECK_TLS(side_handshake(&pair.client), TLS_WANT_READ);
    CHECK(pair.wire.to_server.sent_len > 0);
    CHECK(wire_has(&pair.wire.to_server, name) == expected);
    pair_close(&pair);
}

static void test_sni_for_names_only(void)
{
    check_sni(SERVER_NAME, true);
    check_sni(SERVER_ADDRESS, false);
}

const struct contract_test tls_policy_tests[] = {
    {"tls_policy_server_follows_the_client", test_server_follows_the_client},
    {"tls_policy_server_prefers_chacha", test_server_prefers_chacha},
    {"tls_policy_highest_version_is_chosen", test_highest_version_is_chosen},
    {"tls_policy_old_versions_are_refused", test_old_versions_are_refused},
    {"tls_policy_tls_1_2_is_served", test_tls_1_2_is_served},
    {"tls_policy_alpn_agreed", test_alpn_agreed},
    {"tls_policy_alpn_of_one_side_alone", test_alpn_of_one_side_alone},
    {"tls_policy_alpn_without_overlap_is_refused", test_alpn_without_overlap_is_refused},
    {"tls_policy_sni_for_names_only", test_sni_for_names_only},
    {0},
};
