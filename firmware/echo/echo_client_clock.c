/* The client and the wall clock: waits for it, and judges again what was judged without it. */
#include "clock_port.h"
#include "echo_client_internal.h"
#include "echo_log.h"

/* Our own certificate's dates; level says how bad it is if they are wrong. */
static bool identity_is_valid(struct echo_client *client, enum log_level level)
{
    unsigned steps = clock_wall().steps;
    if (steps == client->clock_steps) {
        return true;
    }
    client->clock_steps = steps;
    unsigned verify = tls_context_recheck(client->context);
    if (verify != 0) {
        echo_log_identity_dates(level, ECHO_CLIENT_MODULE, verify);
    }
    return verify == 0;
}

enum exit_status client_wait_for_clock(struct echo_client *client)
{
    enum exit_status result = EXIT_STATUS_OK;
    client_begin_phase(client, "clock", client->config->clock_timeout_ms);
    while (result == EXIT_STATUS_OK && clock_wall().source == CLOCK_SOURCE_LOWER_BOUND) {
        result = client_wait(client, NULL, false);
    }
    if (result == EXIT_STATUS_OK && !identity_is_valid(client, LOG_LEVEL_ERROR)) {
        result = EXIT_STATUS_CONFIG;
    }
    return result;
}

enum exit_status client_recheck(struct echo_client *client)
{
    struct connection *connection = &client->connection;
    if (connection->session == NULL) {
        return EXIT_STATUS_OK; /* nothing was judged yet that matters */
    }
    (void)identity_is_valid(client, LOG_LEVEL_WARN);
    bool is_open = connection->phase == CONNECTION_OPEN;
    unsigned verify = is_open ? connection_recheck(connection) : 0;
    if (verify == 0) {
        return EXIT_STATUS_OK;
    }
    echo_log_trust_lost(LOG_LEVEL_ERROR, ECHO_CLIENT_MODULE, connection, verify);
    return EXIT_STATUS_UNTRUSTED;
}
