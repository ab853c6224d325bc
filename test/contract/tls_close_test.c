/* Ends: clean, cut, reset or by alert, each told apart; a close that flushes; half-close. */
#include "contract.h"
#include "identities.h"
#include "pair.h"

static uint8_t buf[4096], data[1000];

/* Calls test(pair) with a fresh pair after its handshake, for each version. */
static void for_each_version(void (*test)(struct pair *pair))
{
    pattern_fill(data, sizeof data, 12);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = pair_config_version(version);
        struct pair pair;
        pair_open_and_shake(&pair, &config);
        test(&pair);
        pair_close(&pair);
    }
}

static enum tls_outcome read_once(struct side *side)
{
    size_t count;
    return side_read(side, buf, sizeof buf, &count);
}

static void check_data_came(struct side *side, enum tls_outcome then)
{
    size_t len;
    CHECK_TLS(side_read_all(side, buf, sizeof buf, &len), then);
    CHECK_INT(len, sizeof data);
    CHECK(memcmp(buf, data, sizeof data) == 0);
}

/* Once a stream has ended without close_notify no read may look like data, a want or a clean end.
 */
static void check_stays_ended(struct side *side, enum tls_outcome outcome)
{
    for (unsigned i = 0; i < 3; ++i) {
        CHECK_TLS(read_once(side), outcome);
    }
}

/* ---- How a stream ends --------------------------------------------------------------------------
 */

static void clean_end(struct pair *pair)
{
    side_write_all(&pair->client, data, sizeof data);
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    wire_end_stream(&pair->wire.client);
    check_data_came(&pair->server, TLS_CLOSED);
    check_stays_ended(&pair->server, TLS_CLOSED);
    CHECK_TLS(tls_session_error(pair->server.session)->outcome, TLS_OK);
}

static void cut_end(struct pair *pair)
{
    side_write_all(&pair->client, data, sizeof data);
    wire_end_stream(&pair->wire.client);
    check_data_came(&pair->server, TLS_TRUNCATED);
    check_stays_ended(&pair->server, TLS_TRUNCATED);
    CHECK_TLS(tls_session_error(pair->server.session)->outcome, TLS_TRUNCATED);
}

static void cut_at_once(struct pair *pair)
{
    wire_end_stream(&pair->wire.client);
    check_stays_ended(&pair->server, TLS_TRUNCATED);
}

static void reset_end(struct pair *pair)
{
    pair->wire.reset = true;
    check_stays_ended(&pair->server, TLS_RESET);
    CHECK_TLS(tls_session_error(pair->server.session)->outcome, TLS_RESET);
    enum tls_outcome outcome = side_close(&pair->server); /* nothing can be sent any more */
    CHECK(outcome == TLS_RESET || outcome == TLS_OK);
}

static void write_to_reset(struct pair *pair)
{
    size_t count;
    pair->wire.reset = true;
    CHECK_TLS(side_write(&pair->server, data, sizeof data, &count), TLS_RESET);
}

static void end_after_close_notify(struct pair *pair)
{
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    CHECK_TLS(read_once(&pair->server), TLS_CLOSED);
    wire_end_stream(&pair->wire.client);
    check_stays_ended(&pair->server, TLS_CLOSED);
    pair->wire.reset = true;
    check_stays_ended(&pair->server, TLS_CLOSED);
}

static void test_clean_end(void)
{
    for_each_version(clean_end);
}

static void test_cut_end(void)
{
    for_each_version(cut_end);
}

static void test_cut_at_once(void)
{
    for_each_version(cut_at_once);
}

static void test_reset(void)
{
    for_each_version(reset_end);
}

static void test_write_to_reset(void)
{
    for_each_version(write_to_reset);
}

static void test_end_after_close_notify_is_clean(void)
{
    for_each_version(end_after_close_notify);
}

static void cut_inside_close_notify(struct pair *pair)
{
    size_t before = pair->wire.to_server.sent_len;
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    size_t total = pair->wire.to_server.sent_len;
    pair->wire.to_server.cut_at = before + contract_random((uint32_t)(total - before));
    check_stays_ended(&pair->server, TLS_TRUNCATED);
}

static void test_cut_inside_close_notify(void)
{
    for_each_version(cut_inside_close_notify);
}

/* ---- Close --------------------------------------------------------------------------------------
 */

/* Gives room byte by byte until the close is OK. Returns the bytes that took. */
static size_t close_bytewise(struct side *side)
{
    size_t from = side->end->out->sent_len;
    side->end->out->send_limit = from;
    enum tls_outcome outcome;
    while ((outcome = side_close(side)) == TLS_WANT_WRITE) {
        CHECK(side->end->out->send_limit - from < 20000);
        ++side->end->out->send_limit;
    }
    CHECK_TLS(outcome, TLS_OK);
    return side->end->out->sent_len - from;
}

static void close_ok_means_taken(struct pair *pair)
{
    CHECK(close_bytewise(&pair->client) > 0);
    wire_end_stream(&pair->wire.client);
    CHECK_TLS(read_once(&pair->server), TLS_CLOSED);
}

static void close_again(struct pair *pair)
{
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    size_t sent = pair->wire.to_server.sent_len;
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    CHECK_TLS(side_close(&pair->client), TLS_OK);
    CHECK_INT(pair->wire.to_server.sent_len, sent);
}

/* A write that wanted, then close instead of its retry: nothing else was pending, so its bytes are
 * sealed and go first. */
