/* Bytes that the library holds: has_input says exactly when a read can go on without the transport,
 * so that an event loop neither sleeps on data nor spins without. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

#define RECORD_LEN 500
#define RECORD_COUNT 5

#define HEADER_LEN 5

static uint8_t sent[RECORD_LEN * RECORD_COUNT], got[RECORD_LEN * RECORD_COUNT];

/* Nothing more comes from the transport until open_gate. */
static void close_gate(struct side *side)
{
    side->end->in->receive_limit = side->end->in->received_len;
}

static void open_gate(struct side *side)
{
    side->end->in->receive_limit = WIRE_NO_LIMIT;
}

/* With the gate closed: reads as long as has_input says so, each read must move on. Then the
 * library must hold nothing more. Returns the number of bytes read. */
static size_t read_what_is_held(struct side *side, size_t len, size_t read_cap)
{
    close_gate(side);
    for (unsigned calls = 0; tls_has_input(side->session); ++calls) {
        size_t count;
        CHECK(calls < 2 * sizeof sent);
        enum tls_outcome outcome = side_read(
            side, got + len, read_cap < sizeof got - len ? read_cap : sizeof got - len, &count);
        CHECK(outcome == TLS_OK || outcome == TLS_WANT_READ);
        len += count;
        if (len == sizeof got) {
            break;
        }
    }
    if (len < sizeof got) {
        size_t count;
        CHECK_TLS(side_read(side, got + len, 1, &count), TLS_WANT_READ);
    }
    return len;
}

/* Reads everything, letting the gate open for one read at a time as an event loop would. */
static void read_all_through_gate(struct side *side, size_t read_cap)
{
    size_t len = 0;
    while (len < sizeof sent) {
        size_t count;
        open_gate(side);
        CHECK_TLS(side_read(side, got + len,
                            read_cap < sizeof got - len ? read_cap : sizeof got - len, &count),
                  TLS_OK);
        len = read_what_is_held(side, len + count, read_cap);
    }
    open_gate(side);
    CHECK(memcmp(got, sent, sizeof sent) == 0);
}

static void write_records(struct side *side)
{
    pattern_fill(sent, sizeof sent, 9);
    for (size_t i = 0; i < RECORD_COUNT; ++i) {
        side_write_all(side, sent + i * RECORD_LEN, RECORD_LEN);
    }
}

static void check_input(const struct pair_version *version, size_t read_cap, bool tickets)
{
    contract_trying("%s, reads of %zu, tickets=%d", version->name, read_cap, tickets);
    struct pair_config config = pair_config_version(version);
    config.client.tickets = config.server.tickets = tickets;
    struct pair pair;
    pair_open_and_shake(&pair, &config);
    write_records(&pair.server);
    read_all_through_gate(&pair.client, read_cap);
    write_records(&pair.client);
    read_all_through_gate(&pair.server, read_cap);
    CHECK(!tls_has_input(pair.server.session));
    pair_close(&pair);
}

static void test_exact(void)
{
    static const size_t caps[] = {1, 10, RECORD_LEN - 1, RECORD_LEN, RECORD_LEN + 1, sizeof sent};
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        for (size_t i = 0; i < sizeof caps / sizeof caps[0]; ++i) {
            check_input(version, caps[i], false);
            check_input(version, caps[i], true);
        }
    }
}

/* Of a record that has come in part, has_input must not say anything: a read cannot go on. But from
 * the end of its header on it is begun, as long as it is not complete. */
static void test_part_of_a_record(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        size_t before = pair.wire.to_server.sent_len;
        pattern_fill(sent, RECORD_LEN, 10);
        side_write_all(&pair.client, sent, RECORD_LEN);
        size_t total = pair.wire.to_server.sent_len;
        size_t count;
        for (size_t len = before; len < total; ++len) {
            contract_trying("%s, %zu of %zu bytes have come", version->name, len - before,
                            total - before);
            pair.wire.to_server.receive_limit = len;
            CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_WANT_READ);
            CHECK(!tls_has_input(pair.server.session));
            CHECK(tls_record_is_begun(pair.server.session) == (len - before >= HEADER_LEN));
        }
        open_gate(&pair.server);
        CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_OK);
        CHECK_INT(count, RECORD_LEN);
        CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_WANT_READ);
        CHECK(!tls_record_is_begun(pair.server.session));
        pair_close(&pair);
    }
}

static void test_nothing_there(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    size_t count;
    pair_open_and_shake(&pair, &config);
    CHECK_TLS(side_read(&pair.client, got, sizeof got, &count), TLS_WANT_READ);
    CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_WANT_READ);
    CHECK(!tls_has_input(pair.client.session));
    CHECK(!tls_has_input(pair.server.session));
    pair_close(&pair);
}

/* Data that came in one piece with the end of the peer's handshake. */
static void test_data_right_behind_the_handshake(void)
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        config.client.tickets = config.server.tickets = true;
        struct pair pair;
        pair_open(&pair, &config);
        pair.wire.to_server.delayed = pair.wire.to_client.delayed = true;
        pattern_fill(sent, sizeof sent, 11);
        side_set_message(&pair.client, sent, sizeof sent);
        side_set_message(&pair.server, sent, sizeof sent);
        pair.client.read_cap = pair.server.read_cap = 7;
        CHECK(pair_converse(&pair));
        CHECK_INT(pair.client.received_len, sizeof sent);
        CHECK_INT(pair.server.received_len, sizeof sent);
        pair_close(&pair);
    }
}

const struct contract_test tls_input_tests[] = {
    {"tls_input_exact", test_exact},
    {"tls_input_part_of_a_record", test_part_of_a_record},
    {"tls_input_nothing_there", test_nothing_there},
    {"tls_input_data_right_behind_the_handshake", test_data_right_behind_the_handshake},
    {0},
};
