/* Connections: made both ways, bytes both ways, back-pressure, many of them. */
#include "net_fixture.h"

#include "clock_port.h"

static void test_connect(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    CHECK_NET(net_connect_result(socket), NET_OK); /* asked again */
    send_pattern(socket, &position, 1000);
    peer_do(PEER_RECEIVE, 0, 1000);
    peer_do(PEER_SEND, 0, 1000);
    CHECK_NET(receive_pattern(socket, &position, 1000), NET_OK);
    net_socket_close(socket);
    fixture_end();
}

static void check_address(const struct net_address *actual, struct net_address expected)
{
    static const uint8_t zero[12];
    CHECK_INT(actual->family, expected.family);
    CHECK(memcmp(actual->bytes, expected.bytes, 4) == 0);
    CHECK(memcmp(actual->bytes + 4, zero, sizeof zero) == 0);
}

static void test_accept(void)
{
    struct net *net = fixture_begin();
    struct net_socket *listener = NULL;
    struct net_socket *socket = NULL;
    struct net_address from;
    struct stream_position position = {0};
    uint16_t port = fixture_port();
    CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
    CHECK_NET(net_accept(listener, &socket, &from), NET_WANT_READ);
    peer_do(PEER_CONNECT, 0, port);
    CHECK((wait_ready(listener, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    memset(&from, 0x55, sizeof from);
    CHECK_NET(net_accept(listener, &socket, &from), NET_OK);
    check_address(&from, fixture_peer_address());
    CHECK(from.port != 0);
    CHECK_NET(net_accept(listener, &(struct net_socket *){0}, &from), NET_WANT_READ);
    peer_do(PEER_SEND, 0, 5000);
    CHECK_NET(receive_pattern(socket, &position, 5000), NET_OK);
    send_pattern(socket, &position, 5000);
    peer_do(PEER_RECEIVE, 0, 5000);
    net_socket_close(listener); /* what was accepted lives on */
    send_pattern(socket, &position, 10);
    peer_do(PEER_RECEIVE, 0, 10);
    net_socket_close(socket);
    fixture_end();
}

static void test_receive_nothing_there(void)
{
    uint8_t buf[10];
    size_t count;
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_WANT_READ);
    CHECK_INT(wait_ready(socket, NET_EVENT_READ, 50), 0);
    peer_do(PEER_SEND, 0, 1);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_OK);
    CHECK_INT(count, 1);
    CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_WANT_READ);
    net_socket_close(socket);
    fixture_end();
}

static void test_receive_byte_by_byte(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    peer_do(PEER_SEND, 0, 2000);
    for (unsigned i = 0; i < 2000; ++i) {
        uint8_t byte;
        size_t count;
        CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
        CHECK_NET(checked_receive(socket, &byte, 1, &count), NET_OK);
        CHECK_INT(byte, peer_pattern(i));
    }
    net_socket_close(socket);
    fixture_end();
}

static void test_much_data(void)
{
    enum { LEN = 3000000 };
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    for (unsigned i = 0; i < LEN / 30000; ++i) {
        send_pattern(socket, &position, 30000);
        peer_do(PEER_RECEIVE, 0, 30000);
        peer_do(PEER_SEND, 0, 30000);
        CHECK_NET(receive_pattern(socket, &position, 30000), NET_OK);
    }
    net_socket_close(socket);
    fixture_end();
}

/* ---- Back-pressure ------------------------------------------------------------------------------
 */

#define MORE_THAN_FITS (UINT64_C(1) << 28)

/* Sends until there is no more room, and for a moment after that. Ready for writing must mean that
 * a send takes something: anything else makes an event loop spin. */
static void fill(struct net_socket *socket, struct stream_position *position)
{
    uint8_t bytes[1000];
    bool said_ready = false;
    for (;;) {
        size_t count;
        CHECK(position->sent_len < MORE_THAN_FITS);
        for (size_t i = 0; i < sizeof bytes; ++i) {
            bytes[i] = peer_pattern(position->sent_len + i);
        }
        enum net_outcome outcome = checked_send(socket, bytes, sizeof bytes, &count);
        position->sent_len += count;
        bool ready_but_no_room = said_ready && outcome == NET_WANT_WRITE;
        CHECK(!ready_but_no_room);
        said_ready = false;
        if (outcome == NET_WANT_WRITE) {
            said_ready = (wait_ready(socket, NET_EVENT_WRITE, 300) & NET_EVENT_WRITE) != 0;
            if (!said_ready) {
                return;
            }
        } else {
            CHECK_NET(outcome, NET_OK);
        }
    }
}

