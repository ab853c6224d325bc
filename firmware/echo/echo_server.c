/* The echo server's event loop: accepts into a fixed pool of sessions and gives each its turn. */
#include "echo_server.h"

#include <stdlib.h>

#include "clock_port.h"
#include "control_port.h"
#include "echo_log.h"
#include "echo_names.h"
#include "echo_server_internal.h"
#include "watchdog_port.h"

#define MODULE ECHO_SERVER_MODULE

/* Connections accepted in one round before the sessions get their turn. */
#define ACCEPTS_MAX 16

/* Sessions that have their turn in one round, beside those that are due. */
#define READY_MAX 64

/* Connections that may wait in the stack: half open, or for their accept. Not fewer for a small
 * pool: a SYN flood has to fill this within a peer's round trip to keep it out. */
#define BACKLOG 64

/* ---- Numbers --------------------------------------------------------------------------------- */

static void stats_when_due(struct echo_server *server)
{
    uint64_t now_us = clock_now_us();
    if (now_us >= server->stats_us) {
        server_log_stats(server, LOG_LEVEL_INFO, MODULE);
        server->stats_us = now_us + (uint64_t)server->service.config->stats_interval_s * 1000000;
    }
}

/* ---- Accept ---------------------------------------------------------------------------------- */

static void refuse(struct echo_server *server, const struct net_address *peer, const char *reason)
{
    char text[NET_ADDRESS_TEXT_MAX];
    server->service.counters.refused++;
    log_event(LOG_LEVEL_WARN, MODULE, "refused", "peer=%s reason=%s", net_address_text(text, peer),
              reason);
}

static struct echo_session *free_session(struct echo_server *server)
{
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        if (server->sessions[i].connection.phase == CONNECTION_NONE) {
            return &server->sessions[i];
        }
    }
    return NULL;
}

static void admit(struct echo_server *server, struct net_socket *socket,
                  const struct net_address *peer)
{
    char text[NET_ADDRESS_TEXT_MAX];
    struct echo_session *session = free_session(server);
    if (!rate_limit_allows(&server->rate_limit, server->service.config->rate_limit, peer,
                           clock_now_us())) {
        refuse(server, peer, "rate_limit");
        net_socket_abort(socket);
        return;
    }
    if (session == NULL) {
        refuse(server, peer, "pool_full");
        net_socket_abort(socket);
        return;
    }
    server->service.counters.accepted++;
    server->last_id++;
    log_event(LOG_LEVEL_INFO, MODULE, "accepted", "session=%u peer=%s", server->last_id,
              net_address_text(text, peer));
    echo_session_start(session, &server->service, socket, peer, server->last_id);
    server_turns_follow(server, (uint32_t)(session - server->sessions));
}

static void accept_all(struct echo_server *server)
{
    for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
        struct net_socket *socket = NULL;
        struct net_address peer = {0};
        enum net_outcome outcome = net_accept(server->listener, &socket, &peer);
        if (outcome == NET_WANT_READ) {
            return;
        }
        /* Out of memory or gone already: then too the stack has one waiting connection less. */
        server->advances += outcome == NET_OK || outcome == NET_NO_MEMORY || outcome == NET_RESET;
        if (outcome == NET_OK) {
            admit(server, socket, &peer);
        } else {
            refuse(server, &peer, net_outcome_name(outcome));
        }
    }
}

/* ---- The loop -------------------------------------------------------------------------------- */

bool server_address_is_lost(const struct echo_server *server)
{
    struct net_status status;
    net_get_status(server->net, &status);
    return status.state == NET_STATE_CONFLICT;
}

/* As net_wait_watched, but looks after watchdog and console, too. */
static size_t wait_for_work(struct echo_server *server, uint32_t *ready, size_t cap,
                            uint64_t deadline_us)
{
    deadline_us = loop_watch_deadline(&server->watch, deadline_us);
    return net_wait_watched(server->net, ready, cap,
                            echo_console_is_busy(&server->console) ? 0 : deadline_us);
}

/* Nothing is watched yet: until the net's state changes. */
static void wait_for_start(struct echo_server *server, uint64_t deadline_us)
{
    uint32_t none;
    (void)wait_for_work(server, &none, 1, deadline_us);
}

/* The end of each round: what was typed, and whether all this was worth feeding the watchdog. */
static void finish_round(struct echo_server *server)
{
    echo_console_poll(&server->console);
    loop_watch_round(&server->watch, server->advances);
}

static void watch_listener(const struct echo_server *server)
{
    struct net_wait_item item = {.socket = server->listener, .events = NET_EVENT_READ};
    net_watch(&item, server->service.config->max_sessions); /* the number after all places */
}

/* Takes the listener's number out of those that are ready; true if it was there. */
static bool take_listener(const struct echo_server *server, uint32_t *ready, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (ready[i] == server->service.config->max_sessions) {
            ready[i] = ready[--*count];
            return true;
        }
    }
    return false;
}

