/* Certificates and a wall clock that is not set, is set late, or is set again. */
#include "clock_double.h"
#include "contract.h"
#include "identities.h"
#include "pair.h"
#include "tls_port.h"

static void set_clock(struct side *side, int64_t wall_s, enum clock_source source)
{
    side->wall_s = wall_s;
    side->wall_source = source;
}

static struct pair_config config_with_both_certificates(const struct pair_version *version)
{
    struct pair_config config = pair_config_version(version);
    config.client_identity = IDENTITY(client);
    config.server_trust = TRUST(ca);
    config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
    return config;
}

/* Both sides verify a certificate, by a clock that nobody has set. */
static void open_by_lower_bound(struct pair *pair, const struct pair_version *version,
                                int64_t lower_bound_s)
{
    struct pair_config config = config_with_both_certificates(version);
    pair_open(pair, &config);
    set_clock(&pair->client, lower_bound_s, CLOCK_SOURCE_LOWER_BOUND);
    set_clock(&pair->server, lower_bound_s, CLOCK_SOURCE_LOWER_BOUND);
}

static unsigned recheck_at(const struct side *side, int64_t wall_s)
{
    clock_double_set_wall(wall_s, CLOCK_SOURCE_SNTP);
    return tls_session_recheck(side->session);
}

/* ---- By a lower bound ---------------------------------------------------------------------------
 */

static void check_deferred(const struct side *side, unsigned expected)
{
    struct tls_peer_certificate peer;
    CHECK(tls_session_peer(side->session, &peer));
    CHECK_INT(peer.deferred, expected);
    CHECK_TEXT(peer.not_before, "2024-01-01T00:00:00Z");
    CHECK_TLS(side_result(side), TLS_OK);
    CHECK_INT(tls_session_error(side->session)->verify, 0);
}

static void test_not_yet_valid_is_deferred(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair pair;
        open_by_lower_bound(&pair, version, CLOCK_2022);
        pair_shake(&pair);
        check_deferred(&pair.client, TLS_VERIFY_NOT_YET_VALID);
        check_deferred(&pair.server, TLS_VERIFY_NOT_YET_VALID);
        CHECK(pair_converse(&pair));
        pair_close(&pair);
    }
}

static void test_nothing_to_defer(void)
{
    struct pair pair;
    open_by_lower_bound(&pair, &pair_versions[0], CLOCK_2030);
    pair_shake(&pair);
    check_deferred(&pair.client, 0);
    check_deferred(&pair.server, 0);
    pair_close(&pair);
}

/* It can only be later than the lower bound. */
static void test_expired_is_expired(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair pair;
        open_by_lower_bound(&pair, version, CLOCK_2040);
        CHECK(pair_converse(&pair));
        CHECK_TLS(side_result(&pair.client), TLS_UNTRUSTED);
        CHECK_INT(tls_session_error(pair.client.session)->verify, TLS_VERIFY_EXPIRED);
        pair_close(&pair);
    }
}

/* Deferred is the date alone. */
static void test_other_reasons_still_count(void)
{
    struct pair_config config = pair_config_default();
    config.server_name = "other.example";
    struct pair pair;
    pair_open(&pair, &config);
    set_clock(&pair.client, CLOCK_2022, CLOCK_SOURCE_LOWER_BOUND);
    pair_shake(&pair);
    CHECK_TLS(side_result(&pair.client), TLS_UNTRUSTED);
    CHECK_INT(tls_session_error(pair.client.session)->verify, TLS_VERIFY_WRONG_NAME);
    pair_close(&pair);
}

/* ---- Once it is set -----------------------------------------------------------------------------
 */

static void test_sessions_are_judged_again(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair pair;
        open_by_lower_bound(&pair, version, CLOCK_2022);
        pair_shake(&pair);
        const struct side *sides[] = {&pair.client, &pair.server};
        for (size_t i = 0; i < 2; ++i) {
            contract_trying("%s, %s", version->name, sides[i]->name);
            CHECK_INT(recheck_at(sides[i], CLOCK_2030), 0);
            CHECK_INT(recheck_at(sides[i], CLOCK_2022), TLS_VERIFY_NOT_YET_VALID);
            CHECK_INT(recheck_at(sides[i], CLOCK_2040), TLS_VERIFY_EXPIRED);
            CHECK_INT(recheck_at(sides[i], CLOCK_2030), 0);
        }
        CHECK(pair_converse(&pair)); /* the verdict is the caller's to carry out */
        pair_close(&pair);
    }
}

static void test_no_certificate_no_dates(void)
{
    struct pair pair;
    struct pair_config config = pair_config_default();
    pair_open_and_shake(&pair, &config);
    CHECK_INT(recheck_at(&pair.server, CLOCK_2040), 0);
    CHECK_INT(recheck_at(&pair.client, CLOCK_2040), TLS_VERIFY_EXPIRED);
    pair_close(&pair);
}

static unsigned recheck_context_at(struct tls_context *context, int64_t wall_s)
{
    clock_double_set_wall(wall_s, CLOCK_SOURCE_SNTP);
    return tls_context_recheck(context);
}

static void check_context(struct tls_context *context)
{
    CHECK_INT(recheck_context_at(context, CLOCK_2030), 0);
    CHECK_INT(recheck_context_at(context, CLOCK_2022), TLS_VERIFY_NOT_YET_VALID);
    CHECK_INT(recheck_context_at(context, CLOCK_2040), TLS_VERIFY_EXPIRED);
}

static void test_identities_are_judged_again(void)
{
    struct pair_config config = config_with_both_certificates(&pair_versions[0]);
    config.client.tickets = config.server.tickets = true;
    struct pair pair;
    pair_open_contexts(&pair, &config);
    check_context(pair.client_context);
    check_context(pair.server_context);
    pair_close(&pair);
    config.client_identity = (struct tls_identity){.chain_count = 0};
    config.server.peer_auth = TLS_PEER_AUTH_NONE;
    pair_open_contexts(&pair, &config);
    CHECK_INT(recheck_context_at(pair.client_context, CLOCK_2040), 0);
    pair_close(&pair);
}

const struct contract_test tls_clock_tests[] = {
    {"tls_clock_not_yet_valid_is_deferred", test_not_yet_valid_is_deferred},
    {"tls_clock_nothing_to_defer", test_nothing_to_defer},
    {"tls_clock_expired_is_expired", test_expired_is_expired},
    {"tls_clock_other_reasons_still_count", test_other_reasons_still_count},
    {"tls_clock_sessions_are_judged_again", test_sessions_are_judged_again},
    {"tls_clock_no_certificate_no_dates", test_no_certificate_no_dates},
    {"tls_clock_identities_are_judged_again", test_identities_are_judged_again},
    {0},
};
