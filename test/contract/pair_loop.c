/* The event loop that drives a pair: sleeps and wakes exactly as the outcomes say. */
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "pair.h"

/* So many rounds in which a side ran and nothing moved are a spin. */
#define IDLE_ROUNDS_MAX 16

static bool is_want(enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
}

static bool may_run(const struct side *side, const struct activity *activity)
{
    if (activity->over) {
        return false;
    }
    if (!activity->tried || !is_want(activity->outcome)) {
        return true;
    }
    return activity->outcome == TLS_WANT_READ ? wire_is_readable(side->end, activity->want_len)
                                              : wire_is_writable(side->end, activity->want_len);
}

static void note(struct side *side, struct activity *activity, enum tls_outcome outcome)
{
    activity->tried = true;
    activity->outcome = outcome;
    activity->want_len = tls_want_len(side->session);
}

static bool has_failed(const struct side *side)
{
    return side->first_error != TLS_OK ||
           (side->handshake.over && side->handshake.outcome != TLS_OK);
}

static bool is_open(const struct side *side)
{
    return side->handshake.over && side->handshake.outcome == TLS_OK;
}

static bool run_handshake(struct side *side)
{
    if (!may_run(side, &side->handshake)) {
        return false;
    }
    note(side, &side->handshake, side_handshake(side));
    side->handshake.over = !is_want(side->handshake.outcome);
    return true;
}

static bool run_read(struct side *side)
{
    if (!is_open(side) || side->read.over) {
        return false;
    }
    if (!may_run(side, &side->read) && !tls_has_input(side->session)) {
        return false;
    }
    CHECK(side->received_len < side->received_cap);
    size_t room = side->received_cap - side->received_len;
    size_t count;
    note(side, &side->read,
         side_read(side, side->received + side->received_len,
                   room < side->read_cap ? room : side->read_cap, &count));
    side->received_len += count;
    side->read.over = side->read.outcome != TLS_OK && !is_want(side->read.outcome);
    return true;
}

static bool run_write(struct side *side)
{
    if (!is_open(side) || has_failed(side) || side->written_len == side->message_len ||
        !may_run(side, &side->write)) {
        return false;
    }
    size_t count;
    note(side, &side->write,
         side_write(side, side->message + side->written_len, side->message_len - side->written_len,
                    &count));
    side->written_len += count;
    side->write.over = side->write.outcome != TLS_OK && !is_want(side->write.outcome);
    return true;
}

static bool wants_close(const struct side *side)
{
    bool is_done = is_open(side) && side->written_len == side->message_len && !side->stays_open;
    return is_done || has_failed(side);
}

static bool run_close(struct side *side)
{
    if (!wants_close(side) || !may_run(side, &side->close)) {
        return false;
    }
    note(side, &side->close, side_close(side));
    side->close.over = !is_want(side->close.outcome);
    return true;
}

static void leave_if_done(struct side *side)
{
    if (side->close.over && (side->read.over || has_failed(side))) {
        side->gone = true;
        wire_end_stream(side->end);
        wire_drain(side->end);
    }
}

static bool run_side(struct side *side)
{
    if (side->gone) {
        return false;
    }
    bool ran = run_handshake(side);
    ran = run_write(side) || ran;
    ran = run_read(side) || ran;
    ran = run_close(side) || ran;
    leave_if_done(side);
    return ran;
}

static size_t side_progress(const struct side *side)
{
    return side->received_len + side->written_len + side->handshake.over + side->read.over +
           side->write.over + side->close.over + side->gone;
}

static size_t pair_progress(const struct pair *pair)
{
    return pair->wire.progress + side_progress(&pair->client) + side_progress(&pair->server);
}

/* Runs both sides, in random order, until neither can; true while something ran. */
static bool run_round(struct pair *pair, bool (*run)(struct side *side))
{
    bool client_first = contract_random(2) == 0;
    bool first = run(client_first ? &pair->client : &pair->server);
    bool second = run(client_first ? &pair->server : &pair->client);
    return first || second;
}

static void run_until_asleep(struct pair *pair, bool (*run)(struct side *side))
{
    size_t before = pair_progress(pair);
    unsigned idle_rounds = 0;
    for (;;) {
        if (!run_round(pair, run)) {
            if (!wire_deliver(&pair->wire, 512)) {
                return;
            }
            continue;
        }
        size_t now = pair_progress(pair);
        idle_rounds = now == before ? idle_rounds + 1 : 0;
        before = now;
        bool event_loop_spins = idle_rounds >= IDLE_ROUNDS_MAX;
        CHECK(!event_loop_spins);
    }
}

void pair_shake(struct pair *pair)
{
    run_until_asleep(pair, run_handshake);
}

void pair_open_and_shake(struct pair *pair, const struct pair_config *config)
{
    pair_open(pair, config);
    pair_shake(pair);
    CHECK_TLS(pair->client.handshake.outcome, TLS_OK);
    CHECK_TLS(pair->server.handshake.outcome, TLS_OK);
}

static void make_room(struct side *side, size_t len)
{
    if (side->received == NULL) {
        side->received_cap = len + 1;
        side->received = malloc(side->received_cap);
        CHECK(side->received != NULL);
    }
}

void side_set_message(struct side *side, const uint8_t *message, size_t len)
{
    side->message = message;
    side->message_len = len;
}

bool pair_converse(struct pair *pair)
{
    make_room(&pair->client, pair->server.message_len);
    make_room(&pair->server, pair->client.message_len);
    run_until_asleep(pair, run_side);
    return pair->client.gone && pair->server.gone;
}

enum tls_outcome side_result(const struct side *side)
{
    return side->first_error;
}

enum tls_outcome side_read_all(struct side *side, uint8_t *buf, size_t cap, size_t *len)
{
    enum tls_outcome outcome = TLS_OK;
    *len = 0;
    while (outcome == TLS_OK && *len < cap) {
        size_t count;
        outcome = side_read(side, buf + *len, cap - *len, &count);
        *len += count;
    }
    return outcome;
}

void side_write_all(struct side *side, const uint8_t *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t count;
        CHECK_TLS(side_write(side, bytes + done, len - done, &count), TLS_OK);
        done += count;
    }
}

void pattern_fill(uint8_t *buf, size_t len, unsigned variant)
{
    for (size_t i = 0; i < len; ++i) {
        buf[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + variant);
    }
}
