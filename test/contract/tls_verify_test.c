/* Certificates: which are accepted, which are refused, with which reason, and what the peer learns.
 */
#include "clock_double.h"
#include "contract.h"
#include "identities.h"
#include "pair.h"
#include "tls_port.h"

/* AlertDescription, RFC 8446 section 6.2 */
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_CERTIFICATE_EXPIRED 45
#define ALERT_UNKNOWN_CA 48
#define ALERT_CERTIFICATE_REQUIRED 116

/* One way in which a certificate can be bad, and what must come of it. */
struct refusal {
    const char *what;
    const char *server_name;
    struct tls_identity identity; /* of the side that is refused */
    const struct tls_trust *trust;
    int64_t wall_s;
    unsigned verify; /* exactly these bits, unless several_ok */
    bool several_ok; /* at least one of them, and none else */
    int alert;       /* TLS_NO_ALERT: any about certificates */
};

/* handshake_failure, those about certificates (41 is of SSL 3.0), certificate_required */
static bool is_certificate_alert(int alert)
{
    return (alert >= ALERT_HANDSHAKE_FAILURE && alert <= ALERT_UNKNOWN_CA) ||
           alert == ALERT_CERTIFICATE_REQUIRED;
}

static void check_verify_bits(unsigned verify, const struct refusal *refusal)
{
    if (refusal->several_ok) {
        CHECK((verify & refusal->verify) != 0);
        CHECK_INT(verify & ~refusal->verify, 0);
    } else {
        CHECK_INT(verify, refusal->verify);
    }
}

/* One side has refused the other's certificate and closed: both must know, by the same alert. */
static void check_both_know(const struct side *refuser, const struct side *refused,
                            const struct refusal *refusal)
{
    CHECK_TLS(side_result(refuser), TLS_UNTRUSTED);
    const struct tls_error *ours = tls_session_error(refuser->session);
    check_verify_bits(ours->verify, refusal);
    CHECK(ours->alert_sent);
    CHECK(is_certificate_alert(ours->alert));
    if (refusal->alert != TLS_NO_ALERT) {
        CHECK_INT(ours->alert, refusal->alert);
    }
    CHECK_TLS(side_result(refused), TLS_ALERT);
    const struct tls_error *theirs = tls_session_error(refused->session);
    CHECK(!theirs->alert_sent);
    CHECK_INT(theirs->alert, ours->alert);
}

/* Only the refuser's calls see this clock: its own certificate stays good for the other. */
static void set_clock(struct side *refuser, const struct refusal *refusal)
{
    if (refusal->wall_s != 0) {
        refuser->wall_s = refusal->wall_s;
    }
}

static void check_server_refused(const struct refusal *refusal)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s, server with %s", version->name, refusal->what);
        struct pair_config config = pair_config_version(version);
        config.server_identity = refusal->identity;
        config.client_trust = refusal->trust != NULL ? *refusal->trust : TRUST(ca);
        config.server_name = refusal->server_name != NULL ? refusal->server_name : SERVER_NAME;
        struct pair pair;
        pair_open(&pair, &config);
        set_clock(&pair.client, refusal);
        bool ended = pair_converse(&pair);
        check_both_know(&pair.client, &pair.server, refusal);
        CHECK(ended);
        pair_close(&pair);
    }
}

/* In TLS 1.3 the client's handshake is over before the server has seen its certificate. */
static void check_client_refused(const struct refusal *refusal)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s, client with %s", version->name, refusal->what);
        struct pair_config config = pair_config_version(version);
        config.client_identity = refusal->identity;
        config.server_trust = refusal->trust != NULL ? *refusal->trust : TRUST(ca);
        config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
        struct pair pair;
        pair_open(&pair, &config);
        set_clock(&pair.server, refusal);
        bool ended = pair_converse(&pair);
        CHECK_TLS(pair.client.handshake.outcome, version->is_1_2 ? TLS_ALERT : TLS_OK);
        check_both_know(&pair.server, &pair.client, refusal);
        CHECK(ended);
        pair_close(&pair);
    }
}

/* ---- The server's certificate -------------------------------------------------------------------
 */

static void test_expired(void)
{
    check_server_refused(&(struct refusal){.what = "an expired certificate",
                                           .identity = IDENTITY(server),
                                           .wall_s = CLOCK_2040,
                                           .verify = TLS_VERIFY_EXPIRED,
                                           .alert = ALERT_CERTIFICATE_EXPIRED});
}

static void test_not_yet_valid(void)
{
    check_server_refused(&(struct refusal){.what = "a certificate not yet valid",
                                           .identity = IDENTITY(server),
                                           .wall_s = CLOCK_2022,
                                           .verify = TLS_VERIFY_NOT_YET_VALID,
                                           .alert = TLS_NO_ALERT});
}

