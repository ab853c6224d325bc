/* One fault at every place of a conversation in turn: the stream cut at each byte, reset in each
 * call, one bit flipped in each byte. Every end is typed, nobody waits for ever, nothing leaks. */
#include "contract.h"
#include "identities.h"
#include "memory_port.h"
#include "pair.h"

#define MESSAGE_LEN 300

/* A library with caches of its own fills one now and then; what leaks does so at every point. */
#define CACHE_FILLS_MAX 8

static uint8_t to_server[MESSAGE_LEN], to_client[MESSAGE_LEN];

/* What is swept: the same conversation again and again, each time with another fault. */
struct scenario {
    const char *name;
    struct pair_config config;
    struct pair pair;
    size_t to_server_len, to_client_len;         /* bytes sent without a fault */
    size_t client_call_count, server_call_count; /* transport calls without a fault */
    size_t blocks;                               /* memory in use without sessions */
    unsigned cache_fills;
};

static void begin(struct scenario *scenario)
{
    struct pair *pair = &scenario->pair;
    pair_open_sessions(pair, &scenario->config);
    side_set_message(&pair->client, to_server, MESSAGE_LEN);
    side_set_message(&pair->server, to_client, MESSAGE_LEN);
}

static void check_only_true_data(const struct side *side, const uint8_t *expected)
{
    CHECK(side->received_len <= MESSAGE_LEN);
    CHECK(memcmp(side->received, expected, side->received_len) == 0);
    if (side->read.outcome == TLS_CLOSED) {
        CHECK_INT(side->received_len, MESSAGE_LEN);
    }
}

/* Some of OpenSSL's error paths fetch an algorithm that no path before them needed, and keep it. */
static void check_blocks(struct scenario *scenario)
{
    size_t blocks = memory_block_count();
    if (contract_options.lenient_memory && blocks > scenario->blocks &&
        scenario->cache_fills < CACHE_FILLS_MAX) {
        scenario->cache_fills++;
        scenario->blocks = blocks;
    }
    CHECK_BLOCKS(scenario->blocks);
}

/* Ends the conversation and checks what holds after every fault. */
static void end(struct scenario *scenario)
{
    struct pair *pair = &scenario->pair;
    check_only_true_data(&pair->client, to_client);
    check_only_true_data(&pair->server, to_server);
    pair_close_sessions(pair);
    check_blocks(scenario);
}

static void measure(struct scenario *scenario)
{
    const struct pair *pair = &scenario->pair;
    contract_trying("%s, no fault", scenario->name);
    begin(scenario);
    CHECK(pair_converse(&scenario->pair));
    CHECK_TLS(pair->client.read.outcome, TLS_CLOSED);
    CHECK_TLS(pair->server.read.outcome, TLS_CLOSED);
    scenario->to_server_len = pair->wire.to_server.sent_len;
    scenario->to_client_len = pair->wire.to_client.sent_len;
    scenario->client_call_count = pair->wire.client.call_count;
    scenario->server_call_count = pair->wire.server.call_count;
    pair_close_sessions(&scenario->pair);
    scenario->blocks = memory_block_count();
}

static void run_scenario(const struct pair_version *version, bool mutual, bool wire_tells,
                         void (*sweep)(struct scenario *scenario))
{
    struct scenario scenario = {.config = pair_config_version(version)};
    scenario.name = version->name;
    scenario.config.wire_tells = wire_tells;
    scenario.config.client.tickets = scenario.config.server.tickets = true;
    if (mutual) {
        scenario.config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
        scenario.config.server_trust = TRUST(ca);
        scenario.config.client_identity = IDENTITY(client);
    }
    pattern_fill(to_server, MESSAGE_LEN, 13);
    pattern_fill(to_client, MESSAGE_LEN, 14);
    pair_open_contexts(&scenario.pair, &scenario.config);
    measure(&scenario);
    sweep(&scenario);
    pair_close(&scenario.pair);
}

static void run_all(void (*sweep)(struct scenario *scenario))
{
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        run_scenario(version, false, false, sweep);
        run_scenario(version, true, false, sweep);
        run_scenario(version, true, true, sweep);
    }
}

/* ---- End of stream at every byte offset ---------------------------------------------------------
 */

/* The receiver of the cut stream: it has seen the cut, or had all that matters before it. */
static void check_receiver_of_cut(const struct side *side)
{
    enum tls_outcome result = side_result(side);
    bool was_complete = side->handshake.outcome == TLS_OK && side->read.outcome == TLS_CLOSED;
    if (!was_complete) {
        CHECK_TLS(result, TLS_TRUNCATED);
    }
}

/* Its peer: finishes, or learns by alert or by the end of the stream. */
static void check_sender_of_cut(const struct side *side)
{
    enum tls_outcome result = side_result(side);
    CHECK(result == TLS_OK || result == TLS_ALERT || result == TLS_TRUNCATED);
}

