/* A client and a server of one backend, each call checked for what holds for all: see pair.h. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "clock_double.h"
#include "contract.h"
#include "identities.h"
#include "memory_double.h"

#define UNSET_COUNT 0xdeadbeefu

/* ---- Contexts -----------------------------------------------------------------------------------
 */

struct pair_config pair_config_default(void)
{
    return (struct pair_config){
        .client = {.role = TLS_CLIENT, .min_version = TLS_VERSION_1_2},
        .server = {.role = TLS_SERVER, .min_version = TLS_VERSION_1_2},
        .server_identity = IDENTITY(server),
        .client_trust = TRUST(ca),
        .server_name = SERVER_NAME,
    };
}

struct pair_config pair_config_version(const struct pair_version *version)
{
    struct pair_config config = pair_config_default();
    config.client.tls_1_2_only = version->is_1_2;
    return config;
}

/* Copies of borrowed bytes, to be spoilt when the loan is over. */
struct loan {
    uint8_t *bytes[TLS_CHAIN_MAX + 1 + TLS_ANCHORS_MAX];
    size_t len[TLS_CHAIN_MAX + 1 + TLS_ANCHORS_MAX];
    size_t count;
};

static void loan_copy(struct loan *loan, struct tls_span *span)
{
    uint8_t *copy = malloc(span->len + 1);
    CHECK(copy != NULL);
    if (span->len > 0) {
        memcpy(copy, span->bytes, span->len);
    }
    loan->bytes[loan->count] = copy;
    loan->len[loan->count++] = span->len;
    span->bytes = copy;
}

static void loan_end(struct loan *loan)
{
    for (size_t i = 0; i < loan->count; ++i) {
        memset(loan->bytes[i], 0xa5, loan->len[i]);
        free(loan->bytes[i]);
    }
}

static void check_error_text(const struct tls_error *error)
{
    CHECK(memchr(error->text, '\0', sizeof error->text) != NULL);
    CHECK(error->alert == TLS_NO_ALERT || (error->alert >= 0 && error->alert <= 255));
}

enum tls_outcome pair_open_context(const struct tls_context_config *config,
                                   const struct tls_identity *identity,
                                   const struct tls_trust *trust, struct tls_context **out,
                                   struct tls_error *error)
{
    struct loan loan = {0};
    struct tls_context_config borrowed = *config;
    struct tls_identity own = *identity;
    struct tls_trust anchors = *trust;
    for (size_t i = 0; i < own.chain_count; ++i) {
        loan_copy(&loan, &own.chain[i]);
    }
    loan_copy(&loan, &own.key);
    for (size_t i = 0; i < anchors.anchor_count; ++i) {
        loan_copy(&loan, &anchors.anchors[i]);
    }
    borrowed.identity = own.chain_count > 0 ? &own : NULL;
    borrowed.trust = anchors.anchor_count > 0 ? &anchors : NULL;
    *out = (struct tls_context *)&loan; /* must be set, to NULL on error */
    memset(error, 0x55, sizeof *error);
    enum tls_outcome outcome = tls_context_open(&borrowed, out, error);
    memset(&own, 0xa5, sizeof own);
    memset(&anchors, 0xa5, sizeof anchors);
    memset(&borrowed, 0xa5, sizeof borrowed);
    loan_end(&loan);
    CHECK((outcome == TLS_OK) == (*out != NULL));
    if (outcome != TLS_OK) {
        CHECK_TLS(error->outcome, outcome);
        check_error_text(error);
    }
    return outcome;
}

void pair_open_contexts(struct pair *pair, const struct pair_config *config)
{
    struct tls_error error;
    memset(pair, 0, sizeof *pair);
    CHECK_TLS(pair_open_context(&config->server, &config->server_identity, &config->server_trust,
                                &pair->server_context, &error),
              TLS_OK);
    CHECK_TLS(pair_open_context(&config->client, &config->client_identity, &config->client_trust,
                                &pair->client_context, &error),
              TLS_OK);
}

/* ---- Sessions -----------------------------------------------------------------------------------
 */

static void open_side(struct side *side, const char *name, struct wire_end *end)
{
    *side = (struct side){.name = name,
                          .end = end,
                          .read_cap = 4096,
                          .wall_s = CLOCK_2030,
                          .wall_source = CLOCK_SOURCE_SYSTEM};
}

static void open_client(struct pair *pair, const struct pair_config *config)
{
    char name[300];
    CHECK(strlen(config->server_name) < sizeof name);
    strcpy(name, config->server_name);
    struct loan loan = {0};
    struct tls_session_config session = {
        .transport = &pair->wire.client.transport, .server_name = name, .resume = config->resume};
    loan_copy(&loan, &session.resume);
    enum tls_outcome outcome =
        tls_session_open(pair->client_context, &session, &pair->client.session);
    memset(name, 'x', sizeof name);
    memset(&session, 0xa5, sizeof session);
    loan_end(&loan);
    CHECK_TLS(outcome, TLS_OK);
    CHECK(pair->client.session != NULL);
}

