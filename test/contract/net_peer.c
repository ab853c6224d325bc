/* The other end of the net tests: see net_peer.h. */
#include "net_peer.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock_port.h"

/* How long the channel is waited for before the stack gets a turn, for stacks without a thread. */
#define TURN_MS 5

struct connection {
    struct net_socket *socket;
    uint64_t sent_len, received_len;
};

struct peer {
    struct net *net;
    const struct net_config *config;
    const struct net_address *ours; /* two */
    struct net_socket *listener;
    struct connection connections[PEER_SLOTS];
};

uint8_t peer_pattern(uint64_t position)
{
    return (uint8_t)(position * 31 + (position >> 8) * 7 + (position >> 16) * 3);
}

static uint64_t deadline(void)
{
    return clock_now_us() + PEER_TIMEOUT_S * UINT64_C(1000000);
}

/* False: the deadline has passed. */
static bool wait_until(struct peer *peer, struct net_socket *socket, uint8_t events, uint64_t until)
{
    struct net_wait_item item = {.socket = socket, .events = events};
    net_wait(peer->net, &item, 1, until);
    return clock_now_us() < until;
}

static bool is_want(enum net_outcome outcome)
{
    return outcome == NET_WANT_READ || outcome == NET_WANT_WRITE;
}

bool net_peer_is_up(const struct net_config *config, const struct net_status *status)
{
    bool lacks_ip6 = config->ip6_mode == NET_IP6_STATIC && status->ip6.family != NET_FAMILY_IPV6;
    return status->state == NET_STATE_UP && status->ip.family == NET_FAMILY_IPV4 && !lacks_ip6;
}

static struct peer_reply hello(struct peer *peer)
{
    uint64_t until = deadline();
    struct net_status status;
    net_get_status(peer->net, &status);
    while (!net_peer_is_up(peer->config, &status) && clock_now_us() < until) {
        net_wait(peer->net, NULL, 0, until);
        net_get_status(peer->net, &status);
    }
    bool is_up = net_peer_is_up(peer->config, &status);
    return (struct peer_reply){.outcome = is_up ? NET_OK : PEER_TIMED_OUT, .address = status.ip};
}

static struct peer_reply accept_one(struct peer *peer, struct connection *connection)
{
    uint64_t until = deadline();
    struct peer_reply reply = {0};
    for (;;) {
        enum net_outcome outcome = net_accept(peer->listener, &connection->socket, &reply.address);
        reply.outcome = outcome;
        if (outcome != NET_WANT_READ) {
            return reply;
        }
        if (!wait_until(peer, peer->listener, NET_EVENT_READ, until)) {
            reply.outcome = PEER_TIMED_OUT;
            return reply;
        }
    }
}

static struct peer_reply connect_one(struct peer *peer, struct connection *connection,
                                     struct net_address address, uint16_t port)
{
    uint64_t until = deadline();
    address.port = port;
    enum net_outcome outcome = net_connect(peer->net, &address, &connection->socket);
    if (outcome == NET_OK) {
        outcome = net_connect_result(connection->socket);
    }
    while (outcome == NET_WANT_WRITE &&
           wait_until(peer, connection->socket, NET_EVENT_WRITE, until)) {
        outcome = net_connect_result(connection->socket);
    }
    return (struct peer_reply){.outcome =
                                   outcome == NET_WANT_WRITE ? PEER_TIMED_OUT : (int)outcome};
}

static struct peer_reply send_some(struct peer *peer, struct connection *connection, uint64_t len)
{
    uint64_t until = deadline();
    struct peer_reply reply = {.outcome = NET_OK};
    while (reply.count < len) {
        uint8_t bytes[4096];
        uint64_t left = len - reply.count;
        size_t piece = left < sizeof bytes ? (size_t)left : sizeof bytes;
        for (size_t i = 0; i < piece; ++i) {
            bytes[i] = peer_pattern(connection->sent_len + i);
        }
        size_t count;
        enum net_outcome outcome = net_send(connection->socket, bytes, piece, &count);
        connection->sent_len += count;
        reply.count += count;
        if (outcome != NET_OK && !is_want(outcome)) {
            reply.outcome = outcome;
            return reply;
        }
        if (is_want(outcome) && !wait_until(peer, connection->socket, NET_EVENT_WRITE, until)) {
            reply.outcome = PEER_TIMED_OUT;
            return reply;
        }
    }
    return reply;
}

static bool matches(struct connection *connection, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; ++i) {
        if (bytes[i] != peer_pattern(connection->received_len + i)) {
            return false;
        }
    }
    connection->received_len += len;
    return true;
}

