/* A TLS connection's socket, session and phases. */
#include "connection.h"

#include <string.h>

#include "clock_port.h"

/* How many times one step reads before the others get their turn. */
#define DRAIN_READS_MAX 8

/* The session knows its transport only; the transport is the connection's first member. */
static struct connection *connection_of(struct tls_transport *transport)
{
    return (struct connection *)transport;
}

static enum tls_transport_outcome transport_outcome(enum net_outcome outcome)
{
    switch (outcome) {
    case NET_OK:
        return TLS_TRANSPORT_OK;
    case NET_WANT_READ:
        return TLS_TRANSPORT_WANT_READ;
    case NET_WANT_WRITE:
        return TLS_TRANSPORT_WANT_WRITE;
    case NET_CLOSED:
        return TLS_TRANSPORT_CLOSED;
    case NET_RESET:
    case NET_TIMED_OUT:
    case NET_UNREACHABLE:
        return TLS_TRANSPORT_RESET;
    default:
        return TLS_TRANSPORT_FAILED;
    }
}

static enum tls_transport_outcome transport_send(struct tls_transport *self, const uint8_t *bytes,
                                                 size_t len, size_t *count)
{
    struct connection *connection = connection_of(self);
    enum net_outcome outcome = net_send(connection->socket, bytes, len, count);
    connection->wire_bytes += *count;
    return transport_outcome(outcome);
}

static enum tls_transport_outcome transport_receive(struct tls_transport *self, uint8_t *buf,
                                                    size_t cap, size_t *count)
{
    struct connection *connection = connection_of(self);
    enum net_outcome outcome = net_receive(connection->socket, buf, cap, count);
    connection->wire_bytes += *count;
    return transport_outcome(outcome);
}

static size_t transport_receivable(struct tls_transport *self)
{
    return net_receivable(connection_of(self)->socket);
}

static size_t transport_sendable(struct tls_transport *self)
{
    return net_sendable(connection_of(self)->socket);
}

bool connection_is_want(enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
}

/* A read may want to write and a write may want to read: only the outcome knows. */
static enum tls_outcome note_wants(struct connection *connection, enum tls_outcome outcome)
{
    connection->want_len = connection_is_want(outcome) ? tls_want_len(connection->session) : 1;
    connection->wants = outcome == TLS_WANT_READ    ? NET_EVENT_READ
                        : outcome == TLS_WANT_WRITE ? NET_EVENT_WRITE
                                                    : 0;
    return outcome;
}

enum tls_outcome connection_start(struct connection *connection, struct net_socket *socket,
                                  struct tls_context *context,
                                  const struct tls_session_config *config)
{
    struct tls_session_config own = *config;
    connection->transport.send = transport_send;
    connection->transport.receive = transport_receive;
    connection->transport.receivable = transport_receivable;
    connection->transport.sendable = transport_sendable;
    connection->socket = socket;
    connection->phase = CONNECTION_HANDSHAKE;
    connection->wants = NET_EVENT_READ;
    connection->clock_steps = clock_wall().steps;
    connection->started_us = clock_now_us();
    own.transport = &connection->transport;
    return tls_session_open(context, &own, &connection->session);
}

enum tls_outcome connection_handshake(struct connection *connection)
{
    enum tls_outcome outcome = note_wants(connection, tls_handshake(connection->session));
    if (outcome == TLS_OK) {
        connection->phase = CONNECTION_OPEN;
    }
    return outcome;
}

enum tls_outcome connection_read(struct connection *connection, uint8_t *buf, size_t cap,
                                 size_t *count)
{
    enum tls_outcome outcome = tls_read(connection->session, buf, cap, count);
    connection->bytes_in += *count;
    return note_wants(connection, outcome);
}

enum tls_outcome connection_write(struct connection *connection, const uint8_t *bytes, size_t len,
                                  size_t *count)
{
    enum tls_outcome outcome = tls_write(connection->session, bytes, len, count);
    connection->bytes_out += *count;
    return note_wants(connection, outcome);
}

unsigned connection_recheck(struct connection *connection)
{
    unsigned steps = clock_wall().steps;
    if (steps == connection->clock_steps) {
        return 0;
    }
    connection->clock_steps = steps;
    return tls_session_recheck(connection->session);
}

void connection_start_close(struct connection *connection, bool await_notify, uint64_t deadline_us)
{
    connection->phase = CONNECTION_NOTIFYING;
    connection->awaits_notify = await_notify;
    connection->ending = TLS_WANT_READ;
    connection->deadline_us = deadline_us;
}

/* Each of these four returns true when its phase is over. */

static bool close_notify(struct connection *connection)
{
    return !connection_is_want(note_wants(connection, tls_close(connection->session)));
}

static bool close_finish(struct connection *connection)
{
    bool over = net_shutdown(connection->socket) != NET_WANT_WRITE;
    connection->wants = over ? 0 : NET_EVENT_WRITE;
    connection->want_len = 1;
    return over;
}

static bool close_await(struct connection *connection)
{
    uint8_t unexpected[16];
    size_t count;
    if (!connection->awaits_notify) {
        return true;
    }
    connection->ending = connection_read(connection, unexpected, sizeof(unexpected), &count);
    return !connection_is_want(connection->ending);
}

/* Unread bytes make TCP answer close with RST, which can overtake our close_notify and destroy it
 * at the peer: so read on, and drop what comes, until the peer's own FIN. */
static bool close_drain(struct connection *connection)
{
    uint8_t dropped[512];
    size_t count;
    enum net_outcome outcome = NET_OK;
    for (unsigned i = 0; i < DRAIN_READS_MAX && outcome == NET_OK; i++) {
        outcome = net_receive(connection->socket, dropped, sizeof(dropped), &count);
        connection->wire_bytes += count;
    }
    connection->wants = NET_EVENT_READ;
    connection->want_len = 1;
    return outcome != NET_OK && outcome != NET_WANT_READ;
}

bool connection_close(struct connection *connection)
{
    if (connection->phase == CONNECTION_NOTIFYING && close_notify(connection)) {
        connection->phase = CONNECTION_FINISHING;
    }
    if (connection->phase == CONNECTION_FINISHING && close_finish(connection)) {
        connection->phase = CONNECTION_AWAITING;
    }
    if (connection->phase == CONNECTION_AWAITING && close_await(connection)) {
        connection->phase = CONNECTION_DRAINING;
    }
    return connection->phase == CONNECTION_DRAINING && close_drain(connection);
}

void connection_end(struct connection *connection)
{
    tls_session_free(connection->session);
    net_socket_close(connection->socket);
    memset(connection, 0, sizeof(*connection));
}

uint64_t connection_advance(const struct connection *connection)
{
    /* Bytes only grow, so only a new connection could make the sum the same by chance. */
    return connection->wire_bytes + connection->bytes_in + connection->bytes_out +
           (uint64_t)connection->phase;
}

struct net_wait_item connection_wait_item(const struct connection *connection)
{
    return (struct net_wait_item){.socket = connection->socket,
                                  .events = connection->wants,
                                  .read_len = connection->want_len,
                                  .write_len = connection->want_len};
}

bool connection_is_closing(const struct connection *connection)
{
    return connection->phase >= CONNECTION_NOTIFYING;
}
