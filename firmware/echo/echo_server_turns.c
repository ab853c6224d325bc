/* Whose turn it is: sessions whose socket is ready, that go on without waiting, or whose deadline
 * has passed. What a round costs depends on those, not on how many sessions there are. */
#include <stdlib.h>

#include "clock_port.h"
#include "echo_server_internal.h"

bool server_turns_open(struct server_turns *turns, unsigned max_sessions)
{
    *turns = (struct server_turns){
        .due = calloc(2 * (size_t)max_sessions, sizeof(*turns->due)),
        .is_due = calloc(max_sessions, sizeof(*turns->is_due)),
        .deadline_us = NET_NO_DEADLINE,
    };
    return turns->due != NULL && turns->is_due != NULL;
}

void server_turns_close(struct server_turns *turns)
{
    free(turns->due);
    free(turns->is_due);
    *turns = (struct server_turns){.due = NULL};
}

static void add_due(struct server_turns *turns, uint32_t place)
{
    if (!turns->is_due[place]) {
        turns->is_due[place] = true;
        turns->due[turns->due_count++] = place;
    }
}

void server_turns_follow(struct echo_server *server, uint32_t place)
{
    struct server_turns *turns = &server->turns;
    const struct echo_session *session = &server->sessions[place];
    const struct connection *connection = &session->connection;
    if (connection->phase == CONNECTION_NONE) {
        return;
    }
    struct net_wait_item item = connection_wait_item(connection);
    if (item.socket != NULL) {
        net_watch(&item, place);
    }
    if (connection->deadline_us < turns->deadline_us) {
        turns->deadline_us = connection->deadline_us;
    }
    if (echo_session_is_runnable(session)) {
        add_due(turns, place);
    }
}

/* Finds the earliest deadline anew. */
void server_turns_follow_all(struct echo_server *server)
{
    server->turns.deadline_us = NET_NO_DEADLINE;
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        server_turns_follow(server, i);
    }
}

uint64_t server_turns_deadline(const struct echo_server *server)
{
    return server->turns.due_count > 0 ? 0 : server->turns.deadline_us;
}

static void take_turn(struct echo_server *server, uint32_t place)
{
    struct echo_session *session = &server->sessions[place];
    if (session->connection.phase == CONNECTION_NONE) {
        return; /* it ended since */
    }
    uint64_t before = connection_advance(&session->connection);
    echo_session_step(session, &server->service);
    server->advances += connection_advance(&session->connection) != before;
    server_turns_follow(server, place);
}

/* Those that are due because of what happens now come the next time. */
static void take_due(struct echo_server *server)
{
    struct server_turns *turns = &server->turns;
    size_t count = turns->due_count;
    for (size_t i = 0; i < count; i++) {
        turns->is_due[turns->due[i]] = false;
        take_turn(server, turns->due[i]);
    }
    turns->due_count -= count;
    for (size_t i = 0; i < turns->due_count; i++) {
        turns->due[i] = turns->due[count + i];
    }
}

/* A deadline was put off more often than not since it was the earliest; then this looks at all for
 * the next one, once in a timeout. */
static void take_late(struct echo_server *server)
{
    uint64_t now_us = clock_now_us();
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        const struct connection *connection = &server->sessions[i].connection;
        if (connection->phase != CONNECTION_NONE && now_us >= connection->deadline_us) {
            take_turn(server, i);
        }
    }
    server_turns_follow_all(server);
}

void server_turns_take(struct echo_server *server, const uint32_t *ready, size_t count)
{
    take_due(server);
    for (size_t i = 0; i < count; i++) {
        take_turn(server, ready[i]);
    }
    if (clock_now_us() >= server->turns.deadline_us) {
        take_late(server);
    }
    if (server->service.buffers.has_granted) {
        server->service.buffers.has_granted = false;
        server_turns_follow_all(server);
    }
}
