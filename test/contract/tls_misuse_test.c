/* Misuse is caught, says so, and changes nothing. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

static uint8_t buf[64];

/* The session still works after what was tried with it. */
static void check_still_works(struct pair *pair)
{
    static const uint8_t message[] = "still works";
    side_set_message(&pair->client, message, sizeof message);
    CHECK(pair_converse(pair));
    CHECK_TLS(pair->client.close.outcome, TLS_OK);
    CHECK_TLS(pair->server.read.outcome, TLS_CLOSED);
    CHECK_INT(pair->server.received_len, sizeof message);
    CHECK(memcmp(pair->server.received, message, sizeof message) == 0);
}

static void check_all_misuse(struct side *side)
{
    size_t count;
    CHECK_TLS(side_read(side, buf, sizeof buf, &count), TLS_MISUSE);
    CHECK_TLS(side_write(side, buf, sizeof buf, &count), TLS_MISUSE);
}

static void test_before_handshake(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    pair_open(&pair, &config);
    check_all_misuse(&pair.client);
    check_all_misuse(&pair.server);
    CHECK_TLS(side_handshake(&pair.client), TLS_WANT_READ);
    check_all_misuse(&pair.client);
    check_still_works(&pair);
    pair_close(&pair);
}

static void test_zero_len(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    size_t count;
    pair_open_and_shake(&pair, &config);
    CHECK_TLS(side_read(&pair.client, buf, 0, &count), TLS_MISUSE);
    size_t sent = pair.wire.to_server.sent_len;
    CHECK_TLS(side_write(&pair.client, buf, 0, &count), TLS_MISUSE);
    CHECK_INT(pair.wire.to_server.sent_len, sent);
    check_still_works(&pair);
    pair_close(&pair);
}

static void test_write_after_close(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    size_t count;
    pair_open_and_shake(&pair, &config);
    CHECK_TLS(side_close(&pair.client), TLS_OK);
    size_t sent = pair.wire.to_server.sent_len;
    CHECK_TLS(side_write(&pair.client, buf, sizeof buf, &count), TLS_MISUSE);
    CHECK_INT(pair.wire.to_server.sent_len, sent);
    pair_close(&pair);
}

static void test_write_after_close_that_wants(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    size_t count;
    pair_open_and_shake(&pair, &config);
    pair.wire.to_server.send_limit = pair.wire.to_server.sent_len;
    CHECK_TLS(side_close(&pair.client), TLS_WANT_WRITE);
    CHECK_TLS(side_write(&pair.client, buf, sizeof buf, &count), TLS_MISUSE);
    pair.wire.to_server.send_limit = WIRE_NO_LIMIT;
    CHECK_TLS(side_close(&pair.client), TLS_OK);
    CHECK_TLS(side_read(&pair.server, buf, sizeof buf, &count), TLS_CLOSED);
    pair_close(&pair);
}

static void test_missing_server_name(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    pair_open(&pair, &config);
    struct tls_session_config session = {.transport = &pair.wire.client.transport};
    struct tls_session *out = (struct tls_session *)&session;
    CHECK_TLS(tls_session_open(pair.client_context, &session, &out), TLS_MISUSE);
    pair_close(&pair);
}

static void test_export_misuse(void)
{
    struct pair_config config = pair_config_default();
    config.client.tickets = config.server.tickets = true;
    struct pair pair;
    size_t len;
    static uint8_t ticket[TLS_EXPORT_MAX];
    pair_open(&pair, &config);
    CHECK_TLS(tls_session_export(pair.client.session, ticket, sizeof ticket, &len), TLS_MISUSE);
    pair_shake(&pair);
    CHECK_TLS(tls_session_export(pair.server.session, ticket, sizeof ticket, &len), TLS_MISUSE);
    check_still_works(&pair);
    pair_close(&pair);
}

/* ---- The write rule -----------------------------------------------------------------------------
 */

static uint8_t first[1000], second[1000];

/* A client whose write of first wants room. */
static void open_with_wanting_write(struct pair *pair, const struct pair_version *version)
{
    struct pair_config config = pair_config_version(version);
    size_t count;
    pattern_fill(first, sizeof first, 1);
    pattern_fill(second, sizeof second, 2);
    pair_open_and_shake(pair, &config);
    pair->wire.to_server.send_limit = pair->wire.to_server.sent_len + contract_random(20);
    CHECK_TLS(side_write(&pair->client, first, sizeof first, &count), TLS_WANT_WRITE);
}

static void check_write_is_misuse(struct pair *pair, const uint8_t *bytes, size_t len)
{
    size_t count;
    size_t sent = pair->wire.to_server.sent_len;
    CHECK_TLS(side_write(&pair->client, bytes, len, &count), TLS_MISUSE);
    CHECK_INT(pair->wire.to_server.sent_len, sent);
}

static void check_right_retry_works(struct pair *pair)
{
    size_t count, len;
    static uint8_t got[sizeof first + 1];
    CHECK_TLS(side_write(&pair->client, first, sizeof first, &count), TLS_OK);
    side_write_all(&pair->client, first + count, sizeof first - count);
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    CHECK_TLS(side_read_all(&pair->server, got, sizeof got, &len), TLS_CLOSED);
    CHECK_INT(len, sizeof first);
    CHECK(memcmp(got, first, sizeof first) == 0);
}

static void test_write_rule(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair pair;
        open_with_wanting_write(&pair, version);
        check_write_is_misuse(&pair, second, sizeof second);
        check_write_is_misuse(&pair, first, sizeof first - 1);
        check_write_is_misuse(&pair, first + 1, sizeof first - 1);
        check_write_is_misuse(&pair, first, 1);
        pair.wire.to_server.send_limit = WIRE_NO_LIMIT;
        check_write_is_misuse(&pair, second, sizeof second); /* with room it is wrong as well */
        check_write_is_misuse(&pair, first, sizeof first - 1);
        check_right_retry_works(&pair);
        pair_close(&pair);
    }
}

/* A read between a wanting write and its retry takes nothing away from it. */
static void test_read_between_write_and_retry(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair pair;
        size_t count;
        open_with_wanting_write(&pair, version);
        side_write_all(&pair.server, second, sizeof second);
        CHECK_TLS(side_read(&pair.client, buf, sizeof buf, &count), TLS_OK);
        CHECK(memcmp(buf, second, count) == 0);
        pair.wire.to_server.send_limit = WIRE_NO_LIMIT;
        check_right_retry_works(&pair);
        pair_close(&pair);
    }
}

const struct contract_test tls_misuse_tests[] = {
    {"tls_misuse_before_handshake", test_before_handshake},
    {"tls_misuse_zero_len", test_zero_len},
    {"tls_misuse_write_after_close", test_write_after_close},
    {"tls_misuse_write_after_close_that_wants", test_write_after_close_that_wants},
    {"tls_misuse_missing_server_name", test_missing_server_name},
    {"tls_misuse_export", test_export_misuse},
    {"tls_misuse_write_rule", test_write_rule},
    {"tls_misuse_read_between_write_and_retry", test_read_between_write_and_retry},
    {0},
};
