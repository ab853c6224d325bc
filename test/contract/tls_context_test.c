/* Contexts: what cannot become one, and the check of an own identity. */
#include "clock_double.h"
#include "contract.h"
#include "identities.h"
#include "pair.h"

static struct tls_error open_fails(const struct pair_config *config, enum tls_role role,
                                   enum tls_outcome expected)
{
    struct tls_context *context;
    struct tls_error error;
    enum tls_outcome outcome = role == TLS_SERVER
                                   ? pair_open_context(&config->server, &config->server_identity,
                                                       &config->server_trust, &context, &error)
                                   : pair_open_context(&config->client, &config->client_identity,
                                                       &config->client_trust, &context, &error);
    CHECK_TLS(outcome, expected);
    CHECK(context == NULL);
    return error;
}

static void test_key_mismatch(void)
{
    struct pair_config config = pair_config_default();
    config.server_identity.key = DER_SPAN(client_key);
    CHECK_INT(open_fails(&config, TLS_SERVER, TLS_UNTRUSTED).verify, TLS_VERIFY_KEY_MISMATCH);
    if (!contract_lacks("RSA")) {
        config.server_identity.key = DER_SPAN(server_rsa_key);
        CHECK_INT(open_fails(&config, TLS_SERVER, TLS_UNTRUSTED).verify, TLS_VERIFY_KEY_MISMATCH);
    }
    config.client_identity = IDENTITY(client);
    config.client_identity.key = DER_SPAN(server_key);
    CHECK_INT(open_fails(&config, TLS_CLIENT, TLS_UNTRUSTED).verify, TLS_VERIFY_KEY_MISMATCH);
}

static void test_missing_parts(void)
{
    struct pair_config config = pair_config_default();
    config.server_identity.chain_count = 0;
    (void)open_fails(&config, TLS_SERVER, TLS_MISUSE);
    config.client_trust.anchor_count = 0;
    (void)open_fails(&config, TLS_CLIENT, TLS_MISUSE);
    config = pair_config_default();
    config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
    (void)open_fails(&config, TLS_SERVER, TLS_MISUSE);
    config.server.peer_auth = TLS_PEER_AUTH_OPTIONAL;
    (void)open_fails(&config, TLS_SERVER, TLS_MISUSE);
}

static const uint8_t garbage_bytes[] = {0x30, 0x82, 0x01, 0x00, 0xff, 0xff, 0x00, 0x12};

static void check_does_not_parse(const char *what, struct tls_identity identity,
                                 struct tls_trust trust)
{
    contract_trying("%s", what);
    struct pair_config config = pair_config_default();
    config.server_identity = identity;
    config.server_trust = trust;
    config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
    (void)open_fails(&config, TLS_SERVER, TLS_FAILED);
}

static struct tls_span cut(struct tls_span span, size_t by)
{
    return (struct tls_span){.bytes = span.bytes, .len = span.len - by};
}

static void test_garbage(void)
{
    struct tls_span garbage = {.bytes = garbage_bytes, .len = sizeof garbage_bytes};
    struct tls_identity identity = IDENTITY(server);
    struct tls_trust trust = TRUST(ca);
    trust.anchors[0] = garbage;
    check_does_not_parse("a garbage anchor", identity, trust);
    trust.anchors[0] = cut(DER_SPAN(ca_cert), 1);
    check_does_not_parse("a cut anchor", identity, trust);
    trust = TRUST(ca);
    identity.chain[0] = garbage;
    check_does_not_parse("a garbage certificate", identity, trust);
    identity.chain[0] = cut(DER_SPAN(server_cert), 1);
    check_does_not_parse("a cut certificate", identity, trust);
    identity = IDENTITY_BELOW(server_below, intermediate);
    identity.chain[1] = garbage;
    check_does_not_parse("a garbage intermediate", identity, trust);
    identity = IDENTITY(server);
    identity.key = garbage;
    check_does_not_parse("a garbage key", identity, trust);
    identity.key = cut(DER_SPAN(server_key), 1);
    check_does_not_parse("a cut key", identity, trust);
}

static void test_error_may_be_null(void)
{
    struct pair_config config = pair_config_default();
    struct tls_context *context = (struct tls_context *)&config;
    config.server.identity = NULL;
    CHECK_TLS(tls_context_open(&config.server, &context, NULL), TLS_MISUSE);
    CHECK(context == NULL);
}

static void test_library_version(void)
{
    CHECK(tls_library_version() != NULL && tls_library_version()[0] != '\0');
}

