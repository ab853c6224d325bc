/* Transports that tell what they can give and take: a want names its number of bytes, and what was
 * read can be written back at once. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

#include <stdlib.h>

#define RECORD_LEN 3000

static uint8_t sent[RECORD_LEN], got[TLS_CONTENT_MAX], echoed[TLS_CONTENT_MAX];

static struct pair_config telling_config(const struct pair_version *version)
{
    struct pair_config config = pair_config_version(version);
    config.client.tickets = config.server.tickets = true;
    config.wire_tells = true;
    return config;
}

/* ---- Much data ----------------------------------------------------------------------------------
 */

static void check_bulk(struct pair *pair, const struct pair_config *config, size_t len)
{
    uint8_t *bytes = malloc(len);
    CHECK(bytes != NULL);
    pattern_fill(bytes, len, 21);
    pair_open_sessions(pair, config);
    side_set_message(&pair->client, bytes, len);
    side_set_message(&pair->server, bytes, len);
    pair->client.read_cap = 1 + contract_random(20000);
    pair->server.read_cap = 1 + contract_random(20000);
    pair->wire.to_server.capacity = TLS_RECORD_MAX_LEN + contract_random(20000);
    pair->wire.to_client.capacity = TLS_RECORD_MAX_LEN;
    pair->wire.to_server.delayed = pair->wire.to_client.delayed = contract_random(2) != 0;
    CHECK(pair_converse(pair));
    CHECK_INT(pair->server.received_len, len);
    CHECK_INT(pair->client.received_len, len);
    CHECK(memcmp(pair->server.received, bytes, len) == 0);
    CHECK(memcmp(pair->client.received, bytes, len) == 0);
    pair_close_sessions(pair);
    free(bytes);
}

static void test_bulk(void)
{
    static const size_t lens[] = {1, 16383, 16384, 16385, 200000};
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = telling_config(version);
        struct pair pair;
        pair_open_contexts(&pair, &config);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; ++i) {
            contract_trying("%s, %zu bytes each way", version->name, lens[i]);
            check_bulk(&pair, &config, lens[i]);
        }
        pair_close(&pair);
    }
}

/* ---- What a want is for -------------------------------------------------------------------------
 */

/* The bytes of one record come one by one. A read that has not what it wants must take nothing, one
 * that has it must get on. */
static void check_wants_of_reads(struct side *reader, struct side *writer)
{
    struct wire_direction *in = reader->end->in;
    size_t count;
    in->receive_limit = in->sent_len;
    side_write_all(writer, sent, RECORD_LEN);
    enum tls_outcome outcome = side_read(reader, got, sizeof got, &count);
    while (outcome == TLS_WANT_READ) {
        ++in->receive_limit;
        CHECK(in->receive_limit <= in->sent_len);
        bool ready = wire_is_readable(reader->end, tls_want_len(reader->session));
        size_t before = in->received_len;
        outcome = side_read(reader, got, sizeof got, &count);
        CHECK(ready == (in->received_len > before));
    }
    CHECK_TLS(outcome, TLS_OK);
    in->receive_limit = WIRE_NO_LIMIT;
}

/* The same for the room that a write needs. */
static void check_wants_of_writes(struct side *writer)
{
    struct wire_direction *out = writer->end->out;
    size_t count;
    out->send_limit = out->sent_len;
    enum tls_outcome outcome = side_write(writer, sent, RECORD_LEN, &count);
    while (outcome == TLS_WANT_WRITE) {
        ++out->send_limit;
        bool ready = wire_is_writable(writer->end, tls_want_len(writer->session));
        size_t before = out->sent_len;
        outcome = side_write(writer, sent, RECORD_LEN, &count);
        CHECK(ready == (out->sent_len > before));
    }
    CHECK_TLS(outcome, TLS_OK);
    out->send_limit = WIRE_NO_LIMIT;
}

static void test_want_len(void)
{
    pattern_fill(sent, sizeof sent, 22);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = telling_config(version);
        struct pair pair;
        size_t len;
        pair_open_and_shake(&pair, &config);
        CHECK_TLS(side_read_all(&pair.client, got, sizeof got, &len), TLS_WANT_READ); /* tickets */
        contract_trying("%s, reads", version->name);
        check_wants_of_reads(&pair.server, &pair.client);
        check_wants_of_reads(&pair.client, &pair.server);
        contract_trying("%s, writes", version->name);
        check_wants_of_writes(&pair.client);
        check_wants_of_writes(&pair.server);
        pair_close(&pair);
    }
}