static void test_back_pressure(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    fill(socket, &position);
    contract_trying("full after %llu bytes", (unsigned long long)position.sent_len);
    peer_do(PEER_RECEIVE, 0, position.sent_len);
    CHECK((wait_ready(socket, NET_EVENT_WRITE, LONG_MS) & NET_EVENT_WRITE) != 0);
    send_pattern(socket, &position, 20000);
    peer_do(PEER_RECEIVE, 0, 20000);
    net_socket_close(socket);
    fixture_end();
}

/* A peer whose connection is full harms no other. */
static void test_full_connection_harms_no_other(void)
{
    (void)fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *full = connect_to_peer(port, 0);
    struct net_socket *other = connect_to_peer(port, 1);
    struct stream_position full_position = {0};
    struct stream_position position = {0};
    fill(full, &full_position);
    for (unsigned i = 0; i < 20; ++i) {
        send_pattern(other, &position, 1000);
        peer_do(PEER_RECEIVE, 1, 1000);
        peer_do(PEER_SEND, 1, 1000);
        CHECK_NET(receive_pattern(other, &position, 1000), NET_OK);
    }
    peer_do(PEER_RECEIVE, 0, full_position.sent_len);
    net_socket_close(full);
    net_socket_close(other);
    fixture_end();
}

/* ---- Not connected ------------------------------------------------------------------------------
 */

static enum net_outcome await_connect_result(struct net_socket *socket)
{
    uint64_t until = clock_now_us() + LONG_MS * UINT64_C(1000);
    enum net_outcome outcome = net_connect_result(socket);
    while (outcome == NET_WANT_WRITE && clock_now_us() < until) {
        (void)wait_ready(socket, NET_EVENT_WRITE, 1000);
        outcome = net_connect_result(socket);
    }
    return outcome;
}

static void test_refused(void)
{
    struct net *net = fixture_begin();
    struct net_address address = fixture_peer_address();
    struct net_socket *socket = NULL;
    address.port = fixture_port(); /* nobody listens there */
    CHECK_NET(net_connect(net, &address, &socket), NET_OK);
    CHECK_NET(await_connect_result(socket), NET_REFUSED);
    net_socket_close(socket);
    fixture_end();
}

static void test_no_route(void)
{
    struct net *net = fixture_begin();
    struct net_address address = {
        .family = NET_FAMILY_IPV4, .bytes = {198, 19, 0, 1}, .port = fixture_port()};
    struct net_socket *socket = NULL;
    enum net_outcome outcome = net_connect(net, &address, &socket);
    if (outcome == NET_OK) {
        outcome = await_connect_result(socket);
        net_socket_close(socket);
    }
    CHECK_NET(outcome, NET_UNREACHABLE);
    fixture_end();
}

/* Only a wire with a segment has addresses that nobody answers for. */
static void test_nobody_answers(void)
{
    struct net *net = fixture_begin();
    struct net_address address = fixture_peer_address();
    struct net_socket *socket = NULL;
    if (strcmp(contract_options.wire, "stream") != 0) {
        return;
    }
    address.bytes[3] = 77;
    address.port = fixture_port();
    enum net_outcome outcome = net_connect(net, &address, &socket);
    if (outcome == NET_OK) {
        outcome = await_connect_result(socket);
        net_socket_close(socket);
    }
    CHECK_NET(outcome, NET_UNREACHABLE);
    fixture_end();
}

/* ---- Many ---------------------------------------------------------------------------------------
 */

