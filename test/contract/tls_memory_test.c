/* Memory refused at the n-th allocation, for every n: a typed end, and nothing leaks.
 *
 * The side in whose call memory was refused says NO_MEMORY, or did without it. A library that says
 * something else or leaks is let through with --lenient-memory: any typed end is enough then, and
 * what was seen is remarked. */
#include "contract.h"
#include "identities.h"
#include "memory_double.h"
#include "pair.h"

#define MESSAGE_LEN 200

static uint8_t message[MESSAGE_LEN];

/* What the library did with refused memory, for the remark. */
struct tally {
    size_t points, did_without, no_memory, other, leaks;
};

static void count_outcome(struct tally *tally, enum tls_outcome outcome)
{
    if (outcome == TLS_OK) {
        ++tally->did_without;
    } else if (outcome == TLS_NO_MEMORY) {
        ++tally->no_memory;
    } else {
        ++tally->other;
        if (!contract_options.lenient_memory) {
            CHECK_TLS(outcome, TLS_NO_MEMORY);
        }
    }
}

static void check_blocks(struct tally *tally, size_t blocks)
{
    if (memory_block_count() == blocks) {
        return;
    }
    ++tally->leaks;
    if (!contract_options.lenient_memory) {
        CHECK_BLOCKS(blocks);
    }
}

static void remark_tally(const struct tally *tally, const char *what)
{
    if (contract_options.lenient_memory || contract_options.verbose) {
        contract_remark("%s: %zu points, %zu did without, %zu NO_MEMORY, %zu other, %zu leaks",
                        what, tally->points, tally->did_without, tally->no_memory, tally->other,
                        tally->leaks);
    }
}

/* ---- While a context is made --------------------------------------------------------------------
 */

static enum tls_outcome try_context(const struct pair_config *config)
{
    struct tls_context *context;
    struct tls_error error;
    enum tls_outcome outcome = pair_open_context(&config->server, &config->server_identity,
                                                 &config->server_trust, &context, &error);
    tls_context_close(context);
    return outcome;
}

static struct pair_config mutual_config(const struct pair_version *version)
{
    struct pair_config config = pair_config_version(version);
    config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
    config.server_trust = TRUST(ca);
    config.client_identity = IDENTITY(client);
    config.client.tickets = config.server.tickets = true;
    return config;
}

static void test_context(void)
{
    struct pair_config config = mutual_config(&pair_versions[0]);
    struct tally tally = {0};
    CHECK_TLS(try_context(&config), TLS_OK);
    memory_double_reset();
    CHECK_TLS(try_context(&config), TLS_OK);
    size_t total = memory_double_asked();
    size_t blocks = memory_block_count();
    struct contract_sweep sweep = contract_sweep(total);
    for (size_t n; contract_sweep_next(&sweep, &n); ++tally.points) {
        contract_trying("allocation %zu of %zu refused", n, total);
        memory_double_refuse(n, contract_random(2) != 0);
        enum tls_outcome outcome = try_context(&config);
        memory_double_reset();
        count_outcome(&tally, outcome);
        check_blocks(&tally, blocks);
    }
    remark_tally(&tally, "contexts");
}

/* ---- While a session lives ----------------------------------------------------------------------
 */

/* The whole life of two sessions. Returns what the side said in whose call memory was refused. */
static enum tls_outcome run_sessions(struct pair *pair)
{
    side_set_message(&pair->client, message, MESSAGE_LEN);
    side_set_message(&pair->server, message, MESSAGE_LEN);
    bool ended = pair_converse(pair);
    CHECK(ended);
    struct side *side = pair->server.memory_refused ? &pair->server : &pair->client;
    CHECK(memcmp(side->received, message, side->received_len) == 0);
    return side_result(side);
}

