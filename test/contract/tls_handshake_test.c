/* Handshakes that succeed: over every kind of wire, and what both sides then know. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

#define MESSAGE_LEN 3000

static uint8_t to_server[MESSAGE_LEN], to_client[MESSAGE_LEN];

/* Lets both sides say their messages and checks that all of it arrived, and a clean end. */
static void check_conversation(struct pair *pair)
{
    pattern_fill(to_server, MESSAGE_LEN, 1);
    pattern_fill(to_client, MESSAGE_LEN, 2);
    side_set_message(&pair->client, to_server, MESSAGE_LEN);
    side_set_message(&pair->server, to_client, MESSAGE_LEN);
    bool ended = pair_converse(pair);
    CHECK_TLS(pair->client.handshake.outcome, TLS_OK);
    CHECK_TLS(pair->server.handshake.outcome, TLS_OK);
    CHECK_TLS(pair->client.read.outcome, TLS_CLOSED);
    CHECK_TLS(pair->server.read.outcome, TLS_CLOSED);
    CHECK(ended);
    CHECK_TLS(pair->client.close.outcome, TLS_OK);
    CHECK_TLS(pair->server.close.outcome, TLS_OK);
    CHECK_INT(pair->client.received_len, MESSAGE_LEN);
    CHECK_INT(pair->server.received_len, MESSAGE_LEN);
    CHECK(memcmp(pair->client.received, to_client, MESSAGE_LEN) == 0);
    CHECK(memcmp(pair->server.received, to_server, MESSAGE_LEN) == 0);
    CHECK_TLS(tls_session_error(pair->client.session)->outcome, TLS_OK);
    CHECK_TLS(tls_session_error(pair->server.session)->outcome, TLS_OK);
}

/* Sets up the wire's faults for one conversation. */
typedef void wire_fault(struct wire *wire);

static void converse_over(wire_fault *fault)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        for (unsigned tickets = 0; tickets < 2; ++tickets) {
            contract_trying("%s tickets=%u", version->name, tickets);
            struct pair_config config = pair_config_version(version);
            config.client.tickets = tickets != 0;
            config.server.tickets = tickets != 0;
            struct pair pair;
            pair_open(&pair, &config);
            fault(&pair.wire);
            check_conversation(&pair);
            pair_close(&pair);
        }
    }
}

static void no_fault(struct wire *wire)
{
    (void)wire;
}

static void one_byte_reads(struct wire *wire)
{
    wire->to_server.receive_chunk = 1;
    wire->to_client.receive_chunk = 1;
}

static void one_byte_writes(struct wire *wire)
{
    wire->to_server.send_chunk = 1;
    wire->to_client.send_chunk = 1;
}

static void one_byte_room(struct wire *wire)
{
    wire->to_server.capacity = 1;
    wire->to_client.capacity = 1;
}

static void small_room(struct wire *wire)
{
    wire->to_server.capacity = 1 + contract_random(100);
    wire->to_client.capacity = 1 + contract_random(100);
}

static void want_at_every_call(struct wire *wire)
{
    wire->client.want_first = true;
    wire->server.want_first = true;
}

static void want_and_one_byte(struct wire *wire)
{
    want_at_every_call(wire);
    one_byte_room(wire);
}

static void late_delivery(struct wire *wire)
{
    wire->to_server.delayed = true;
    wire->to_client.delayed = true;
}

static void test_plain(void)
{
    converse_over(no_fault);
}

static void test_one_byte_reads(void)
{
    converse_over(one_byte_reads);
}

static void test_one_byte_writes(void)
{
    converse_over(one_byte_writes);
}

static void test_one_byte_room(void)
{
    converse_over(one_byte_room);
}

static void test_small_room(void)
{
    converse_over(small_room);
}

static void test_want_at_every_call(void)
{
    converse_over(want_at_every_call);
}

static void test_want_and_one_byte(void)
{
    converse_over(want_and_one_byte);
}

static void test_late_delivery(void)
{
    converse_over(late_delivery);
}

