/* The client's TCP connection: of all addresses of the host, the one that answers first (RFC 8305).
 *
 * They are tried in their order, the next one when the one before has failed or has not answered
 * for a moment. One whose family we have no address of our own for yet has to wait for that. */
#include <string.h>

#include "clock_port.h"
#include "echo_client_internal.h"

/* RFC 8305 section 5. */
#define ATTEMPT_DELAY_US 250000

enum attempt_state {
    ATTEMPT_WAITING = 0, /* not begun */
    ATTEMPT_HOMELESS,    /* we have no address of its family */
    ATTEMPT_BEGUN,
    ATTEMPT_FAILED,
};

struct attempt {
    enum attempt_state state;
    const struct net_address *peer;
    struct net_socket *socket; /* BEGUN */
};

struct race {
    struct echo_client *client;
    struct attempt attempts[NET_ADDRESSES_MAX];
    size_t count;
    uint64_t next_us;       /* when the next one may begin */
    enum net_outcome worst; /* why the last one failed; OK: none has */
};

/* The first attempt in this state, or NULL. */
static struct attempt *find(struct race *race, enum attempt_state state)
{
    for (size_t i = 0; i < race->count; i++) {
        if (race->attempts[i].state == state) {
            return &race->attempts[i];
        }
    }
    return NULL;
}

static bool has_own_address(const struct echo_client *client, enum net_family family)
{
    struct net_status status;
    net_get_status(client->net, &status);
    return status.ip.family == family || status.ip6.family == family;
}

static void fail(struct race *race, struct attempt *attempt, enum net_outcome outcome)
{
    net_socket_abort(attempt->socket);
    attempt->socket = NULL;
    attempt->state = ATTEMPT_FAILED;
    race->worst = outcome;
    race->next_us = 0;
}

static void begin(struct race *race, struct attempt *attempt)
{
    struct echo_client *client = race->client;
    enum net_outcome outcome = net_connect(client->net, attempt->peer, &attempt->socket);
    if (outcome == NET_OK) {
        attempt->state = ATTEMPT_BEGUN;
        race->next_us = clock_now_us() + ATTEMPT_DELAY_US;
    } else if (outcome == NET_UNREACHABLE && !has_own_address(client, attempt->peer->family)) {
        attempt->state = ATTEMPT_HOMELESS;
    } else {
        fail(race, attempt, outcome);
    }
}

/* Begins what is due: one at least while nothing is under way. */
static void begin_due(struct race *race)
{
    struct attempt *next = find(race, ATTEMPT_WAITING);
    while (next != NULL && (find(race, ATTEMPT_BEGUN) == NULL || clock_now_us() >= race->next_us)) {
        begin(race, next);
        next = find(race, ATTEMPT_WAITING);
    }
}

/* Looks how each is doing. Returns one that is connected, or NULL. */
static struct attempt *look(struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        struct attempt *attempt = &race->attempts[i];
        if (attempt->state != ATTEMPT_BEGUN) {
            continue;
        }
        enum net_outcome outcome = net_connect_result(attempt->socket);
        if (outcome == NET_OK) {
            return attempt;
        }
        if (outcome != NET_WANT_WRITE) {
            fail(race, attempt, outcome);
        }
    }
    return NULL;
}

static enum exit_status wait_for_answer(struct race *race)
{
    struct net_wait_item items[NET_ADDRESSES_MAX];
    for (size_t i = 0; i < race->count; i++) {
        items[i] =
            (struct net_wait_item){.socket = race->attempts[i].socket, .events = NET_EVENT_WRITE};
    }
    bool more_follow = find(race, ATTEMPT_WAITING) != NULL;
    race->client->phase = "connect";
    return client_wait_items(race->client, items, race->count,
                             more_follow ? race->next_us : NET_NO_DEADLINE);
}

/* All that is left to try is of a family that we have no address of. */
static enum exit_status wait_for_address(struct race *race)
{
    race->client->phase = "address";
    enum exit_status result = client_wait(race->client, NULL, false);
    for (size_t i = 0; i < race->count; i++) {
        if (race->attempts[i].state == ATTEMPT_HOMELESS) {
            race->attempts[i].state = ATTEMPT_WAITING;
        }
    }
    return result;
}

/* Begins, and waits once for what is under way. */
static enum exit_status run_round(struct race *race)
{
    begin_due(race);
    if (find(race, ATTEMPT_BEGUN) != NULL) {
        return wait_for_answer(race);
    }
    if (race->worst == NET_OK) {
        return wait_for_address(race);
    }
    race->client->phase = "connect";
    return client_connect_failed(race->client, race->worst);
}

static void end_losers(struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        net_socket_abort(race->attempts[i].socket);
    }
}

enum exit_status client_race(struct echo_client *client, struct net_socket **socket,
                             struct net_address *peer)
{
    struct race race = {.client = client, .count = client->peers.count, .worst = NET_OK};
    for (size_t i = 0; i < race.count; i++) {
        race.attempts[i].peer = &client->peers.list[i];
    }
    enum exit_status result = EXIT_STATUS_OK;
    struct attempt *winner = NULL;
    while (result == EXIT_STATUS_OK && winner == NULL) {
        result = run_round(&race);
        winner = look(&race);
    }
    *socket = NULL;
    if (result == EXIT_STATUS_OK) {
        *peer = *winner->peer;
        *socket = winner->socket;
        winner->socket = NULL;
    }
    end_losers(&race);
    return result;
}
