/* Session tickets: never seen by reads, taken along, and honoured only where they should be. */
#include "clock_double.h"
#include "contract.h"
#include "identities.h"
#include "pair.h"

struct ticket {
    uint8_t bytes[TLS_EXPORT_MAX];
    size_t len;
};

static struct pair_config config_with_tickets(const struct pair_version *version)
{
    struct pair_config config = pair_config_version(version);
    config.client.tickets = config.server.tickets = true;
    return config;
}

static void read_nothing(struct side *side)
{
    uint8_t buf[16];
    size_t count;
    CHECK_TLS(side_read(side, buf, sizeof buf, &count), TLS_WANT_READ);
}

static void export_ticket(struct pair *pair, struct ticket *ticket)
{
    read_nothing(&pair->server);
    read_nothing(&pair->client);
    CHECK_TLS(
        tls_session_export(pair->client.session, ticket->bytes, sizeof ticket->bytes, &ticket->len),
        TLS_OK);
    CHECK(ticket->len >= 1 && ticket->len <= TLS_EXPORT_MAX);
}

/* A full handshake, after which the client has taken a ticket along. Contexts stay open. */
static void take_ticket(struct pair *pair, const struct pair_config *config, struct ticket *ticket)
{
    pair_open_and_shake(pair, config);
    export_ticket(pair, ticket);
    pair_close_sessions(pair);
}

static bool is_resumed(const struct side *side)
{
    struct tls_session_info info;
    CHECK(tls_session_info(side->session, &info));
    return info.resumed;
}

/* Connects again with what is in span; both sides must agree on whether it was resumed. */
static bool connect_again(struct pair *pair, struct pair_config *config, struct tls_span span)
{
    config->resume = span;
    pair_open_sessions(pair, config);
    config->resume = (struct tls_span){.len = 0};
    pair_shake(pair);
    CHECK_TLS(pair->client.handshake.outcome, TLS_OK);
    CHECK_TLS(pair->server.handshake.outcome, TLS_OK);
    bool resumed = is_resumed(&pair->client);
    CHECK(is_resumed(&pair->server) == resumed);
    return resumed;
}

static struct tls_span span_of(const struct ticket *ticket)
{
    return (struct tls_span){.bytes = ticket->bytes, .len = ticket->len};
}

static void check_resumed_session(struct pair *pair, const struct pair_version *version)
{
    struct tls_session_info info;
    struct tls_peer_certificate peer;
    CHECK(tls_session_info(pair->client.session, &info));
    CHECK_TEXT(info.version, version->name);
    CHECK(info.group != NULL && info.group[0] != '\0');
    CHECK(!tls_session_peer(pair->client.session, &peer));
    static const uint8_t message[] = "resumed";
    side_set_message(&pair->client, message, sizeof message);
    side_set_message(&pair->server, message, sizeof message);
    CHECK(pair_converse(pair));
    CHECK_INT(pair->server.received_len, sizeof message);
    CHECK_INT(pair->client.received_len, sizeof message);
    CHECK_TLS(pair->client.read.outcome, TLS_CLOSED);
}

static void test_resumed(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        CHECK(connect_again(&pair, &config, span_of(&ticket)));
        check_resumed_session(&pair, version);
        pair_close(&pair);
    }
}

/* The client of another context, as after a restart of its firmware. */
static void test_resumed_by_another_client_context(void)
{
    static struct ticket ticket;
    struct pair_config config = config_with_tickets(&pair_versions[0]);
    struct pair pair;
    struct tls_error error;
    take_ticket(&pair, &config, &ticket);
    tls_context_close(pair.client_context);
    CHECK_TLS(pair_open_context(&config.client, &config.client_identity, &config.client_trust,
                                &pair.client_context, &error),
              TLS_OK);
    CHECK(connect_again(&pair, &config, span_of(&ticket)));
    pair_close(&pair);
}

/* A ticket of a resumed session is as good as one of a full handshake. */
static void test_resumed_again_and_again(void)
{
    static struct ticket ticket;
    struct pair_config config = config_with_tickets(&pair_versions[0]);
    struct pair pair;
    take_ticket(&pair, &config, &ticket);
    for (unsigned i = 0; i < 3; ++i) {
        contract_trying("resumption %u", i + 1);
        CHECK(connect_again(&pair, &config, span_of(&ticket)));
        export_ticket(&pair, &ticket);
        pair_close_sessions(&pair);
    }
    pair_close(&pair);
}