static struct peer_reply receive_some(struct peer *peer, struct connection *connection,
                                      uint64_t len)
{
    uint64_t until = deadline();
    struct peer_reply reply = {.outcome = NET_OK};
    while (reply.count < len) {
        uint8_t bytes[4096];
        uint64_t left = len - reply.count;
        size_t count;
        enum net_outcome outcome = net_receive(
            connection->socket, bytes, left < sizeof bytes ? (size_t)left : sizeof bytes, &count);
        reply.outcome = outcome;
        if (outcome == NET_OK && !matches(connection, bytes, count)) {
            reply.outcome = PEER_WRONG_BYTES;
            return reply;
        }
        reply.count += count;
        if (outcome != NET_OK && !is_want(outcome)) {
            return reply;
        }
        if (is_want(outcome) && !wait_until(peer, connection->socket, NET_EVENT_READ, until)) {
            reply.outcome = PEER_TIMED_OUT;
            return reply;
        }
    }
    return reply;
}

static void forget(struct connection *connection, void (*end)(struct net_socket *socket))
{
    end(connection->socket);
    *connection = (struct connection){0};
}

static struct peer_reply close_all(struct peer *peer)
{
    for (unsigned i = 0; i < PEER_SLOTS; ++i) {
        forget(&peer->connections[i], net_socket_abort);
    }
    net_socket_close(peer->listener);
    peer->listener = NULL;
    return (struct peer_reply){.outcome = NET_OK};
}

static struct peer_reply stats(struct peer *peer)
{
    struct net_stats now;
    net_get_stats(peer->net, &now);
    return (struct peer_reply){.outcome = NET_OK, .count = now.sockets};
}

static struct peer_reply end_connection(struct connection *connection, enum peer_op op)
{
    if (op == PEER_SHUTDOWN) {
        return (struct peer_reply){.outcome = (int)net_shutdown(connection->socket)};
    }
    forget(connection, op == PEER_CLOSE ? net_socket_close : net_socket_abort);
    return (struct peer_reply){.outcome = NET_OK};
}

static struct peer_reply listen_at(struct peer *peer, uint16_t port)
{
    return (struct peer_reply){.outcome = (int)net_listen(peer->net, port, 16, &peer->listener)};
}

static struct peer_reply serve(struct peer *peer, const struct peer_request *request)
{
    struct connection *connection = &peer->connections[request->slot % PEER_SLOTS];
    switch (request->op) {
    case PEER_HELLO:
        return hello(peer);
    case PEER_LISTEN:
        return listen_at(peer, (uint16_t)request->number);
    case PEER_ACCEPT:
        return accept_one(peer, connection);
    case PEER_CONNECT:
        return connect_one(peer, connection, peer->ours[0], (uint16_t)request->number);
    case PEER_CONNECT6:
        return connect_one(peer, connection, peer->ours[1], (uint16_t)request->number);
    case PEER_SEND:
        return send_some(peer, connection, request->number);
    case PEER_RECEIVE:
        return receive_some(peer, connection, request->number);
    case PEER_RECEIVE_END:
        return receive_some(peer, connection, UINT64_MAX);
    case PEER_CLOSE_ALL:
        return close_all(peer);
    case PEER_STATS:
        return stats(peer);
    default:
        return end_connection(connection, request->op);
    }
}

/* Waits for the next request while the stack gets its turns. False: there is none. */
static bool next_request(struct peer *peer, int channel, struct peer_request *request)
{
    struct pollfd item = {.fd = channel, .events = POLLIN};
    while (poll(&item, 1, TURN_MS) == 0) {
        net_wait(peer->net, NULL, 0, 0);
    }
    return read(channel, request, sizeof *request) == (ssize_t)sizeof *request &&
           request->op != PEER_QUIT;
}

void net_peer_run(int channel, const struct net_config *config, const struct net_address ours[2])
{
    static struct peer peer;
    struct peer_request request;
    char reason[200];
    peer.config = config;
    peer.ours = ours;
    enum net_outcome outcome = net_open(config, &peer.net, reason, sizeof reason);
    struct peer_reply reply = {.outcome = (int)outcome};
    if (outcome != NET_OK) {
        fprintf(stderr, "# peer: net_open: %s\n", reason);
    }
    if (write(channel, &reply, sizeof reply) != (ssize_t)sizeof reply || outcome != NET_OK) {
        return;
    }
    while (next_request(&peer, channel, &request)) {
        reply = serve(&peer, &request);
        if (write(channel, &reply, sizeof reply) != (ssize_t)sizeof reply) {
            break;
        }
    }
    (void)close_all(&peer);
    net_close(peer.net);
}