static void test_many_one_after_the_other(void)
{
    (void)fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    for (unsigned i = 0; i < 60; ++i) {
        contract_trying("connection %u", i + 1);
        struct net_socket *socket = connect_to_peer(port, 0);
        struct stream_position position = {0};
        send_pattern(socket, &position, 100);
        peer_do(PEER_RECEIVE, 0, 100);
        peer_do(PEER_CLOSE, 0, 0);
        CHECK_NET(receive_pattern(socket, &position, 1), NET_CLOSED);
        net_socket_close(socket);
    }
    fixture_end();
}

static void test_many_at_once(void)
{
    enum { COUNT = 16 };
    struct net_socket *sockets[COUNT];
    struct stream_position positions[COUNT] = {{0}};
    (void)fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    for (unsigned i = 0; i < COUNT; ++i) {
        contract_trying("connection %u", i + 1);
        sockets[i] = connect_to_peer(port, i);
    }
    for (unsigned i = 0; i < COUNT; ++i) {
        send_pattern(sockets[i], &positions[i], 5000);
    }
    for (unsigned i = COUNT; i-- > 0;) {
        contract_trying("data of connection %u", i + 1);
        peer_do(PEER_RECEIVE, i, 5000);
        peer_do(PEER_SEND, i, 5000);
        CHECK_NET(receive_pattern(sockets[i], &positions[i], 5000), NET_OK);
        net_socket_close(sockets[i]);
    }
    fixture_end();
}

/* A stack with more room than this is not filled. */
#define FILLABLE_MAX 256

/* Begins connections that nobody accepts until there is no memory for another. Returns how many. */
static unsigned begin_connections(struct net *net, uint16_t port, struct net_socket **sockets)
{
    struct net_address address = fixture_peer_address();
    address.port = port;
    unsigned count = 0;
    while (count < FILLABLE_MAX + 16) {
        enum net_outcome outcome = net_connect(net, &address, &sockets[count]);
        if (outcome != NET_OK) {
            CHECK(sockets[count] == NULL);
            CHECK_NET(outcome, NET_NO_MEMORY);
            return count;
        }
        ++count;
    }
    return count;
}

static void check_works(struct net_socket *socket, struct stream_position *position)
{
    send_pattern(socket, position, 2000);
    peer_do(PEER_RECEIVE, 0, 2000);
    peer_do(PEER_SEND, 0, 2000);
    CHECK_NET(receive_pattern(socket, position, 2000), NET_OK);
}

/* When there is no room for more, what is there goes on, and room comes back. */
static void test_no_room_for_more(void)
{
    static struct net_socket *sockets[FILLABLE_MAX + 16];
    struct net *net = fixture_begin();
    struct net_limits limits;
    struct stream_position position = {0};
    net_get_limits(net, &limits);
    if (limits.connections_max > FILLABLE_MAX) {
        contract_remark("room for %u connections: not filled", (unsigned)limits.connections_max);
        return;
    }
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *first = connect_to_peer(port, 0);
    check_works(first, &position);
    unsigned count = begin_connections(net, port, sockets);
    contract_trying("no room after %u connections", count);
    CHECK(count + 1 >= limits.connections_max);
    CHECK(count < FILLABLE_MAX + 16);
    check_works(first, &position);
    for (unsigned i = 0; i < count; ++i) {
        net_socket_abort(sockets[i]);
    }
    contract_trying("%s", "after all but the first were aborted");
    check_works(first, &position);
    net_socket_close(first);
    fixture_end();
    (void)fixture_begin();
    net_socket_close(open_connection());
    fixture_end();
}

const struct contract_test net_connection_tests[] = {
    {"net_connection_connect", test_connect},
    {"net_connection_accept", test_accept},
    {"net_connection_receive_nothing_there", test_receive_nothing_there},
    {"net_connection_receive_byte_by_byte", test_receive_byte_by_byte},
    {"net_connection_much_data", test_much_data},
    {"net_connection_back_pressure", test_back_pressure},
    {"net_connection_full_one_harms_no_other", test_full_connection_harms_no_other},
    {"net_connection_refused", test_refused},
    {"net_connection_no_route", test_no_route},
    {"net_connection_nobody_answers", test_nobody_answers},
    {"net_connection_many_one_after_the_other", test_many_one_after_the_other},
    {"net_connection_many_at_once", test_many_at_once},
    {"net_connection_no_room_for_more", test_no_room_for_more},
    {0},
};