void pair_open_sessions(struct pair *pair, const struct pair_config *config)
{
    wire_open(&pair->wire);
    if (config->wire_tells) {
        wire_tell(&pair->wire);
    }
    open_side(&pair->client, "client", &pair->wire.client);
    open_side(&pair->server, "server", &pair->wire.server);
    struct tls_session_config session = {.transport = &pair->wire.server.transport,
                                         .reads_need_room = config->reads_need_room};
    CHECK_TLS(tls_session_open(pair->server_context, &session, &pair->server.session), TLS_OK);
    CHECK(pair->server.session != NULL);
    open_client(pair, config);
}

void pair_open(struct pair *pair, const struct pair_config *config)
{
    pair_open_contexts(pair, config);
    pair_open_sessions(pair, config);
}

static void close_side(struct side *side)
{
    tls_session_free(side->session);
    free(side->received);
    memset(side, 0, sizeof *side);
}

void pair_close_sessions(struct pair *pair)
{
    close_side(&pair->client);
    close_side(&pair->server);
    wire_close(&pair->wire);
}

void pair_close(struct pair *pair)
{
    pair_close_sessions(pair);
    tls_context_close(pair->client_context);
    tls_context_close(pair->server_context);
    memset(pair, 0, sizeof *pair);
}

/* ---- Checked calls ------------------------------------------------------------------------------
 */

static bool is_error(enum tls_outcome outcome)
{
    return outcome >= TLS_TRUNCATED && outcome != TLS_MISUSE;
}

/* What must hold of the error kept once a call has failed. */
static void check_kept_error(const struct side *side)
{
    const struct tls_error *error = tls_session_error(side->session);
    CHECK(error != NULL);
    CHECK_TLS(error->outcome, side->first_error);
    check_error_text(error);
    if (error->outcome == TLS_ALERT) {
        CHECK(error->alert != TLS_NO_ALERT && !error->alert_sent);
    }
    if (error->outcome == TLS_UNTRUSTED) {
        CHECK(error->verify != 0);
    }
}

/* No want may be for more than a transport can hold. */
static void check_want(const struct side *side, enum tls_outcome outcome)
{
    size_t want_len = tls_want_len(side->session);
    bool is_want = outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
    bool can_tell = side->end->transport.receivable != NULL;
    CHECK(!is_want || (want_len >= 1 && want_len <= (can_tell ? TLS_RECORD_MAX_LEN : 1)));
}

static enum tls_outcome check_call(struct side *side, enum tls_outcome outcome, bool refused_before)
{
    check_want(side, outcome);
    if (memory_double_refused() && !refused_before) {
        side->memory_refused = true;
    }
    if (side->end->wire->violation != NULL) {
        CHECK_TEXT(side->end->wire->violation, "no violation of the transport");
    }
    CHECK((int)outcome >= TLS_OK && (int)outcome <= TLS_FAILED);
    if (is_error(outcome) && side->first_error == TLS_OK) {
        side->first_error = outcome;
    }
    if (side->first_error != TLS_OK) {
        check_kept_error(side);
    }
    return outcome;
}

/* Before each call: the clock is the side's own. Returns whether memory was refused before. */
static bool enter_call(const struct side *side)
{
    clock_double_set_wall(side->wall_s, side->wall_source);
    return memory_double_refused();
}

static void check_count(enum tls_outcome outcome, size_t count, size_t most)
{
    if (outcome == TLS_OK) {
        CHECK(count >= 1 && count <= most);
    } else {
        CHECK_INT(count, 0);
    }
}

enum tls_outcome side_handshake(struct side *side)
{
    bool refused = enter_call(side);
    return check_call(side, tls_handshake(side->session), refused);
}

enum tls_outcome side_read(struct side *side, uint8_t *buf, size_t cap, size_t *count)
{
    bool refused = enter_call(side);
    *count = UNSET_COUNT;
    enum tls_outcome outcome = check_call(side, tls_read(side->session, buf, cap, count), refused);
    check_count(outcome, *count, cap);
    if (outcome == TLS_WANT_READ) {
        CHECK(!tls_has_input(side->session)); /* else an event loop spins */
    }
    return outcome;
}

enum tls_outcome side_write(struct side *side, const uint8_t *bytes, size_t len, size_t *count)
{
    bool refused = enter_call(side);
    *count = UNSET_COUNT;
    enum tls_outcome outcome =
        check_call(side, tls_write(side->session, bytes, len, count), refused);
    check_count(outcome, *count, len);
    return outcome;
}

enum tls_outcome side_close(struct side *side)
{
    bool refused = enter_call(side);
    return check_call(side, tls_close(side->session), refused);
}
