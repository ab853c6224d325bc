/* What the client sends, and what it makes of the answer. */
#include <string.h>

#include "clock_port.h"
#include "control_port.h"
#include "echo_client_internal.h"
#include "echo_names.h"
#include "entropy_port.h"
#include "log_port.h"

/* ---- Echo ------------------------------------------------------------------------------------ */

/* The stream ended, or its TLS failed, while an echo was still to come. */
enum exit_status client_ended_status(enum tls_outcome outcome)
{
    switch (outcome) {
    case TLS_CLOSED:
    case TLS_TRUNCATED:
    case TLS_RESET:
        return EXIT_STATUS_ECHO;
    case TLS_NO_MEMORY:
    case TLS_MISUSE:
        return EXIT_STATUS_INTERNAL;
    default:
        return EXIT_STATUS_TLS;
    }
}

enum exit_status client_log_differs(const struct echo_client *client, uint64_t at)
{
    log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "echo_differs", "session=%u at=%llu",
              client->session_id, (unsigned long long)at);
    return EXIT_STATUS_ECHO;
}

static void log_echo(const struct echo_client *client)
{
    uint64_t us = clock_now_us() - client->exchange.started_us;
    log_event(LOG_LEVEL_INFO, ECHO_CLIENT_MODULE, "echo", "session=%u bytes=%llu ms=%u.%03u",
              client->session_id, (unsigned long long)client->exchange.payload.len,
              (unsigned)(us / 1000), (unsigned)(us % 1000));
}

/* Waits until the exchange can go on. Each byte moved puts off the deadline. */
static enum exit_status wait_exchange(struct echo_client *client, uint64_t moved_before)
{
    struct echo_exchange *exchange = &client->exchange;
    if (exchange->sent + exchange->received != moved_before) {
        client_begin_phase(client, "idle", client->config->idle_timeout_ms);
    }
    client->phase = exchange->sent < exchange->payload.len ? "write" : "idle";
    return client_wait(client, &exchange->waits, exchange->runnable);
}

static enum exit_status exchange_ended(struct echo_client *client, enum echo_exchange_result result)
{
    if (result == ECHO_EXCHANGE_DONE) {
        log_echo(client);
        return EXIT_STATUS_OK;
    }
    if (result == ECHO_EXCHANGE_DIFFERS) {
        return client_log_differs(client, client->exchange.differs_at);
    }
    client->connection.ending = client->exchange.outcome;
    log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "echo_incomplete",
              "session=%u sent=%llu received=%llu bytes=%llu reason=%s", client->session_id,
              (unsigned long long)client->exchange.sent,
              (unsigned long long)client->exchange.received,
              (unsigned long long)client->exchange.payload.len,
              tls_outcome_name(client->exchange.outcome));
    return client_ended_status(client->exchange.outcome);
}

static enum exit_status exchange_payload(struct echo_client *client, const struct payload *payload)
{
    client_begin_phase(client, "write", client->config->idle_timeout_ms);
    echo_exchange_start(&client->exchange, payload);
    for (;;) {
        uint64_t moved = client->exchange.sent + client->exchange.received;
        enum echo_exchange_result result =
            echo_exchange_step(&client->exchange, &client->connection);
        if (result != ECHO_EXCHANGE_WAITING) {
            return exchange_ended(client, result);
        }
        enum exit_status waited = wait_exchange(client, moved);
        if (waited != EXIT_STATUS_OK) {
            return waited;
        }
    }
}

/* Sends text, which ends in a line end if that is part of it, and prints it, without its end, once
 * it is back. */
static enum exit_status exchange_text(struct echo_client *client, const char *text, size_t len,
                                      size_t print_len)
{
    struct payload payload = {.text = (const uint8_t *)text, .len = len};
    enum exit_status result = exchange_payload(client, &payload);
    if (result == EXIT_STATUS_OK) {
        client->config->print(text, print_len);
    }
    return result;
}

static enum exit_status exchange_random(struct echo_client *client)
{
    struct payload payload = {.len = client->config->size};
    if (!entropy_fill((uint8_t *)&payload.seed, sizeof(payload.seed))) {
        log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "entropy_failed", "session=%u",
                  client->session_id);
        return EXIT_STATUS_INTERNAL;
    }
    return exchange_payload(client, &payload);
}

static enum exit_status exchange_messages(struct echo_client *client)
{
    const struct echo_client_config *config = client->config;
    enum exit_status result = EXIT_STATUS_OK;
    for (uint32_t i = 0; i < config->count && result == EXIT_STATUS_OK; i++) {
        size_t len = strlen(config->message);
        result = config->size > 0 ? exchange_random(client)
                                  : exchange_text(client, config->message, len, len);
    }
    return result;
}

/* ---- Lines typed ----------------------------------------------------------------------------- */

/* While nobody types the peer may leave, or send what nobody asked for. *open is false once it has
 * left. */
static enum exit_status look_at_peer(struct echo_client *client, bool *open)
{
    uint8_t unexpected[16];
    size_t count;
    enum tls_outcome outcome =
        connection_read(&client->connection, unexpected, sizeof(unexpected), &count);
    if (connection_is_want(outcome)) {
        return EXIT_STATUS_OK;
    }
    *open = false;
    if (outcome == TLS_OK) {
        return client_log_differs(client, 0);
    }
    client->connection.ending = outcome;
    return outcome == TLS_CLOSED ? EXIT_STATUS_OK : client_ended_status(outcome);
}

/* The longest a person may think is the server's business, not ours: no deadline. */
static enum exit_status wait_for_line(struct echo_client *client, bool *open)
{
    enum exit_status result = look_at_peer(client, open);
    if (result != EXIT_STATUS_OK || !*open) {
        return result;
    }
    client->phase = "line";
    client->deadline_us = NET_NO_DEADLINE;
    return client_wait_connection(client);
}

static enum exit_status exchange_line(struct echo_client *client, size_t len)
{
    client->line[len] = '\n'; /* control_take_line was given one byte less than there is */
    return exchange_text(client, client->line, len + 1, len);
}

static enum exit_status exchange_lines(struct echo_client *client)
{
    enum exit_status result = EXIT_STATUS_OK;
    bool open = true;
    while (result == EXIT_STATUS_OK && open) {
        size_t len = 0;
        if (control_stop_count() > 0) {
            client->interrupted =
                true; /* between two lines nothing is lost: an end like any other */
            return EXIT_STATUS_OK;
        }
        switch (control_take_line(client->line, sizeof(client->line) - 1, &len)) {
        case CONTROL_LINE_OK:
            result = exchange_line(client, len);
            break;
        case CONTROL_LINE_NONE:
            result = wait_for_line(client, &open);
            break;
        case CONTROL_LINE_TOO_LONG:
            log_event(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, "line_too_long", "max=%zu",
                      sizeof(client->line) - 2);
            result = EXIT_STATUS_ECHO;
            break;
        case CONTROL_LINE_END:
            return EXIT_STATUS_OK;
        }
    }
    return result;
}

enum exit_status client_echo(struct echo_client *client)
{
    return client->config->from_stdin ? exchange_lines(client) : exchange_messages(client);
}