static void test_sha256(void)
{
    /* "abc", FIPS 180-4 */
    static const uint8_t expected[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                         0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                         0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                         0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[32];
    CHECK(tls_sha256((const uint8_t *)"abc", 3, hash));
    CHECK(memcmp(hash, expected, sizeof hash) == 0);
}

/* ---- Identity check -----------------------------------------------------------------------------
 */

static enum tls_outcome identity_check(enum tls_role role, struct tls_identity identity,
                                       struct tls_trust trust, struct tls_identity_report *report)
{
    struct tls_error error;
    memset(report, 0x55, sizeof *report);
    return tls_identity_check(role, &identity, &trust, report, &error);
}

static void check_identity(const char *what, enum tls_role role, struct tls_identity identity,
                           unsigned expected)
{
    struct tls_identity_report report;
    contract_trying("%s", what);
    CHECK_TLS(identity_check(role, identity, TRUST(ca), &report), TLS_OK);
    CHECK_INT(report.verify, expected);
}

static void test_identity_good(void)
{
    struct tls_identity_report report;
    CHECK_TLS(identity_check(TLS_SERVER, IDENTITY(server), TRUST(ca), &report), TLS_OK);
    CHECK_INT(report.verify, 0);
    CHECK(strstr(report.subject, "CN=server") != NULL);
    CHECK_TEXT(report.not_before, "2024-01-01T00:00:00Z");
    CHECK_TEXT(report.not_after, "2034-01-01T00:00:00Z");
    CHECK_TEXT(report.key_type, "EC-P256");
    if (contract_lacks("RSA")) {
        CHECK_TLS(identity_check(TLS_SERVER, IDENTITY(server_rsa), TRUST(ca), &report), TLS_FAILED);
    } else {
        CHECK_TLS(identity_check(TLS_SERVER, IDENTITY(server_rsa), TRUST(ca), &report), TLS_OK);
        CHECK_INT(report.verify, 0);
        CHECK_TEXT(report.key_type, "RSA-2048");
    }
    check_identity("a client's", TLS_CLIENT, IDENTITY(client), 0);
    check_identity("a chain of two", TLS_SERVER, IDENTITY_BELOW(server_below, intermediate), 0);
}

static void test_identity_reasons(void)
{
    struct tls_identity mismatch = IDENTITY(server);
    mismatch.key = DER_SPAN(client_key);
    check_identity("another's key", TLS_SERVER, mismatch, TLS_VERIFY_KEY_MISMATCH);
    check_identity("unknown CA", TLS_CLIENT, IDENTITY(client_other), TLS_VERIFY_UNKNOWN_CA);
    if (!contract_lacks("RSA and SHA-1")) {
        check_identity("weak key", TLS_SERVER, IDENTITY(server_rsa1024), TLS_VERIFY_WEAK);
        check_identity("weak signature", TLS_SERVER, IDENTITY(server_sha1), TLS_VERIFY_WEAK);
    }
    check_identity("bad usage", TLS_SERVER, IDENTITY(server_bad_usage), TLS_VERIFY_BAD_USAGE);
    check_identity("bad usage", TLS_CLIENT, IDENTITY(client_bad_usage), TLS_VERIFY_BAD_USAGE);
    clock_double_set_wall(CLOCK_2040, CLOCK_SOURCE_SYSTEM);
    check_identity("expired", TLS_SERVER, IDENTITY(server), TLS_VERIFY_EXPIRED);
    clock_double_set_wall(CLOCK_2022, CLOCK_SOURCE_SYSTEM);
    check_identity("not yet valid", TLS_SERVER, IDENTITY(server), TLS_VERIFY_NOT_YET_VALID);
}

static void test_identity_does_not_parse(void)
{
    struct tls_identity_report report;
    struct tls_identity identity = IDENTITY_BELOW(server_below, intermediate);
    identity.chain[1] = cut(identity.chain[1], 1);
    CHECK_TLS(identity_check(TLS_SERVER, identity, TRUST(ca), &report), TLS_FAILED);
    CHECK_INT(report.certificate, 1);
    identity = IDENTITY(server);
    identity.key = cut(identity.key, 1);
    CHECK_TLS(identity_check(TLS_SERVER, identity, TRUST(ca), &report), TLS_FAILED);
    CHECK_INT(report.certificate, identity.chain_count);
}

const struct contract_test tls_context_tests[] = {
    {"tls_context_key_mismatch", test_key_mismatch},
    {"tls_context_missing_parts", test_missing_parts},
    {"tls_context_garbage", test_garbage},
    {"tls_context_error_may_be_null", test_error_may_be_null},
    {"tls_context_library_version", test_library_version},
    {"tls_context_sha256", test_sha256},
    {"tls_identity_good", test_identity_good},
    {"tls_identity_reasons", test_identity_reasons},
    {"tls_identity_does_not_parse", test_identity_does_not_parse},
    {0},
};