/* The allocations counted are those of calls that begin after both sessions are open. */
static size_t count_allocations(struct pair *pair, const struct pair_config *config)
{
    pair_open_sessions(pair, config);
    memory_double_reset();
    CHECK_TLS(run_sessions(pair), TLS_OK);
    size_t total = memory_double_asked();
    pair_close_sessions(pair);
    return total;
}

static void refuse_in_session(struct pair *pair, const struct pair_config *config, size_t n,
                              struct tally *tally)
{
    size_t blocks = memory_block_count();
    pair_open_sessions(pair, config);
    memory_double_refuse(n, false);
    enum tls_outcome outcome = run_sessions(pair);
    memory_double_reset();
    pair_close_sessions(pair);
    count_outcome(tally, outcome);
    check_blocks(tally, blocks);
}

static void check_sessions(const char *name, const struct pair_config *config)
{
    struct pair pair;
    struct tally tally = {0};
    pair_open_contexts(&pair, config);
    (void)count_allocations(&pair, config);
    size_t total = count_allocations(&pair, config);
    struct contract_sweep sweep = contract_sweep(total);
    for (size_t n; contract_sweep_next(&sweep, &n); ++tally.points) {
        contract_trying("%s, allocation %zu of %zu refused", name, n, total);
        refuse_in_session(&pair, config, n, &tally);
    }
    pair_close(&pair);
    remark_tally(&tally, name);
}

static void test_session(void)
{
    pattern_fill(message, MESSAGE_LEN, 15);
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = mutual_config(version);
        check_sessions(version->name, &config);
    }
}

/* ---- While a session is opened ------------------------------------------------------------------
 */

static enum tls_outcome try_session(struct tls_context *context, const char *server_name,
                                    struct wire *wire)
{
    struct tls_session_config config = {.transport = &wire->client.transport,
                                        .server_name = server_name};
    struct tls_session *session = NULL;
    enum tls_outcome outcome = tls_session_open(context, &config, &session);
    if (outcome == TLS_OK) {
        CHECK(session != NULL);
        tls_session_free(session);
    }
    return outcome;
}

static void test_session_open(void)
{
    struct pair_config config = mutual_config(&pair_versions[0]);
    struct pair pair;
    struct tally tally = {0};
    pair_open(&pair, &config);
    CHECK_TLS(try_session(pair.client_context, SERVER_NAME, &pair.wire), TLS_OK);
    memory_double_reset();
    CHECK_TLS(try_session(pair.client_context, SERVER_NAME, &pair.wire), TLS_OK);
    size_t total = memory_double_asked();
    size_t blocks = memory_block_count();
    for (size_t n = 0; n < total; ++n, ++tally.points) {
        contract_trying("allocation %zu of %zu refused", n, total);
        memory_double_refuse(n, true);
        count_outcome(&tally, try_session(pair.client_context, SERVER_NAME, &pair.wire));
        memory_double_reset();
        check_blocks(&tally, blocks);
    }
    pair_close(&pair);
    remark_tally(&tally, "session_open");
}

static void test_identity_check(void)
{
    struct tls_identity identity = IDENTITY_BELOW(server_below, intermediate);
    struct tls_trust trust = TRUST(ca);
    struct tls_identity_report report;
    struct tally tally = {0};
    CHECK_TLS(tls_identity_check(TLS_SERVER, &identity, &trust, &report, NULL), TLS_OK);
    memory_double_reset();
    CHECK_TLS(tls_identity_check(TLS_SERVER, &identity, &trust, &report, NULL), TLS_OK);
    size_t total = memory_double_asked();
    size_t blocks = memory_block_count();
    struct contract_sweep sweep = contract_sweep(total);
    for (size_t n; contract_sweep_next(&sweep, &n); ++tally.points) {
        contract_trying("allocation %zu of %zu refused", n, total);
        memory_double_refuse(n, true);
        enum tls_outcome outcome = tls_identity_check(TLS_SERVER, &identity, &trust, &report, NULL);
        memory_double_reset();
        bool is_blamed_on_the_identity = outcome == TLS_OK && report.verify != 0;
        CHECK(contract_options.lenient_memory || !is_blamed_on_the_identity);
        count_outcome(&tally, outcome);
        check_blocks(&tally, blocks);
    }
    remark_tally(&tally, "identity_check");
}

