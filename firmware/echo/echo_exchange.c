/* Both directions of one payload. Neither may wait for the other: a server that echoes while we
 * only send would fill both windows, and everybody would wait for ever. */
#include "echo_exchange.h"

#include "clock_port.h"

/* Buffers sent and received in one step before the caller looks at its deadline again. */
#define TURNS_MAX 8

static bool has_ended(enum tls_outcome outcome)
{
    return outcome != TLS_OK && !connection_is_want(outcome);
}

void echo_exchange_start(struct echo_exchange *exchange, const struct payload *payload)
{
    exchange->payload = *payload;
    exchange->sent = exchange->received = 0;
    exchange->begin = exchange->end = 0;
    exchange->started_us = clock_now_us();
    exchange->outcome = TLS_OK;
    exchange->runnable = true;
}

/* The last call waits for one thing, the one before perhaps for another. */
static void note_wait(struct echo_exchange *exchange, const struct connection *connection)
{
    struct net_wait_item *waits = &exchange->waits;
    waits->socket = connection->socket;
    waits->events |= connection->wants;
    if ((connection->wants & NET_EVENT_READ) != 0) {
        waits->read_len = connection->want_len;
    }
    if ((connection->wants & NET_EVENT_WRITE) != 0) {
        waits->write_len = connection->want_len;
    }
}

/* After a want the very same bytes are offered again: the buffer is refilled only when it is empty.
 */
static enum tls_outcome send_some(struct echo_exchange *exchange, struct connection *connection)
{
    size_t count;
    if (exchange->sent == exchange->payload.len) {
        return TLS_WANT_READ; /* only the echo is left to wait for */
    }
    if (exchange->begin == exchange->end) {
        exchange->begin = 0;
        exchange->end =
            payload_fill(&exchange->payload, exchange->sent, exchange->out, sizeof(exchange->out));
    }
    enum tls_outcome outcome = connection_write(connection, exchange->out + exchange->begin,
                                                exchange->end - exchange->begin, &count);
    exchange->begin += count;
    exchange->sent += count;
    note_wait(exchange, connection);
    return outcome;
}

/* *differs is set when something came that is not the echo. */
static enum tls_outcome receive_some(struct echo_exchange *exchange, struct connection *connection,
                                     bool *differs)
{
    size_t count;
    enum tls_outcome outcome =
        connection_read(connection, exchange->in, sizeof(exchange->in), &count);
    if (outcome == TLS_OK) {
        *differs = !payload_matches(&exchange->payload, exchange->received, exchange->in, count,
                                    &exchange->differs_at);
        exchange->received += count;
    }
    note_wait(exchange, connection);
    return outcome;
}

static enum echo_exchange_result exchange_turn(struct echo_exchange *exchange,
                                               struct connection *connection)
{
    bool differs = false;
    exchange->waits = (struct net_wait_item){.events = 0};
    enum tls_outcome sent = send_some(exchange, connection);
    /* What the peer said before it left is read even when sending has failed. */
    enum tls_outcome received = receive_some(exchange, connection, &differs);
    if (differs) {
        return ECHO_EXCHANGE_DIFFERS;
    }
    if (exchange->received == exchange->payload.len) {
        return ECHO_EXCHANGE_DONE;
    }
    /* The socket wakes us for what it holds, but not for what the library holds already. */
    exchange->runnable = sent == TLS_OK || received == TLS_OK || tls_has_input(connection->session);
    if (has_ended(received) || (has_ended(sent) && received != TLS_OK)) {
        exchange->outcome = has_ended(received) ? received : sent;
        return ECHO_EXCHANGE_ENDED;
    }
    return ECHO_EXCHANGE_WAITING;
}

enum echo_exchange_result echo_exchange_step(struct echo_exchange *exchange,
                                             struct connection *connection)
{
    enum echo_exchange_result result = ECHO_EXCHANGE_WAITING;
    exchange->runnable = true;
    for (unsigned turn = 0; turn < TURNS_MAX && exchange->runnable; turn++) {
        result = exchange_turn(exchange, connection);
        if (result != ECHO_EXCHANGE_WAITING) {
            break;
        }
    }
    return result;
}
