/* What a socket has received and would take to send: told, waited for, and true. */
#include "clock_port.h"
#include "net_fixture.h"

#define WHOLE 5000 /* bytes that are waited for at once */
#define SHORT_MS 150

/* Waits for so many bytes in the direction of event; false: not within timeout_ms. */
static bool wait_for(struct net_socket *socket, enum net_event event, size_t len,
                     unsigned timeout_ms)
{
    struct net_wait_item item = {
        .socket = socket, .events = event, .read_len = len, .write_len = len};
    uint64_t until = clock_now_us() + (uint64_t)timeout_ms * 1000;
    do {
        net_wait(fixture_net(), &item, 1, until);
    } while (item.ready == 0 && clock_now_us() < until);
    return item.ready != 0;
}

/* A stack that cannot tell says so of a connection that is new and open. */
static struct net_socket *open_telling_connection(void)
{
    struct net_socket *socket = open_connection();
    if (net_receivable(socket) == SIZE_MAX || net_sendable(socket) == SIZE_MAX) {
        contract_remark("this stack cannot tell");
        net_socket_close(socket);
        return NULL;
    }
    return socket;
}

static void receive_all(struct net_socket *socket, struct stream_position *position, uint64_t len)
{
    CHECK_NET(receive_pattern(socket, position, len), NET_OK);
}

static void test_receivable(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    struct stream_position position = {0};
    if (socket != NULL) {
        CHECK_INT(net_receivable(socket), 0);
        peer_do(PEER_SEND, 0, WHOLE - 1);
        CHECK(wait_for(socket, NET_EVENT_READ, WHOLE - 1, LONG_MS));
        CHECK_INT(net_receivable(socket), WHOLE - 1);
        CHECK(!wait_for(socket, NET_EVENT_READ, WHOLE, SHORT_MS));
        peer_do(PEER_SEND, 0, 1);
        CHECK(wait_for(socket, NET_EVENT_READ, WHOLE, LONG_MS));
        receive_all(socket, &position, 100);
        CHECK_INT(net_receivable(socket), WHOLE - 100);
        receive_all(socket, &position, WHOLE - 100);
        CHECK_INT(net_receivable(socket), 0);
        net_socket_close(socket);
    }
    fixture_end();
}

/* Fewer bytes than are waited for, and then the end: that ends the wait. */
static void check_end(enum peer_op op, enum net_outcome expected)
{
    uint8_t byte;
    size_t count;
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    if (socket != NULL) {
        peer_do(PEER_SEND, 0, 100);
        CHECK(!wait_for(socket, NET_EVENT_READ, WHOLE, SHORT_MS));
        peer_do(op, 0, 0);
        CHECK(wait_for(socket, NET_EVENT_READ, WHOLE, LONG_MS));
        CHECK(net_receivable(socket) == SIZE_MAX);
        enum net_outcome outcome = NET_OK;
        while (outcome == NET_OK) {
            CHECK(wait_for(socket, NET_EVENT_READ, WHOLE, LONG_MS));
            outcome = checked_receive(socket, &byte, 1, &count);
        }
        CHECK_NET(outcome, expected);
        net_socket_close(socket);
    }
    fixture_end();
}

static void test_receivable_at_the_end(void)
{
    contract_trying("FIN");
    check_end(PEER_SHUTDOWN, NET_CLOSED);
    contract_trying("RST");
    check_end(PEER_ABORT, NET_RESET);
}

/* A byte at a time, more pieces than a socket may want to hold: who waits for all of them must not
 * wait for ever. */
static void test_receivable_in_tiny_pieces(void)
{
    enum { PIECES = 120 }; /* the peer can queue them all */
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    struct stream_position position = {0};
    if (socket != NULL) {
        for (unsigned i = 0; i < PIECES; ++i) {
            peer_do(PEER_SEND, 0, 1);
        }
        while (position.received_len < PIECES) {
            size_t left = (size_t)(PIECES - position.received_len);
            CHECK(wait_for(socket, NET_EVENT_READ, left, LONG_MS));
            size_t there = net_receivable(socket);
            receive_all(socket, &position, there < left ? there : 1);
        }
        net_socket_close(socket);
    }
    fixture_end();
}

/* What is sendable is taken by one send, without a want. */
static void check_sendable(struct net_socket *socket, struct stream_position *position, size_t len)
{
    static uint8_t bytes[1 << 20];
    size_t done = 0;
    CHECK(len <= sizeof bytes);
    for (size_t i = 0; i < len; ++i) {
        bytes[i] = peer_pattern(position->sent_len + i);
    }
    while (done < len) {
        size_t count;
        CHECK_NET(checked_send(socket, bytes + done, len - done, &count), NET_OK);
        done += count;
    }
    position->sent_len += len;
}

static void test_sendable(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    struct stream_position position = {0};
    if (socket != NULL) {
        size_t all = net_sendable(socket);
        CHECK(all >= WHOLE);
        while (net_sendable(socket) >= WHOLE) {
            check_sendable(socket, &position, net_sendable(socket));
            (void)wait_for(socket, NET_EVENT_WRITE, WHOLE, SHORT_MS);
        }
        CHECK(!wait_for(socket, NET_EVENT_WRITE, WHOLE, SHORT_MS));
        peer_do(PEER_RECEIVE, 0, all / 4 * 3); /* room for more than half of all, not for all */
        CHECK(wait_for(socket, NET_EVENT_WRITE, all / 2, LONG_MS));
        CHECK(!wait_for(socket, NET_EVENT_WRITE, all, SHORT_MS));
        peer_do(PEER_RECEIVE, 0, position.sent_len - all / 4 * 3);
        CHECK(wait_for(socket, NET_EVENT_WRITE, all, LONG_MS));
        check_sendable(socket, &position, all);
        peer_do(PEER_RECEIVE, 0, all);
        net_socket_close(socket);
    }
    fixture_end();
}

/* Small writes use up a stack's buffers before its bytes: what it says must hold for them, too. */
static void test_sendable_after_small_writes(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    struct stream_position position = {0};
    if (socket != NULL) {
        while (net_sendable(socket) >= 10 && position.sent_len < 200000) {
            check_sendable(socket, &position, 10);
        }
        check_sendable(socket, &position, net_sendable(socket));
        peer_do(PEER_RECEIVE, 0, position.sent_len);
        net_socket_close(socket);
    }
    fixture_end();
}

static void test_sendable_when_gone(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_telling_connection();
    struct stream_position position = {0};
    if (socket != NULL) {
        while (net_sendable(socket) >= WHOLE) {
            check_sendable(socket, &position, net_sendable(socket));
            (void)wait_for(socket, NET_EVENT_WRITE, WHOLE, SHORT_MS);
        }
        peer_do(PEER_ABORT, 0, 0);
        CHECK(wait_for(socket, NET_EVENT_WRITE, WHOLE, LONG_MS));
        CHECK(net_sendable(socket) == SIZE_MAX);
        net_socket_close(socket);
    }
    fixture_end();
}

const struct contract_test net_room_tests[] = {
    {"net_room_receivable", test_receivable},
    {"net_room_receivable_at_the_end", test_receivable_at_the_end},
    {"net_room_receivable_in_tiny_pieces", test_receivable_in_tiny_pieces},
    {"net_room_sendable", test_sendable},
    {"net_room_sendable_after_small_writes", test_sendable_after_small_writes},
    {"net_room_sendable_when_gone", test_sendable_when_gone},
    {0},
};