/* ---- An echo that keeps nothing -----------------------------------------------------------------
 */

/* Reads what may be read, and writes it back: that must never want. Returns the number of bytes. */
static size_t echo_turn(struct side *server)
{
    size_t len = 0;
    enum tls_outcome outcome = TLS_OK;
    while (outcome == TLS_OK && len < sizeof echoed) {
        size_t count;
        outcome = side_read(server, echoed + len, sizeof echoed - len, &count);
        len += count;
    }
    CHECK(outcome == TLS_OK || outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE);
    side_write_all(server, echoed, len);
    return len;
}

/* What the client has to send, and how far it is. */
struct upload {
    const uint8_t *bytes;
    size_t len, written_len;
    size_t piece_len; /* of the write that is under way; 0: none */
};

static void upload_some(struct side *client, struct upload *upload)
{
    size_t count;
    size_t left = upload->len - upload->written_len;
    if (upload->piece_len == 0) {
        size_t most = 1 + contract_random(20000);
        upload->piece_len = left < most ? left : most;
    }
    if (left > 0) {
        enum tls_outcome outcome =
            side_write(client, upload->bytes + upload->written_len, upload->piece_len, &count);
        CHECK(outcome == TLS_OK || outcome == TLS_WANT_WRITE);
        upload->written_len += count;
        upload->piece_len = outcome == TLS_OK ? 0 : upload->piece_len;
    }
}

/* The client sends all it can and reads now and then. */
static void check_echo(struct pair *pair, const uint8_t *bytes, size_t len)
{
    struct upload upload = {.bytes = bytes, .len = len};
    size_t read_len = 0;
    for (unsigned rounds = 0; read_len < len; ++rounds) {
        size_t count;
        CHECK(rounds < 100000);
        upload_some(&pair->client, &upload);
        (void)echo_turn(&pair->server);
        if (contract_random(3) == 0 &&
            side_read(&pair->client, got, sizeof got, &count) == TLS_OK) {
            CHECK(memcmp(got, bytes + read_len, count) == 0);
            read_len += count;
        }
    }
    CHECK_INT(read_len, len);
}

static void test_echo(void)
{
    static uint8_t bytes[300000];
    pattern_fill(bytes, sizeof bytes, 23);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = telling_config(version);
        struct pair pair;
        config.reads_need_room = true;
        pair_open(&pair, &config);
        pair.wire.to_server.capacity = 100000;
        pair.wire.to_client.capacity = TLS_RECORD_MAX_LEN + 500;
        pair_shake(&pair);
        check_echo(&pair, bytes, sizeof bytes);
        pair_close(&pair);
    }
}

/* Without room nothing is read; with room for as much again it is. */
static void test_no_room(void)
{
    pattern_fill(sent, sizeof sent, 24);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = telling_config(version);
        struct pair pair;
        size_t count;
        config.reads_need_room = true;
        pair_open_and_shake(&pair, &config);
        side_write_all(&pair.client, sent, sizeof sent);
        struct wire_direction *out = &pair.wire.to_client;
        for (size_t room = 0; room < sizeof sent; room += 100) {
            contract_trying("%s, room for %zu bytes", version->name, room);
            out->send_limit = out->sent_len + room;
            CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_WANT_WRITE);
            CHECK(!wire_is_writable(&pair.wire.server, tls_want_len(pair.server.session)));
        }
        out->send_limit = out->sent_len + tls_want_len(pair.server.session);
        CHECK_TLS(side_read(&pair.server, got, sizeof got, &count), TLS_OK);
        CHECK_INT(count, sizeof sent);
        CHECK_TLS(side_write(&pair.server, got, count, &count), TLS_OK);
        CHECK_INT(count, sizeof sent);
        pair_close(&pair);
    }
}

const struct contract_test tls_room_tests[] = {
    {"tls_room_bulk", test_bulk},
    {"tls_room_want_len", test_want_len},
    {"tls_room_echo", test_echo},
    {"tls_room_no_room", test_no_room},
    {0},
};