/* ---- How much is enough -------------------------------------------------------------------------
 */

/* The most that was seen of one role in any conversation. */
struct most {
    size_t context_len;
    size_t call_len;    /* for a while, in one call */
    size_t session_len; /* between calls */
};

/* A side, what its session takes between calls, and what to compare it with. */
struct measured {
    struct side *side;
    size_t session_len;
    struct most *most;
};

static void raise_to(size_t *most, size_t now)
{
    *most = now > *most ? now : *most;
}

static enum tls_outcome measured_call(struct measured *measured,
                                      enum tls_outcome (*call)(struct side *side))
{
    size_t before = memory_double_cost();
    memory_double_mark();
    enum tls_outcome outcome = call(measured->side);
    raise_to(&measured->most->call_len, memory_double_cost_peak() - before);
    measured->session_len += memory_double_cost() - before;
    raise_to(&measured->most->session_len, measured->session_len);
    return outcome;
}

static enum tls_outcome read_some(struct side *side)
{
    static uint8_t buf[1000];
    size_t count;
    return side_read(side, buf, sizeof buf, &count);
}

/* What a session takes that has done nothing yet. */
static size_t cost_of_opening(struct tls_context *context, const struct pair_config *config,
                              struct wire_end *end)
{
    struct tls_session *session = NULL;
    struct tls_session_config own = {
        .transport = &end->transport, .server_name = config->server_name, .resume = config->resume};
    size_t before = memory_double_cost();
    CHECK_TLS(tls_session_open(context, &own, &session), TLS_OK);
    size_t len = memory_double_cost() - before;
    tls_session_free(session);
    return len;
}

static void measure_handshake(struct measured *client, struct measured *server)
{
    enum tls_outcome at_client = TLS_WANT_READ;
    enum tls_outcome at_server = TLS_WANT_READ;
    while (at_client != TLS_OK || at_server != TLS_OK) {
        at_client = measured_call(client, side_handshake);
        at_server = measured_call(server, side_handshake);
        CHECK(at_client == TLS_OK || at_client == TLS_WANT_READ);
        CHECK(at_server == TLS_OK || at_server == TLS_WANT_READ);
    }
}

/* One conversation; *ticket gets what the next one can resume. */
static void measure_session(struct pair *pair, const struct pair_config *config,
                            struct most most[2], struct tls_span *ticket)
{
    static uint8_t ticket_bytes[TLS_EXPORT_MAX];
    pair_open_sessions(pair, config);
    struct measured server = {.side = &pair->server,
                              .session_len =
                                  cost_of_opening(pair->server_context, config, &pair->wire.server),
                              .most = &most[TLS_SERVER]};
    struct measured client = {.side = &pair->client,
                              .session_len =
                                  cost_of_opening(pair->client_context, config, &pair->wire.client),
                              .most = &most[TLS_CLIENT]};
    measure_handshake(&client, &server);
    side_write_all(&pair->client, message, MESSAGE_LEN);
    CHECK_TLS(measured_call(&server, read_some), TLS_OK);
    CHECK_TLS(measured_call(&client, read_some), TLS_WANT_READ); /* the ticket */
    ticket->bytes = ticket_bytes;
    CHECK_TLS(
        tls_session_export(pair->client.session, ticket_bytes, sizeof ticket_bytes, &ticket->len),
        TLS_OK);
    CHECK_TLS(measured_call(&server, side_close), TLS_OK);
    CHECK_TLS(measured_call(&client, side_close), TLS_OK);
    pair_close_sessions(pair);
}

