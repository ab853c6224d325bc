/* The client's way to an open connection: address, name, TCP, handshake; and how it waits. */
#include "clock_port.h"
#include "control_port.h"
#include "echo_client_internal.h"
#include "echo_log.h"
#include "echo_names.h"
#include "log_port.h"

/* ---- Phases and waiting ---------------------------------------------------------------------- */

void client_begin_phase(struct echo_client *client, const char *phase, uint32_t timeout_ms)
{
    client->phase = phase;
    client->since_us = clock_now_us();
    client->deadline_us = client->since_us + (uint64_t)timeout_ms * 1000;
}

/* Another host has our address; the net backend has logged which. */
static bool address_is_lost(const struct echo_client *client)
{
    struct net_status status;
    net_get_status(client->net, &status);
    return status.state == NET_STATE_CONFLICT;
}

void client_sleep(struct echo_client *client, struct net_wait_item *items, size_t count,
                  uint64_t deadline_us)
{
    net_wait(client->net, items, count, loop_watch_deadline(&client->watch, deadline_us));
    echo_console_poll(&client->console);
    loop_watch_round(&client->watch, connection_advance(&client->connection));
}

enum exit_status client_wait_items(struct echo_client *client, struct net_wait_item *items,
                                   size_t count, uint64_t until_us)
{
    if (control_stop_count() > 0 && !client->interrupted) {
        client->interrupted = true;
        log_event(LOG_LEVEL_WARN, ECHO_CLIENT_MODULE, "interrupted", "phase=%s", client->phase);
        return EXIT_STATUS_ECHO;
    }
    if (clock_now_us() >= client->deadline_us) {
        echo_log_deadline(ECHO_CLIENT_MODULE, client->session_id, client->phase, client->since_us);
        return EXIT_STATUS_DEADLINE;
    }
    client_sleep(client, items, count,
                 until_us < client->deadline_us ? until_us : client->deadline_us);
    return address_is_lost(client) ? EXIT_STATUS_CONFIG : client_recheck(client);
}

enum exit_status client_wait(struct echo_client *client, const struct net_wait_item *item,
                             bool runnable)
{
    struct net_wait_item nothing = {.socket = NULL};
    struct net_wait_item waits = item != NULL ? *item : nothing;
    return client_wait_items(client, &waits, 1, runnable ? 0 : NET_NO_DEADLINE);
}

enum exit_status client_wait_connection(struct echo_client *client)
{
    const struct connection *connection = &client->connection;
    /* The socket wakes us for what it holds, but not for what the library holds already. */
    bool runnable = tls_has_input(connection->session);
    struct net_wait_item item = connection_wait_item(connection);
    return client_wait(client, &item, runnable);
}

/* ---- Connect --------------------------------------------------------------------------------- */

static enum exit_status wait_for_address(struct echo_client *client)
{
    struct net_status status;
    enum exit_status result = EXIT_STATUS_OK;
    client->phase = "address";
    net_get_status(client->net, &status);
    while (result == EXIT_STATUS_OK && status.state != NET_STATE_UP) {
        result = client_wait(client, NULL, false);
        net_get_status(client->net, &status);
    }
    return result;
}

enum exit_status client_connect_failed(const struct echo_client *client, enum net_outcome outcome)
{
    char host[272];
    log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "connect_failed",
              "peer=%s port=%u phase=%s reason=%s",
              log_quote(host, sizeof(host), client->config->host), client->config->port,
              client->phase, net_outcome_name(outcome));
    return outcome == NET_NO_MEMORY ? EXIT_STATUS_INTERNAL : EXIT_STATUS_NO_CONNECTION;
}

static enum exit_status resolve(struct echo_client *client)
{
    client->phase = "resolve";
    enum net_outcome outcome = net_resolve(client->net, client->config->host, &client->peers);
    while (outcome == NET_WANT_READ) {
        enum exit_status result = client_wait(client, NULL, false);
        if (result != EXIT_STATUS_OK) {
            return result;
        }
        outcome = net_resolve(client->net, client->config->host, &client->peers);
    }
    for (size_t i = 0; i < client->peers.count; i++) {
        client->peers.list[i].port = client->config->port;
    }
    return outcome == NET_OK ? EXIT_STATUS_OK : client_connect_failed(client, outcome);
}

static enum exit_status start_connection(struct echo_client *client, struct net_socket *socket)
{
    struct tls_session_config config = {
        .server_name = client->config->server_name,
        .resume = {client->ticket, client->ticket_len},
    };
    client->connection.id = client->session_id;
    enum tls_outcome outcome =
        connection_start(&client->connection, socket, client->context, &config);
    if (outcome == TLS_OK) {
        return EXIT_STATUS_OK;
    }
    echo_log_handshake_failed(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, &client->connection,
                              tls_outcome_name(outcome));
    return EXIT_STATUS_INTERNAL;
}

/* Address, name and TCP connection share one deadline, unless there is a clock to wait for between.
 */
enum exit_status client_connect(struct echo_client *client)
{
    struct net_socket *socket = NULL;
    client_begin_phase(client, "address", client->config->connect_timeout_ms);
    enum exit_status result = wait_for_address(client);
    if (result == EXIT_STATUS_OK && client->config->needs_clock) {
        result = client_wait_for_clock(client);
        client_begin_phase(client, "resolve", client->config->connect_timeout_ms);
    }
    if (result == EXIT_STATUS_OK) {
        result = resolve(client);
    }
    if (result == EXIT_STATUS_OK) {
        result = client_race(client, &socket, &client->connection.peer);
    }
    return result == EXIT_STATUS_OK ? start_connection(client, socket) : result;
}

/* ---- Handshake ------------------------------------------------------------------------------- */

/* A stream that is cut here cost no data: whatever ends a handshake is a TLS failure. */
static enum exit_status tls_status(enum tls_outcome outcome)
{
    switch (outcome) {
    case TLS_UNTRUSTED:
        return EXIT_STATUS_UNTRUSTED;
    case TLS_NO_MEMORY:
    case TLS_MISUSE:
        return EXIT_STATUS_INTERNAL;
    default:
        return EXIT_STATUS_TLS;
    }
}

enum exit_status client_handshake(struct echo_client *client)
{
    struct connection *connection = &client->connection;
    client_begin_phase(client, "handshake", client->config->handshake_timeout_ms);
    enum tls_outcome outcome = connection_handshake(connection);
    while (connection_is_want(outcome)) {
        enum exit_status result = client_wait_connection(client);
        if (result != EXIT_STATUS_OK) {
            echo_log_handshake_failed(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, connection,
                                      client->interrupted ? "interrupted" : "deadline");
            return result;
        }
        outcome = connection_handshake(connection);
    }
    if (outcome != TLS_OK) {
        echo_log_handshake_failed(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, connection,
                                  tls_outcome_name(outcome));
        echo_log_peer_certificate(ECHO_CLIENT_MODULE, connection);
        return tls_status(outcome);
    }
    echo_log_handshake_ok(ECHO_CLIENT_MODULE, connection);
    echo_log_peer_certificate(ECHO_CLIENT_MODULE, connection);
    return EXIT_STATUS_OK;
}