static void test_client_certificate_and_resumption(void)
{
    static struct ticket ticket;
    struct pair_config config = config_with_tickets(&pair_versions[0]);
    config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
    config.server_trust = TRUST(ca);
    config.client_identity = IDENTITY(client);
    struct pair pair;
    take_ticket(&pair, &config, &ticket);
    (void)connect_again(&pair, &config, span_of(&ticket)); /* either way it must succeed */
    pair_close(&pair);
}

/* ---- Not resumed --------------------------------------------------------------------------------
 */

/* What the server's certificate was checked for is part of the session: another name, another
 * check. */
static void test_not_resumed_for_another_name(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        config.server_name = SERVER_OTHER_NAME;
        CHECK(!connect_again(&pair, &config, span_of(&ticket)));
        pair_close(&pair);
    }
}

static void test_wrong_name_is_refused_with_a_ticket_too(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        config.server_name = "other.example";
        config.resume = span_of(&ticket);
        pair_open_sessions(&pair, &config);
        pair_shake(&pair);
        CHECK_TLS(side_result(&pair.client), TLS_UNTRUSTED);
        CHECK_INT(tls_session_error(pair.client.session)->verify, TLS_VERIFY_WRONG_NAME);
        pair_close(&pair);
    }
}

static void test_not_resumed_by_another_server(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        pair_close(&pair);
        pair_open_contexts(&pair, &config);
        CHECK(!connect_again(&pair, &config, span_of(&ticket)));
        pair_close(&pair);
    }
}

static void test_server_without_tickets(void)
{
    struct pair_config config = config_with_tickets(&pair_versions[0]);
    config.server.tickets = false;
    static struct ticket ticket;
    struct pair pair;
    pair_open_and_shake(&pair, &config);
    read_nothing(&pair.server);
    read_nothing(&pair.client);
    CHECK_TLS(
        tls_session_export(pair.client.session, ticket.bytes, sizeof ticket.bytes, &ticket.len),
        TLS_WANT_READ);
    pair_close(&pair);
}

static void check_useless_span(struct pair *pair, struct pair_config *config, struct tls_span span)
{
    CHECK(!connect_again(pair, config, span));
    pair_close_sessions(pair);
}

static void test_useless_span_is_no_error(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        struct contract_sweep sweep = contract_sweep(ticket.len);
        for (size_t len; contract_sweep_next(&sweep, &len);) {
            contract_trying("%s, cut to %zu of %zu bytes", version->name, len, ticket.len);
            check_useless_span(&pair, &config, (struct tls_span){ticket.bytes, len});
        }
        contract_trying("%s, random bytes", version->name);
        for (size_t i = 0; i < ticket.len; ++i) {
            ticket.bytes[i] = (uint8_t)contract_random(256);
        }
        check_useless_span(&pair, &config, span_of(&ticket));
        pair_close(&pair);
    }
}

/* ---- The wall clock is set
 * --------------------------------------------------------------------------
 */

/* A ticket's age is none of the wall clock's business. */
static void test_wall_clock_steps_do_no_harm(void)
{
    static const int64_t steps[] = {CLOCK_2030 + 30 * 86400, CLOCK_2030 - 30 * 86400, CLOCK_2030};
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; ++i) {
            contract_trying("%s, step %zu", version->name, i);
            take_ticket(&pair, &config, &ticket);
            clock_double_set_wall(steps[i], CLOCK_SOURCE_SNTP);
            CHECK(connect_again(&pair, &config, span_of(&ticket)));
            pair_close(&pair);
        }
    }
}

static void test_not_resumed_after_a_recheck(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        CHECK_INT(tls_context_recheck(pair.server_context), 0);
        CHECK(!connect_again(&pair, &config, span_of(&ticket)));
        contract_trying("%s, with the ticket that came instead", version->name);
        export_ticket(&pair, &ticket);
        pair_close_sessions(&pair);
        CHECK(connect_again(&pair, &config, span_of(&ticket)));
        pair_close(&pair);
    }
}

