/* The echo client: one session at a time, from the address to the last byte of the echo. */
#include "echo_client.h"

#include "clock_port.h"
#include "control_port.h"
#include "echo_client_internal.h"
#include "echo_log.h"
#include "echo_names.h"
#include "log_port.h"
#include "memory_port.h"

/* How long a session that has ended in order waits for the peer's FIN. */
#define FIN_TIMEOUT_US 300000

/* ---- The end --------------------------------------------------------------------------------- */

static void keep_ticket(struct echo_client *client)
{
    enum tls_outcome outcome = tls_session_export(client->connection.session, client->ticket,
                                                  sizeof(client->ticket), &client->ticket_len);
    if (outcome != TLS_OK) {
        client->ticket_len = 0;
        log_event(LOG_LEVEL_WARN, ECHO_CLIENT_MODULE, "no_ticket", "session=%u reason=%s",
                  client->session_id, tls_outcome_name(outcome));
    }
}

/* Goes on closing until that is over, but not beyond deadline_us. */
static void close_until(struct echo_client *client, uint64_t deadline_us)
{
    struct connection *connection = &client->connection;
    while (!connection_close(connection) && clock_now_us() < deadline_us &&
           control_stop_count() < 2) {
        struct net_wait_item item = connection_wait_item(connection);
        client_sleep(client, &item, 1, deadline_us);
    }
}

/* The orderly end after an echo that was right: now the peer's close_notify has to come. */
static enum exit_status close_after_echo(struct echo_client *client)
{
    struct connection *connection = &client->connection;
    client_begin_phase(client, "close", client->config->close_timeout_ms);
    connection_start_close(connection, true, client->deadline_us);
    while (!connection_close(connection)) {
        if (connection->phase == CONNECTION_DRAINING) {
            /* TLS has ended in order on both sides: the peer's FIN says nothing more, and some
             * forwarders never pass it on. */
            close_until(client, clock_now_us() + FIN_TIMEOUT_US);
            break;
        }
        enum exit_status result = client_wait_connection(client);
        if (result != EXIT_STATUS_OK) {
            echo_log_closed(ECHO_CLIENT_MODULE, connection, "deadline");
            return result;
        }
    }
    if (connection->ending == TLS_OK) {
        return client_log_differs(client, client->exchange.received);
    }
    if (client->config->resume && client->ticket_len == 0) {
        keep_ticket(client);
    }
    echo_log_closed(ECHO_CLIENT_MODULE, connection, echo_close_reason(connection->ending));
    return connection->ending == TLS_CLOSED ? EXIT_STATUS_OK
                                            : client_ended_status(connection->ending);
}

/* The end after a failure: our alert or close_notify still goes out, in order, but nothing more is
 * expected of the peer. */
static void close_after_failure(struct echo_client *client, const char *reason)
{
    struct connection *connection = &client->connection;
    uint64_t deadline_us = clock_now_us() + (uint64_t)client->config->close_timeout_ms * 1000;
    bool was_open = connection->phase == CONNECTION_OPEN;
    connection_start_close(connection, false, deadline_us);
    close_until(client, deadline_us);
    if (was_open) {
        echo_log_closed(ECHO_CLIENT_MODULE, connection, reason);
    }
}

static const char *failure_reason(const struct echo_client *client, enum exit_status result)
{
    if (result == EXIT_STATUS_DEADLINE) {
        return "deadline";
    }
    if (client->interrupted) {
        return "interrupted";
    }
    if (result == EXIT_STATUS_UNTRUSTED) {
        return "refused";
    }
    enum tls_outcome ending = client->connection.ending;
    return ending != TLS_OK ? echo_close_reason(ending) : "failed";
}

static enum exit_status run_session(struct echo_client *client)
{
    client->session_id++;
    enum exit_status result = client_connect(client);
    if (result == EXIT_STATUS_OK) {
        result = client_handshake(client);
    }
    if (result == EXIT_STATUS_OK) {
        result = client_echo(client);
    }
    if (result == EXIT_STATUS_OK) {
        result = close_after_echo(client);
    } else if (client->connection.session != NULL) {
        close_after_failure(client, failure_reason(client, result));
    }
    connection_end(&client->connection);
    return result;
}

static enum exit_status run(struct echo_client *client)
{
    if (client->config->from_stdin && !control_start_lines()) {
        log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "stdin_failed", "reason=%s", "cannot_read");
        return EXIT_STATUS_INTERNAL;
    }
    enum exit_status result = run_session(client);
    if (result == EXIT_STATUS_OK && client->config->resume) {
        result = run_session(client);
    }
    return result;
}

enum exit_status echo_client_run(const struct echo_client_config *config, struct net *net,
                                 struct tls_context *context)
{
    struct echo_client *client = memory_calloc(1, sizeof(*client));
    if (client == NULL) {
        log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "no_memory", "bytes=%zu", sizeof(*client));
        return EXIT_STATUS_INTERNAL;
    }
    client->config = config;
    client->net = net;
    client->context = context;
    client->clock_steps = config->clock_steps;
    loop_watch_start(&client->watch);
    echo_console_start(&client->console, config->console, net, NULL);
    enum exit_status result = run(client);
    memory_free(client); /* zeroizes the ticket */
    return result;
}