static void test_unknown_ca(void)
{
    struct tls_trust other = TRUST(other_ca);
    check_server_refused(&(struct refusal){.what = "an unknown CA",
                                           .identity = IDENTITY(server),
                                           .trust = &other,
                                           .verify = TLS_VERIFY_UNKNOWN_CA,
                                           .alert = ALERT_UNKNOWN_CA});
}

static void test_missing_intermediate(void)
{
    check_server_refused(&(struct refusal){.what = "a chain without its intermediate",
                                           .identity = IDENTITY(server_below),
                                           .verify = TLS_VERIFY_UNKNOWN_CA,
                                           .alert = ALERT_UNKNOWN_CA});
}

static void test_leaf_is_no_ca(void)
{
    check_server_refused(
        &(struct refusal){.what = "a certificate signed by one that is no CA",
                          .identity = IDENTITY_BELOW(server_below_leaf, server),
                          .verify = TLS_VERIFY_UNKNOWN_CA | TLS_VERIFY_BAD_USAGE | TLS_VERIFY_OTHER,
                          .several_ok = true,
                          .alert = TLS_NO_ALERT});
}

static void check_wrong_name(const char *what, struct tls_identity identity, const char *name)
{
    check_server_refused(&(struct refusal){.what = what,
                                           .identity = identity,
                                           .server_name = name,
                                           .verify = TLS_VERIFY_WRONG_NAME,
                                           .alert = TLS_NO_ALERT});
}

static void test_wrong_name(void)
{
    check_wrong_name("another name", IDENTITY(server), "other.example");
    check_wrong_name("only a part of the name", IDENTITY(server), "local");
    check_wrong_name("a name below", IDENTITY(server), "a." SERVER_NAME);
}

static void test_wrong_address(void)
{
    check_wrong_name("another address", IDENTITY(server), "198.18.0.9");
}

static void test_no_fallback_to_common_name(void)
{
    check_wrong_name("the name as CN alone", IDENTITY(server_cn_only), "cn-only.example");
}

static void test_address_in_dns_san_is_no_address(void)
{
    check_wrong_name("the address as a DNS name", IDENTITY(server_dns_ip), SERVER_ADDRESS);
}

static void test_weak_key(void)
{
    if (contract_lacks("RSA")) {
        return;
    }
    check_server_refused(&(struct refusal){.what = "RSA of 1024 bits",
                                           .identity = IDENTITY(server_rsa1024),
                                           .verify = TLS_VERIFY_WEAK,
                                           .alert = TLS_NO_ALERT});
}

static void test_weak_signature(void)
{
    if (contract_lacks("SHA-1")) {
        return;
    }
    check_server_refused(&(struct refusal){.what = "a signature with SHA-1",
                                           .identity = IDENTITY(server_sha1),
                                           .verify = TLS_VERIFY_WEAK,
                                           .alert = TLS_NO_ALERT});
}

/* A server that refuses to show such a certificate at all is as good: then no client is fooled, and
 * it says why itself. */
static bool server_refuses_itself(struct tls_identity identity)
{
    struct pair_config config = pair_config_default();
    config.server_identity = identity;
    struct pair pair;
    pair_open(&pair, &config);
    bool ended = pair_converse(&pair);
    bool refuses = side_result(&pair.server) == TLS_FAILED;
    CHECK(ended);
    CHECK(pair.client.handshake.outcome != TLS_OK);
    pair_close(&pair);
    return refuses;
}

static void test_bad_usage(void)
{
    if (server_refuses_itself(IDENTITY(server_bad_usage))) {
        contract_remark("%s", "the server does not use such a certificate: clients not tested");
        return;
    }
    check_server_refused(&(struct refusal){.what = "a certificate for clients only",
                                           .identity = IDENTITY(server_bad_usage),
                                           .verify = TLS_VERIFY_BAD_USAGE,
                                           .alert = TLS_NO_ALERT});
}

static void test_two_reasons(void)
{
    check_server_refused(&(struct refusal){.what = "an expired certificate for another name",
                                           .identity = IDENTITY(server),
                                           .server_name = "other.example",
                                           .wall_s = CLOCK_2040,
                                           .verify = TLS_VERIFY_EXPIRED | TLS_VERIFY_WRONG_NAME,
                                           .several_ok = true,
                                           .alert = TLS_NO_ALERT});
}

/* ---- Certificates that must be accepted ---------------------------------------------------------
 */

static void check_accepted(const char *what, struct tls_identity identity, const char *name)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s, %s", version->name, what);
        struct pair_config config = pair_config_version(version);
        config.server_identity = identity;
        config.server_name = name;
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        pair_close(&pair);
    }
}