/* A client does not offer what it would refuse by now. */
static void test_not_resumed_once_expired(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        clock_double_set_wall(CLOCK_2040, CLOCK_SOURCE_SNTP);
        config.resume = span_of(&ticket);
        pair_open_sessions(&pair, &config);
        pair.client.wall_s = CLOCK_2040;
        pair_shake(&pair);
        CHECK_TLS(side_result(&pair.client), TLS_UNTRUSTED);
        CHECK_INT(tls_session_error(pair.client.session)->verify, TLS_VERIFY_EXPIRED);
        pair_close(&pair);
    }
}

/* Whoever was let in by a ticket is judged again, or known to be unknown. */
static void test_resumed_sessions_are_judged_again(void)
{
    static struct ticket ticket;
    for (const struct pair_version *version = pair_versions; version->name != NULL; ++version) {
        contract_trying("%s", version->name);
        struct pair_config config = config_with_tickets(version);
        config.server.peer_auth = TLS_PEER_AUTH_REQUIRED;
        config.server_trust = TRUST(ca);
        config.client_identity = IDENTITY(client);
        struct pair pair;
        take_ticket(&pair, &config, &ticket);
        (void)connect_again(&pair, &config, span_of(&ticket));
        clock_double_set_wall(CLOCK_2040, CLOCK_SOURCE_SNTP);
        CHECK_INT(tls_session_recheck(pair.client.session), TLS_VERIFY_EXPIRED);
        unsigned reasons = tls_session_recheck(pair.server.session);
        CHECK(reasons == TLS_VERIFY_EXPIRED || reasons == TLS_VERIFY_MISSING);
        pair_close(&pair);
    }
}

/* ---- Export -------------------------------------------------------------------------------------
 */

static void test_export_before_a_ticket_came(void)
{
    static struct ticket ticket;
    struct pair_config config = config_with_tickets(&pair_versions[0]); /* TLS 1.3 */
    struct pair pair;
    pair_open(&pair, &config);
    while (!pair.client.handshake.over) {
        size_t limit = pair.wire.to_client.received_len + 1;
        pair.wire.to_client.receive_limit = limit;
        pair_shake(&pair);
        CHECK(pair.client.handshake.over || pair.wire.to_client.received_len == limit);
    }
    CHECK_TLS(
        tls_session_export(pair.client.session, ticket.bytes, sizeof ticket.bytes, &ticket.len),
        TLS_WANT_READ);
    pair_close(&pair);
}

static void test_export_cap_too_small(void)
{
    static struct ticket ticket;
    struct pair_config config = config_with_tickets(&pair_versions[0]);
    struct pair pair;
    size_t len;
    pair_open_and_shake(&pair, &config);
    read_nothing(&pair.server);
    read_nothing(&pair.client);
    CHECK_TLS(tls_session_export(pair.client.session, ticket.bytes, 8, &len), TLS_NO_MEMORY);
    CHECK_TLS(tls_session_export(pair.client.session, ticket.bytes, sizeof ticket.bytes, &len),
              TLS_OK);
    pair_close(&pair);
}

const struct contract_test tls_resume_tests[] = {
    {"tls_resume_resumed", test_resumed},
    {"tls_resume_by_another_client_context", test_resumed_by_another_client_context},
    {"tls_resume_again_and_again", test_resumed_again_and_again},
    {"tls_resume_with_client_certificate", test_client_certificate_and_resumption},
    {"tls_resume_not_for_another_name", test_not_resumed_for_another_name},
    {"tls_resume_wrong_name_is_refused", test_wrong_name_is_refused_with_a_ticket_too},
    {"tls_resume_not_by_another_server", test_not_resumed_by_another_server},
    {"tls_resume_server_without_tickets", test_server_without_tickets},
    {"tls_resume_useless_span_is_no_error", test_useless_span_is_no_error},
    {"tls_resume_wall_clock_steps_do_no_harm", test_wall_clock_steps_do_no_harm},
    {"tls_resume_not_after_a_recheck", test_not_resumed_after_a_recheck},
    {"tls_resume_not_once_expired", test_not_resumed_once_expired},
    {"tls_resume_resumed_sessions_are_judged_again", test_resumed_sessions_are_judged_again},
    {"tls_resume_export_before_a_ticket_came", test_export_before_a_ticket_came},
    {"tls_resume_export_cap_too_small", test_export_cap_too_small},
    {0},
};