static void close_flushes_data(struct pair *pair)
{
    size_t count;
    pair->wire.to_server.send_limit = pair->wire.to_server.sent_len + contract_random(200);
    CHECK_TLS(side_write(&pair->client, data, sizeof data, &count), TLS_WANT_WRITE);
    CHECK(close_bytewise(&pair->client) > 0);
    wire_end_stream(&pair->wire.client);
    check_data_came(&pair->server, TLS_CLOSED);
}

static void test_close_ok_means_taken(void)
{
    for_each_version(close_ok_means_taken);
}

static void test_close_again(void)
{
    for_each_version(close_again);
}

static void test_close_flushes_data(void)
{
    for_each_version(close_flushes_data);
}

/* The server still holds tickets, or part of them, when it closes. */
static void test_close_flushes_tickets(void)
{
    struct pair_config config = pair_config_default();
    config.client.tickets = config.server.tickets = true;
    for (size_t room = 0; room < 3000; room += 1 + contract_random(300)) {
        contract_trying("room for %zu bytes", room);
        struct pair pair;
        pair_open(&pair, &config);
        pair.wire.to_client.send_limit = room;
        pair_shake(&pair);
        if (pair.server.handshake.over) {
            close_bytewise(&pair.server);
            wire_end_stream(&pair.wire.server);
            CHECK_TLS(read_once(&pair.client), TLS_CLOSED);
        }
        pair_close(&pair);
    }
}

/* ---- Half-close ---------------------------------------------------------------------------------
 */

static void half_close(struct pair *pair, struct side *closes, struct side *goes_on)
{
    (void)pair;
    CHECK_TLS(side_close(closes), TLS_OK);
    CHECK_TLS(read_once(goes_on), TLS_CLOSED);
    side_write_all(goes_on, data, sizeof data);
    check_data_came(closes, TLS_WANT_READ);
    side_write_all(goes_on, data, sizeof data);
    CHECK_TLS(side_close(goes_on), TLS_OK);
    check_data_came(closes, TLS_CLOSED);
}

static void half_close_of_client(struct pair *pair)
{
    half_close(pair, &pair->client, &pair->server);
}

static void half_close_of_server(struct pair *pair)
{
    half_close(pair, &pair->server, &pair->client);
}

static void test_half_close(void)
{
    for_each_version(half_close_of_client);
    for_each_version(half_close_of_server);
}

/* ---- What is no TLS -----------------------------------------------------------------------------
 */

static void check_garbage(struct pair *pair, struct side *side, struct wire_end *from,
                          const uint8_t *bytes, size_t len)
{
    if (side == &pair->client) {
        CHECK_TLS(side_handshake(side), TLS_WANT_READ);
    }
    wire_inject(from, bytes, len);
    CHECK_TLS(side_handshake(side), TLS_FAILED);
    CHECK_TLS(side_close(side), TLS_OK);
}

static void test_plain_http(void)
{
    static const char request[] = "GET / HTTP/1.0\r\nHost: tls-echo.local\r\n\r\n";
    static const char answer[] = "HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    struct pair_config config = pair_config_default();
    struct pair pair;
    pair_open(&pair, &config);
    contract_trying("%s", "to the server");
    check_garbage(&pair, &pair.server, &pair.wire.client, (const uint8_t *)request,
                  sizeof request - 1);
    contract_trying("%s", "to the client");
    wire_drain(&pair.wire.client);
    pair_close_sessions(&pair);
    pair_open_sessions(&pair, &config);
    check_garbage(&pair, &pair.client, &pair.wire.server, (const uint8_t *)answer,
                  sizeof answer - 1);
    pair_close(&pair);
}

static bool is_end_of_garbage(enum tls_outcome outcome)
{
    return outcome == TLS_FAILED || outcome == TLS_ALERT || outcome == TLS_TRUNCATED;
}

/* Random bytes, half the time in a record that looks right. */
static void test_random_bytes(void)
{
    struct pair_config config = pair_config_default();
    struct pair pair;
    uint8_t bytes[300];
    pair_open_contexts(&pair, &config);
    for (unsigned i = 0; i < 200; ++i) {
        size_t len = 6 + contract_random(sizeof bytes - 6);
        for (size_t k = 0; k < len; ++k) {
            bytes[k] = (uint8_t)contract_random(256);
        }
        if (i % 2 == 0) {
            memcpy(bytes, (const uint8_t[]){22, 3, 1, 0, (uint8_t)(len - 5), 1}, 6);
        }
        contract_trying("%u: %zu bytes", i, len);
        pair_open_sessions(&pair, &config);
        wire_inject(&pair.wire.client, bytes, len);
        wire_end_stream(&pair.wire.client);
        CHECK(is_end_of_garbage(side_handshake(&pair.server)));
        CHECK_TLS(side_close(&pair.server), TLS_OK);
        pair_close_sessions(&pair);
    }
    pair_close(&pair);
}

const struct contract_test tls_close_tests[] = {
    {"tls_close_clean_end", test_clean_end},
    {"tls_close_cut_end_is_truncated", test_cut_end},
    {"tls_close_cut_at_once_is_truncated", test_cut_at_once},
    {"tls_close_cut_inside_close_notify_is_truncated", test_cut_inside_close_notify},
    {"tls_close_reset", test_reset},
    {"tls_close_write_to_reset", test_write_to_reset},
    {"tls_close_end_after_close_notify_is_clean", test_end_after_close_notify_is_clean},
    {"tls_close_ok_means_taken", test_close_ok_means_taken},
    {"tls_close_again_is_ok", test_close_again},
    {"tls_close_flushes_data", test_close_flushes_data},
    {"tls_close_flushes_tickets", test_close_flushes_tickets},
    {"tls_close_half_close", test_half_close},
    {"tls_close_plain_http", test_plain_http},
    {"tls_close_random_bytes", test_random_bytes},
    {0},
};