/* One round: wait, step every session that can go on, then let new ones in. */
static void serve_round(struct echo_server *server)
{
    uint32_t ready[READY_MAX];
    uint64_t deadline_us = server_turns_deadline(server);
    deadline_us = server->stats_us < deadline_us ? server->stats_us : deadline_us;
    size_t count = wait_for_work(server, ready, READY_MAX, deadline_us);
    bool has_newcomers = take_listener(server, ready, &count);
    server_recheck(server);
    server_turns_take(server, ready, count);
    if (server->listener != NULL && has_newcomers) {
        accept_all(server);
        watch_listener(server);
    }
    stats_when_due(server);
    finish_round(server);
}

static void drain(struct echo_server *server)
{
    log_event(LOG_LEVEL_INFO, MODULE, "draining", "sessions=%u", server_session_count(server));
    net_socket_close(server->listener);
    server->listener = NULL;
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        echo_session_drain(&server->sessions[i], &server->service);
    }
    server_turns_follow_all(server);
    while (server_session_count(server) > 0 && control_stop_count() < 2 &&
           !server_address_is_lost(server)) {
        serve_round(server);
    }
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        echo_session_abort(&server->sessions[i], &server->service);
    }
}

/* ---- Start ----------------------------------------------------------------------------------- */

/* Waits for an address. OK also when asked to stop meanwhile. */
static enum exit_status wait_for_address(struct echo_server *server, struct net_status *status)
{
    net_get_status(server->net, status);
    while (status->state != NET_STATE_UP && control_stop_count() == 0) {
        if (status->state == NET_STATE_CONFLICT) {
            return EXIT_STATUS_CONFIG; /* the net backend has logged whose address it is */
        }
        wait_for_start(server, NET_NO_DEADLINE);
        finish_round(server);
        net_get_status(server->net, status);
    }
    return EXIT_STATUS_OK;
}

/* Waits for the wall clock, if we need it. OK also when asked to stop meanwhile. */
static enum exit_status wait_for_clock(struct echo_server *server)
{
    uint64_t since_us = clock_now_us();
    uint64_t deadline_us = since_us + (uint64_t)server->service.config->clock_timeout_ms * 1000;
    while (server_lacks_clock(server) && control_stop_count() == 0) {
        if (server_address_is_lost(server)) {
            return EXIT_STATUS_CONFIG;
        }
        if (clock_now_us() >= deadline_us) {
            echo_log_deadline(MODULE, 0, "clock", since_us);
            return EXIT_STATUS_DEADLINE;
        }
        wait_for_start(server, deadline_us);
        finish_round(server);
    }
    return server_check_identity(server);
}

static enum exit_status listen_on(struct echo_server *server, const struct net_status *status)
{
    const struct echo_server_config *config = server->service.config;
    char ip[NET_ADDRESS_TEXT_MAX];
    enum net_outcome outcome = net_listen(server->net, config->port, BACKLOG, &server->listener);
    if (outcome != NET_OK) {
        log_event(LOG_LEVEL_ERROR, MODULE, "listen_failed", "port=%u reason=%s", config->port,
                  net_outcome_name(outcome));
        return EXIT_STATUS_CONFIG;
    }
    const struct net_address *own =
        status->ip.family != NET_FAMILY_NONE ? &status->ip : &status->ip6;
    log_event(LOG_LEVEL_INFO, MODULE, "listening", "ip=%s port=%u sessions=%u",
              net_address_text(ip, own), config->port, config->max_sessions);
    watch_listener(server);
    watchdog_tell_ready();
    return EXIT_STATUS_OK;
}

static enum exit_status serve(struct echo_server *server)
{
    struct net_status status;
    enum exit_status result = wait_for_address(server, &status);
    if (result == EXIT_STATUS_OK) {
        result = wait_for_clock(server);
    }
    if (result != EXIT_STATUS_OK || control_stop_count() > 0) {
        return result;
    }
    result = listen_on(server, &status);
    if (result != EXIT_STATUS_OK) {
        return result;
    }
    while (control_stop_count() == 0 && !server_address_is_lost(server)) {
        serve_round(server);
    }
    result = server_address_is_lost(server) ? EXIT_STATUS_CONFIG : EXIT_STATUS_OK;
    drain(server);
    server_log_stats(server, LOG_LEVEL_INFO, MODULE);
    return result;
}

enum exit_status echo_server_run(const struct echo_server_config *config, struct net *net,
                                 struct tls_context *context)
{
    struct echo_server server = {.net = net, .stats_us = NET_NO_DEADLINE};
    enum exit_status result = EXIT_STATUS_INTERNAL;
    server.service.config = config;
    server.clock_steps = config->clock_steps;
    server.service.context = context;
    if (config->stats_interval_s > 0) {
        server.stats_us = clock_now_us() + (uint64_t)config->stats_interval_s * 1000000;
    }
    server.sessions = calloc(config->max_sessions, sizeof(*server.sessions));
    bool has_turns = server_turns_open(&server.turns, config->max_sessions);
    loop_watch_start(&server.watch);
    bool has_buffers = echo_buffers_open(&server.service.buffers, config->buffer_count);
    if (server.sessions != NULL && has_turns && has_buffers) {
        echo_console_start(&server.console, config->console, net, &server);
        result = serve(&server);
    } else {
        log_event(LOG_LEVEL_ERROR, MODULE, "no_memory", "sessions=%u", config->max_sessions);
    }
    echo_buffers_close(&server.service.buffers);
    server_turns_close(&server.turns);
    free(server.sessions);
    return result;
}