static void measure_sessions(const struct pair_config *config, struct most most[2])
{
    struct pair pair;
    struct tls_span ticket = {0};
    struct pair_config own = *config;
    pair_open_contexts(&pair, config);
    measure_session(&pair, &own, most, &ticket);
    own.resume = ticket;
    measure_session(&pair, &own, most, &ticket);
    pair_close(&pair);
}

/* As many certificates as may be; what is left of TLS_IDENTITY_MAX_LEN would be longer ones. */
static void measure_context(enum tls_role role, struct most *most)
{
    struct tls_context_config config = {.role = role, .tickets = true};
    struct tls_identity identity = IDENTITY_BELOW(server_below, intermediate);
    struct tls_trust trust = TRUST(ca);
    struct tls_error error;
    struct tls_context *context = NULL;
    size_t der_len = identity.chain[0].len + identity.key.len;
    for (; identity.chain_count < TLS_CHAIN_MAX; ++identity.chain_count) {
        identity.chain[identity.chain_count] = identity.chain[1];
    }
    for (; trust.anchor_count < TLS_ANCHORS_MAX; ++trust.anchor_count) {
        trust.anchors[trust.anchor_count] = trust.anchors[0];
    }
    der_len += (TLS_CHAIN_MAX - 1) * identity.chain[1].len + TLS_ANCHORS_MAX * trust.anchors[0].len;
    CHECK(der_len < TLS_IDENTITY_MAX_LEN);
    size_t before = memory_double_cost();
    CHECK_TLS(pair_open_context(&config, &identity, &trust, &context, &error), TLS_OK);
    most->context_len = memory_double_cost() - before + TLS_IDENTITY_MAX_LEN - der_len;
    tls_context_close(context);
}

static void check_needs(enum tls_role role, const char *name, const struct most *most)
{
    struct tls_memory needs;
    tls_memory_needs(role, &needs);
    bool has_bound = needs.fixed_len > 0;
    contract_remark("%s: context %zu, call %zu (of %zu together), session %zu (of %zu)", name,
                    most->context_len, most->call_len, needs.fixed_len, most->session_len,
                    needs.session_len);
    CHECK(!has_bound || most->context_len + most->call_len <= needs.fixed_len);
    CHECK(!has_bound || most->session_len <= needs.session_len);
}

static void test_needs(void)
{
    bool has_rsa = !contract_lacks("RSA");
    const struct tls_identity servers[] = {IDENTITY(server),
                                           has_rsa ? IDENTITY(server_rsa) : IDENTITY(server),
                                           IDENTITY_BELOW(server_below, intermediate)};
    const struct tls_identity clients[] = {
        {.chain_count = 0}, IDENTITY(client), has_rsa ? IDENTITY(client_rsa) : IDENTITY(client)};
    struct most most[2] = {0};
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        for (unsigned i = 0; i < 9; ++i) {
            contract_trying("%s, server %u, client %u", version->name, i / 3, i % 3);
            struct pair_config config = mutual_config(version);
            config.server_identity = servers[i / 3];
            config.client_identity = clients[i % 3];
            config.server.peer_auth = i % 3 == 0 ? TLS_PEER_AUTH_NONE : TLS_PEER_AUTH_REQUIRED;
            measure_sessions(&config, most);
        }
    }
    measure_context(TLS_SERVER, &most[TLS_SERVER]);
    measure_context(TLS_CLIENT, &most[TLS_CLIENT]);
    check_needs(TLS_SERVER, "server", &most[TLS_SERVER]);
    check_needs(TLS_CLIENT, "client", &most[TLS_CLIENT]);
}

const struct contract_test tls_memory_tests[] = {
    {"tls_memory_refused_to_context", test_context},
    {"tls_memory_refused_to_session_open", test_session_open},
    {"tls_memory_refused_to_session", test_session},
    {"tls_memory_refused_to_identity_check", test_identity_check},
    {"tls_memory_needs", test_needs},
    {0},
};