static void test_accepted(void)
{
    check_accepted("the name", IDENTITY(server), SERVER_NAME);
    check_accepted("the second name", IDENTITY(server), SERVER_OTHER_NAME);
    check_accepted("the name in capitals", IDENTITY(server), "TLS-Echo.LOCAL");
    check_accepted("the address", IDENTITY(server), SERVER_ADDRESS);
    check_accepted("the second address", IDENTITY(server), "127.0.0.1");
    if (!contract_lacks("RSA")) {
        check_accepted("RSA", IDENTITY(server_rsa), SERVER_NAME);
    }
    check_accepted("a chain of two", IDENTITY_BELOW(server_below, intermediate), SERVER_NAME);
}

static void test_second_anchor(void)
{
    struct pair_config config = pair_config_default();
    config.client_trust = (struct tls_trust){
        .anchors = {DER_SPAN(other_ca_cert), DER_SPAN(ca_cert)}, .anchor_count = 2};
    struct pair pair;
    pair_open_and_shake(&pair, &config);
    pair_close(&pair);
}

/* ---- The client's certificate -------------------------------------------------------------------
 */

static void test_client_unknown_ca(void)
{
    check_client_refused(&(struct refusal){.what = "an unknown CA",
                                           .identity = IDENTITY(client_other),
                                           .verify = TLS_VERIFY_UNKNOWN_CA,
                                           .alert = ALERT_UNKNOWN_CA});
}

static void test_client_expired(void)
{
    check_client_refused(&(struct refusal){.what = "an expired certificate",
                                           .identity = IDENTITY(client),
                                           .wall_s = CLOCK_2040,
                                           .verify = TLS_VERIFY_EXPIRED,
                                           .alert = ALERT_CERTIFICATE_EXPIRED});
}

static void test_client_bad_usage(void)
{
    check_client_refused(&(struct refusal){.what = "a certificate for servers only",
                                           .identity = IDENTITY(client_bad_usage),
                                           .verify = TLS_VERIFY_BAD_USAGE,
                                           .alert = TLS_NO_ALERT});
}

static void test_client_missing(void)
{
    check_client_refused(&(struct refusal){
        .what = "no certificate", .verify = TLS_VERIFY_MISSING, .alert = TLS_NO_ALERT});
}

static void check_client_accepted(enum tls_peer_auth auth, struct tls_identity identity,
                                  bool expect_peer)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s peer_auth %d, %zu certificates", version->name, (int)auth,
                        identity.chain_count);
        struct pair_config config = pair_config_version(version);
        config.client_identity = identity;
        config.server_trust = TRUST(ca);
        config.server.peer_auth = auth;
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        struct tls_peer_certificate peer;
        CHECK(tls_session_peer(pair.server.session, &peer) == expect_peer);
        CHECK(pair_converse(&pair));
        CHECK_TLS(pair.client.read.outcome, TLS_CLOSED);
        CHECK_TLS(pair.server.read.outcome, TLS_CLOSED);
        pair_close(&pair);
    }
}

static void test_client_accepted(void)
{
    struct tls_identity none = {.chain_count = 0};
    check_client_accepted(TLS_PEER_AUTH_REQUIRED, IDENTITY(client), true);
    if (!contract_lacks("RSA")) {
        check_client_accepted(TLS_PEER_AUTH_REQUIRED, IDENTITY(client_rsa), true);
    }
    check_client_accepted(TLS_PEER_AUTH_OPTIONAL, IDENTITY(client), true);
    check_client_accepted(TLS_PEER_AUTH_OPTIONAL, none, false);
    check_client_accepted(TLS_PEER_AUTH_NONE, IDENTITY(client), false);
    check_client_accepted(TLS_PEER_AUTH_NONE, none, false);
}

static void test_client_optional_but_bad(void)
{
    struct pair_config config = pair_config_default();
    config.client_identity = IDENTITY(client_other);
    config.server_trust = TRUST(ca);
    config.server.peer_auth = TLS_PEER_AUTH_OPTIONAL;
    struct pair pair;
    pair_open(&pair, &config);
    CHECK(pair_converse(&pair));
    CHECK_TLS(side_result(&pair.server), TLS_UNTRUSTED);
    CHECK_TLS(side_result(&pair.client), TLS_ALERT);
    pair_close(&pair);
}

/* ---- What is known of the peer's certificate ----------------------------------------------------
 */

static void check_peer_is_empty(const struct tls_session *session)
{
    struct tls_peer_certificate peer;
    static const struct tls_peer_certificate zero;
    memset(&peer, 0x55, sizeof peer);
    CHECK(!tls_session_peer(session, &peer));
    CHECK(memcmp(&peer, &zero, sizeof peer) == 0);
}