static void cut(struct scenario *scenario, bool at_server, size_t offset, size_t total)
{
    contract_trying("%s, %s's stream cut at byte %zu of %zu", scenario->name,
                    at_server ? "client" : "server", offset, total);
    struct pair *pair = &scenario->pair;
    begin(scenario);
    (at_server ? &pair->wire.to_server : &pair->wire.to_client)->cut_at = offset;
    bool ended = pair_converse(pair);
    check_receiver_of_cut(at_server ? &pair->server : &pair->client);
    check_sender_of_cut(at_server ? &pair->client : &pair->server);
    CHECK(ended);
    end(scenario);
}

static void cut_everywhere(struct scenario *scenario)
{
    struct contract_sweep sweep = contract_sweep(scenario->to_server_len);
    for (size_t offset; contract_sweep_next(&sweep, &offset);) {
        cut(scenario, true, offset, scenario->to_server_len);
    }
    sweep = contract_sweep(scenario->to_client_len);
    for (size_t offset; contract_sweep_next(&sweep, &offset);) {
        cut(scenario, false, offset, scenario->to_client_len);
    }
}

static void test_end_of_stream(void)
{
    run_all(cut_everywhere);
}

/* ---- Reset in every call ------------------------------------------------------------------------
 */

static bool is_reset_or_done(const struct side *side)
{
    enum tls_outcome result = side_result(side);
    return result == TLS_RESET || (result == TLS_OK && side->read.outcome == TLS_CLOSED);
}

static void reset(struct scenario *scenario, bool at_server, size_t call, size_t total)
{
    contract_trying("%s, reset in call %zu of %zu of the %s", scenario->name, call, total,
                    at_server ? "server" : "client");
    struct pair *pair = &scenario->pair;
    begin(scenario);
    (at_server ? &pair->wire.server : &pair->wire.client)->reset_at_call = call;
    bool ended = pair_converse(pair);
    CHECK(is_reset_or_done(&pair->client));
    CHECK(is_reset_or_done(&pair->server));
    CHECK(ended);
    end(scenario);
}

static void reset_everywhere(struct scenario *scenario)
{
    struct contract_sweep sweep = contract_sweep(scenario->client_call_count);
    for (size_t call; contract_sweep_next(&sweep, &call);) {
        reset(scenario, false, call, scenario->client_call_count);
    }
    sweep = contract_sweep(scenario->server_call_count);
    for (size_t call; contract_sweep_next(&sweep, &call);) {
        reset(scenario, true, call, scenario->server_call_count);
    }
}

static void test_reset(void)
{
    run_all(reset_everywhere);
}

/* ---- One bit flipped in every byte --------------------------------------------------------------
 */

static bool is_typed_end(const struct side *side)
{
    enum tls_outcome result = side_result(side);
    return result == TLS_FAILED || result == TLS_ALERT || result == TLS_TRUNCATED ||
           result == TLS_UNTRUSTED || result == TLS_RESET;
}

/* A flipped length may make a side wait for bytes that never come: that is for a deadline above to
 * end. Otherwise one side fails. Never is wrong data given out: see end. */
static void flip(struct scenario *scenario, bool at_server, size_t offset, size_t total)
{
    contract_trying("%s, bit flipped in byte %zu of %zu from the %s", scenario->name, offset, total,
                    at_server ? "client" : "server");
    struct pair *pair = &scenario->pair;
    begin(scenario);
    (at_server ? &pair->wire.to_server : &pair->wire.to_client)->flip_at = offset;
    bool ended = pair_converse(pair);
    if (ended) {
        bool was_harmless =
            side_result(&pair->client) == TLS_OK && side_result(&pair->server) == TLS_OK;
        CHECK(was_harmless || is_typed_end(&pair->client) || is_typed_end(&pair->server));
    }
    end(scenario);
}

static void flip_everywhere(struct scenario *scenario)
{
    struct contract_sweep sweep = contract_sweep(scenario->to_server_len);
    for (size_t offset; contract_sweep_next(&sweep, &offset);) {
        flip(scenario, true, offset, scenario->to_server_len);
    }
    sweep = contract_sweep(scenario->to_client_len);
    for (size_t offset; contract_sweep_next(&sweep, &offset);) {
        flip(scenario, false, offset, scenario->to_client_len);
    }
}

static void test_flipped_bit(void)
{
    run_all(flip_everywhere);
}

/* ---- Sessions given up at every call ------------------------------------------------------------
 */

/* Both sessions are freed after so many bytes, in whatever state they are. */
static void abandon_everywhere(struct scenario *scenario)
{
    struct contract_sweep sweep = contract_sweep(scenario->to_client_len);
    for (size_t offset; contract_sweep_next(&sweep, &offset);) {
        contract_trying("%s, given up after %zu bytes", scenario->name, offset);
        begin(scenario);
        scenario->pair.wire.to_client.receive_limit = offset;
        (void)pair_converse(&scenario->pair); /* both sleep, and would for ever */
        end(scenario);
    }
}

static void test_given_up(void)
{
    run_all(abandon_everywhere);
}

const struct contract_test tls_sweep_tests[] = {
    {"tls_sweep_end_of_stream", test_end_of_stream},
    {"tls_sweep_reset", test_reset},
    {"tls_sweep_flipped_bit", test_flipped_bit},
    {"tls_sweep_given_up", test_given_up},
    {0},
};