/* ---- What both sides know -----------------------------------------------------------------------
 */

static bool is_known_group(const char *group)
{
    return strcmp(group, "x25519") == 0 || strcmp(group, "secp256r1") == 0 ||
           strcmp(group, "secp384r1") == 0;
}

static void check_info(const struct pair *pair, const struct pair_version *version)
{
    struct tls_session_info client, server;
    CHECK(tls_session_info(pair->client.session, &client));
    CHECK(tls_session_info(pair->server.session, &server));
    CHECK_TEXT(client.version, version->name);
    CHECK_TEXT(server.version, version->name);
    CHECK_TEXT(client.cipher, server.cipher);
    CHECK(strncmp(client.cipher, "TLS_", 4) == 0);
    CHECK_TEXT(client.group, server.group);
    CHECK(is_known_group(client.group));
    CHECK_TEXT(client.alpn, "");
    CHECK_TEXT(server.alpn, "");
    CHECK(!client.resumed && !server.resumed);
}

static void check_info_is_empty(const struct tls_session *session)
{
    struct tls_session_info info;
    static const struct tls_session_info zero;
    memset(&info, 0x55, sizeof info);
    CHECK(!tls_session_info(session, &info));
    CHECK(info.version == zero.version && info.cipher == zero.cipher);
    CHECK(info.group == zero.group && info.alpn == zero.alpn && !info.resumed);
}

static void test_info(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open(&pair, &config);
        check_info_is_empty(pair.client.session);
        check_info_is_empty(pair.server.session);
        pair_shake(&pair);
        check_info(&pair, version);
        pair_close(&pair);
    }
}

static void test_handshake_again_is_ok(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    pair_open_and_shake(&pair, &config);
    size_t sent = pair.wire.to_server.sent_len;
    CHECK_TLS(side_handshake(&pair.client), TLS_OK);
    CHECK_TLS(side_handshake(&pair.server), TLS_OK);
    CHECK_INT(pair.wire.to_server.sent_len, sent);
    pair_close(&pair);
}

static void test_many_sessions_of_one_context(void)
{
    enum { COUNT = 8 };
    struct pair_config config = pair_config_default();
    struct pair pairs[COUNT];
    pair_open_contexts(&pairs[0], &config);
    for (unsigned i = 0; i < COUNT; ++i) {
        pairs[i].client_context = pairs[0].client_context;
        pairs[i].server_context = pairs[0].server_context;
        pair_open_sessions(&pairs[i], &config);
    }
    for (unsigned i = 0; i < COUNT; ++i) {
        contract_trying("session %u of %u", i, (unsigned)COUNT);
        check_conversation(&pairs[i]);
    }
    for (unsigned i = COUNT; i-- > 1;) {
        pair_close_sessions(&pairs[i]);
    }
    pair_close(&pairs[0]);
}

static void test_session_freed_at_any_time(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    pair_open(&pair, &config);
    pair_close(&pair);
    pair_open(&pair, &config);
    CHECK_TLS(side_handshake(&pair.client), TLS_WANT_READ);
    pair_close(&pair);
    tls_session_free(NULL);
    tls_context_close(NULL);
}

const struct contract_test tls_handshake_tests[] = {
    {"tls_handshake_plain", test_plain},
    {"tls_handshake_one_byte_reads", test_one_byte_reads},
    {"tls_handshake_one_byte_writes", test_one_byte_writes},
    {"tls_handshake_one_byte_room", test_one_byte_room},
    {"tls_handshake_small_room", test_small_room},
    {"tls_handshake_want_at_every_call", test_want_at_every_call},
    {"tls_handshake_want_and_one_byte", test_want_and_one_byte},
    {"tls_handshake_late_delivery", test_late_delivery},
    {"tls_handshake_info", test_info},
    {"tls_handshake_again_is_ok", test_handshake_again_is_ok},
    {"tls_handshake_many_sessions_of_one_context", test_many_sessions_of_one_context},
    {"tls_handshake_session_freed_at_any_time", test_session_freed_at_any_time},
    {0},
};