static void check_peer(const struct tls_session *session, const char *name, struct tls_span der)
{
    struct tls_peer_certificate peer;
    uint8_t hash[32];
    char common_name[64] = "CN=";
    strcat(common_name, name);
    CHECK(tls_session_peer(session, &peer));
    CHECK(strstr(peer.subject, common_name) != NULL);
    CHECK(strstr(peer.subject, "O=TLS echo contract") != NULL);
    CHECK(strstr(peer.issuer, "CN=ca") != NULL);
    CHECK_TEXT(peer.not_after, "2034-01-01T00:00:00Z");
    CHECK(tls_sha256(der.bytes, der.len, hash));
    CHECK(memcmp(hash, peer.sha256, sizeof hash) == 0);
}

static void test_peer_certificate(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        config.client_identity = IDENTITY(client);
        config.server_trust = TRUST(ca);
        config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
        struct pair pair;
        pair_open(&pair, &config);
        check_peer_is_empty(pair.client.session);
        check_peer_is_empty(pair.server.session);
        pair_shake(&pair);
        check_peer(pair.client.session, "server", DER_SPAN(server_cert));
        check_peer(pair.server.session, "client", DER_SPAN(client_cert));
        pair_close(&pair);
    }
}

static void test_peer_certificate_after_refusal(void)
{
    struct pair_config config = pair_config_default();
    config.server_name = "other.example";
    struct pair pair;
    pair_open(&pair, &config);
    pair_shake(&pair);
    CHECK_TLS(side_result(&pair.client), TLS_UNTRUSTED);
    check_peer(pair.client.session, "server", DER_SPAN(server_cert));
    pair_close(&pair);
}

/* A certificate of our own is described as the peer of a session would see it. */
static void test_describe(void)
{
    struct tls_span der = DER_SPAN(server_cert);
    struct tls_span cut = {der.bytes, der.len - 1};
    struct tls_span none = {der.bytes, 0};
    struct tls_peer_certificate info, peer;
    static const struct tls_peer_certificate zero;
    struct pair_config config = pair_config_default();
    struct pair pair;
    CHECK(tls_certificate_describe(&der, &info));
    CHECK_TEXT(info.not_after, "2034-01-01T00:00:00Z");
    CHECK_INT(strlen(info.not_before), strlen(info.not_after));
    CHECK(strcmp(info.not_before, info.not_after) < 0);
    pair_open(&pair, &config);
    pair_shake(&pair);
    CHECK(tls_session_peer(pair.client.session, &peer));
    CHECK(memcmp(&info, &peer, sizeof info) == 0);
    pair_close(&pair);
    CHECK(!tls_certificate_describe(&cut, &info));
    CHECK(memcmp(&info, &zero, sizeof info) == 0);
    CHECK(!tls_certificate_describe(&none, &info));
    CHECK(memcmp(&info, &zero, sizeof info) == 0);
}

const struct contract_test tls_verify_tests[] = {
    {"tls_verify_accepted", test_accepted},
    {"tls_verify_second_anchor", test_second_anchor},
    {"tls_verify_expired", test_expired},
    {"tls_verify_not_yet_valid", test_not_yet_valid},
    {"tls_verify_unknown_ca", test_unknown_ca},
    {"tls_verify_missing_intermediate", test_missing_intermediate},
    {"tls_verify_leaf_is_no_ca", test_leaf_is_no_ca},
    {"tls_verify_wrong_name", test_wrong_name},
    {"tls_verify_wrong_address", test_wrong_address},
    {"tls_verify_no_fallback_to_common_name", test_no_fallback_to_common_name},
    {"tls_verify_address_in_dns_san_is_no_address", test_address_in_dns_san_is_no_address},
    {"tls_verify_weak_key", test_weak_key},
    {"tls_verify_weak_signature", test_weak_signature},
    {"tls_verify_bad_usage", test_bad_usage},
    {"tls_verify_two_reasons", test_two_reasons},
    {"tls_verify_client_accepted", test_client_accepted},
    {"tls_verify_client_optional_but_bad", test_client_optional_but_bad},
    {"tls_verify_client_unknown_ca", test_client_unknown_ca},
    {"tls_verify_client_expired", test_client_expired},
    {"tls_verify_client_bad_usage", test_client_bad_usage},
    {"tls_verify_client_missing", test_client_missing},
    {"tls_verify_peer_certificate", test_peer_certificate},
    {"tls_verify_peer_certificate_after_refusal", test_peer_certificate_after_refusal},
    {"tls_verify_describe", test_describe},
    {0},
};
