/* Writes: OK means taken, whatever was pending before; much data arrives byte for byte. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

#include <stdlib.h>

#define PIECE_LEN 700

static uint8_t piece[PIECE_LEN], got[4 * PIECE_LEN];

/* All the peer can read of what the transport has taken so far. */
static size_t read_what_came(struct side *peer, size_t *total)
{
    size_t len;
    CHECK_TLS(side_read_all(peer, got, sizeof got, &len), TLS_WANT_READ);
    *total += len;
    return len;
}

/* Writes PIECE_LEN bytes over a wire that gives room byte by byte. Whenever a write is OK, its
 * bytes must be on the wire: the peer can read them although nothing more is ever sent. */
static void check_ok_means_taken(struct side *writer, struct side *peer)
{
    size_t written = 0;
    size_t arrived = 0;
    writer->end->out->send_limit = writer->end->out->sent_len;
    while (written < PIECE_LEN) {
        size_t count;
        enum tls_outcome outcome = side_write(writer, piece + written, PIECE_LEN - written, &count);
        if (outcome == TLS_WANT_WRITE) {
            ++writer->end->out->send_limit;
            continue;
        }
        CHECK_TLS(outcome, TLS_OK);
        written += count;
        read_what_came(peer, &arrived);
        CHECK_INT(arrived, written);
    }
    writer->end->out->send_limit = WIRE_NO_LIMIT;
}

static void test_ok_means_taken(void)
{
    pattern_fill(piece, PIECE_LEN, 3);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        contract_trying("%s, client writes", version->name);
        check_ok_means_taken(&pair.client, &pair.server);
        contract_trying("%s, server writes", version->name);
        check_ok_means_taken(&pair.server, &pair.client);
        pair_close(&pair);
    }
}

/* Runs the handshake with room for only so many bytes from the server; true if the server's
 * handshake is over all the same. */
static bool shake_with_room(struct pair *pair, size_t room)
{
    pair->wire.to_client.send_limit = room;
    pair_shake(pair);
    return pair->server.handshake.over;
}

/* Bytes the server sends in a handshake and on its own right after it: tickets. */
static size_t server_handshake_len(const struct pair_config *config)
{
    struct pair pair;
    size_t count;
    pair_open_and_shake(&pair, config);
    CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_WANT_READ);
    size_t len = pair.wire.to_client.sent_len;
    pair_close(&pair);
    return len;
}

/* The server's handshake is over but its tickets, or a part of them, are still to be sent: a write
 * must not be OK for having sent those. */
static void test_ok_means_taken_after_tickets(void)
{
    pattern_fill(piece, PIECE_LEN, 4);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = pair_config_version(version);
        config.client.tickets = config.server.tickets = true;
        size_t total = server_handshake_len(&config) + 16;
        struct contract_sweep sweep = contract_sweep(total);
        for (size_t room; contract_sweep_next(&sweep, &room);) {
            contract_trying("%s, room for %zu of %zu bytes", version->name, room, total);
            struct pair pair;
            pair_open(&pair, &config);
            if (shake_with_room(&pair, room)) {
                CHECK_TLS(pair.server.handshake.outcome, TLS_OK);
                CHECK_TLS(pair.client.handshake.outcome, TLS_OK);
                check_ok_means_taken(&pair.server, &pair.client);
            }
            pair_close(&pair);
        }
    }
}

/* ---- Much data ----------------------------------------------------------------------------------
 */

static void check_bulk(struct pair *pair, const struct pair_config *config, size_t len)
{
    uint8_t *up = malloc(len);
    uint8_t *down = malloc(len);
    CHECK(up != NULL && down != NULL);
    pattern_fill(up, len, 5);
    pattern_fill(down, len, 6);
    pair_open_sessions(pair, config);
    side_set_message(&pair->client, up, len);
    side_set_message(&pair->server, down, len);
    pair->client.read_cap = 1 + contract_random(20000);
    pair->server.read_cap = 1 + contract_random(20000);
    pair->wire.to_server.capacity = 1 + contract_random(40000);
    pair->wire.to_client.send_chunk = 1 + contract_random(40000);
    CHECK(pair_converse(pair));
    CHECK_INT(pair->server.received_len, len);
    CHECK_INT(pair->client.received_len, len);
    CHECK(memcmp(pair->server.received, up, len) == 0);
    CHECK(memcmp(pair->client.received, down, len) == 0);
    CHECK_TLS(pair->client.read.outcome, TLS_CLOSED);
    CHECK_TLS(pair->server.read.outcome, TLS_CLOSED);
    pair_close_sessions(pair);
    free(up);
    free(down);
}

static void test_bulk(void)
{
    /* around the largest record's plaintext, 16384, and well above */
    static const size_t lens[] = {1,     2,     1023,  16383,  16384,  16385,
                                  32768, 40000, 65537, 262144, 1000000};
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open_contexts(&pair, &config);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; ++i) {
            contract_trying("%s, %zu bytes each way", version->name, lens[i]);
            check_bulk(&pair, &config, lens[i]);
        }
        pair_close(&pair);
    }
}

static void run_bytewise(struct pair *pair, const uint8_t *message, size_t len)
{
    side_set_message(&pair->client, message, len);
    side_set_message(&pair->server, message, len);
    pair->wire.to_server.capacity = 1;
    pair->wire.to_client.send_chunk = 1;
    pair->wire.to_client.receive_chunk = 1;
    pair->server.read_cap = 1;
    CHECK(pair_converse(pair));
    CHECK_INT(pair->server.received_len, len);
    CHECK_INT(pair->client.received_len, len);
    CHECK(memcmp(pair->server.received, message, len) == 0);
    CHECK(memcmp(pair->client.received, message, len) == 0);
}

static void test_bulk_over_one_byte_transport(void)
{
    static uint8_t message[50000];
    pattern_fill(message, sizeof message, 7);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open(&pair, &config);
        run_bytewise(&pair, message, sizeof message);
        pair_close(&pair);
    }
}

/* Every suite order and both key types carry data. */
static void test_bulk_with_each_suite(void)
{
    static uint8_t message[40000];
    pattern_fill(message, sizeof message, 8);
    unsigned choices = contract_lacks("RSA") ? 2 : 4;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        for (unsigned i = 0; i < choices; ++i) {
            contract_trying("%s, choice %u", version->name, i);
            struct pair_config config = pair_config_version(version);
            config.server.suite_order = config.client.suite_order =
                (i & 1) != 0 ? TLS_SUITE_ORDER_CHACHA_FIRST : TLS_SUITE_ORDER_AES_FIRST;
            config.server_identity = (i & 2) != 0 ? IDENTITY(server_rsa) : IDENTITY(server);
            struct pair pair;
            pair_open(&pair, &config);
            side_set_message(&pair.client, message, sizeof message);
            CHECK(pair_converse(&pair));
            CHECK_INT(pair.server.received_len, sizeof message);
            CHECK(memcmp(pair.server.received, message, sizeof message) == 0);
            pair_close(&pair);
        }
    }
}

const struct contract_test tls_write_tests[] = {
    {"tls_write_ok_means_taken", test_ok_means_taken},
    {"tls_write_ok_means_taken_after_tickets", test_ok_means_taken_after_tickets},
    {"tls_write_bulk", test_bulk},
    {"tls_write_bulk_over_one_byte_transport", test_bulk_over_one_byte_transport},
    {"tls_write_bulk_with_each_suite", test_bulk_with_each_suite},
    {0},
};
