/* IPv6: the same stack, the same listener, the same outcomes. */
#include "clock_port.h"
#include "net_fixture.h"

/* Our stack at the start of a test, or NULL where the kernel has no IPv6. */
static struct net *begin(void)
{
    if (contract_lacks("IPv6")) {
        return NULL;
    }
    struct net *net = fixture_begin();
    if (!fixture_has_ip6()) {
        contract_remark("this kernel has no IPv6: nothing was tried");
        return NULL;
    }
    return net;
}

static void check_host(const struct net_address *actual, struct net_address expected)
{
    CHECK_INT(actual->family, expected.family);
    CHECK(memcmp(actual->bytes, expected.bytes, sizeof expected.bytes) == 0);
}

static void test_status(void)
{
    struct net *net = begin();
    struct net_status status;
    if (net == NULL) {
        return;
    }
    net_get_status(net, &status);
    CHECK_INT(status.state, NET_STATE_UP);
    check_host(&status.ip, fixture_own_address());
    check_host(&status.ip6, fixture_own_address6());
    CHECK_INT(status.ip6.port, 0);
    fixture_end();
}

static void test_connect(void)
{
    struct stream_position position = {0};
    uint16_t port = fixture_port();
    if (begin() == NULL) {
        return;
    }
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *socket = connect_to_peer_at(fixture_peer_address6(), port, 0);
    send_pattern(socket, &position, 30000);
    peer_do(PEER_RECEIVE, 0, 30000);
    peer_do(PEER_SEND, 0, 30000);
    CHECK_NET(receive_pattern(socket, &position, 30000), NET_OK);
    CHECK_NET(net_shutdown(socket), NET_OK);
    peer_check_end(0, NET_CLOSED, 0);
    net_socket_close(socket);
    fixture_end();
}

/* The next connection that comes in, which must be from this host. */
static struct net_socket *accept_from(struct net_socket *listener, struct net_address expected)
{
    struct net_socket *socket = NULL;
    struct net_address from;
    memset(&from, 0x55, sizeof from);
    CHECK((wait_ready(listener, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    CHECK_NET(net_accept(listener, &socket, &from), NET_OK);
    check_host(&from, expected);
    CHECK(from.port != 0);
    return socket;
}

static void test_listener_takes_both_families(void)
{
    struct net *net = begin();
    struct net_socket *listener = NULL;
    struct net_address from;
    struct stream_position first = {0}, second = {0};
    uint16_t port = fixture_port();
    if (net == NULL) {
        return;
    }
    CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
    peer_do(PEER_CONNECT6, 6, port);
    struct net_socket *socket6 = accept_from(listener, fixture_peer_address6());
    peer_do(PEER_CONNECT, 4, port);
    struct net_socket *socket4 = accept_from(listener, fixture_peer_address());
    CHECK_NET(net_accept(listener, &(struct net_socket *){0}, &from), NET_WANT_READ);
    peer_do(PEER_SEND, 6, 5000);
    peer_do(PEER_SEND, 4, 3000);
    CHECK_NET(receive_pattern(socket6, &first, 5000), NET_OK);
    CHECK_NET(receive_pattern(socket4, &second, 3000), NET_OK);
    net_socket_close(socket4);
    net_socket_close(socket6);
    net_socket_close(listener);
    fixture_end();
}

static void test_listener_is_closed_for_both(void)
{
    struct net *net = begin();
    struct net_socket *listener = NULL;
    uint16_t port = fixture_port();
    if (net == NULL) {
        return;
    }
    for (unsigned i = 0; i < 2; ++i) {
        CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
        net_socket_close(listener);
        struct peer_reply peer = peer_ask(PEER_CONNECT6, 0, port);
        CHECK_NET(peer.outcome, NET_REFUSED);
        peer_do(PEER_CLOSE, 0, 0);
        peer = peer_ask(PEER_CONNECT, 0, port);
        CHECK_NET(peer.outcome, NET_REFUSED);
        peer_do(PEER_CLOSE, 0, 0);
    }
    fixture_end();
}

/* How a connect to this address ends. */
static enum net_outcome connect_outcome(struct net *net, struct net_address address, uint16_t port)
{
    struct net_socket *socket = NULL;
    address.port = port;
    enum net_outcome outcome = net_connect(net, &address, &socket);
    if (outcome == NET_OK) {
        CHECK((wait_ready(socket, NET_EVENT_WRITE, LONG_MS) & NET_EVENT_WRITE) != 0);
        outcome = net_connect_result(socket);
        CHECK_NET(net_connect_result(socket), outcome); /* final */
    }
    net_socket_close(socket);
    return outcome;
}

static void test_connect_refused(void)
{
    struct net *net = begin();
    if (net == NULL) {
        return;
    }
    CHECK_NET(connect_outcome(net, fixture_peer_address6(), fixture_port()), NET_REFUSED);
    fixture_end();
}

static void test_connect_to_nobody(void)
{
    static const struct net_address nobody = {
        NET_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8, [14] = 0xab, [15] = 0xcd}, 0};
    static const struct net_address elsewhere = {
        NET_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 7, [15] = 1}, 0};
    struct net *net = begin();
    if (net == NULL) {
        return;
    }
    contract_trying("no neighbour");
    CHECK_NET(connect_outcome(net, nobody, 7), NET_UNREACHABLE);
    contract_trying("no route");
    CHECK_NET(connect_outcome(net, elsewhere, 7), NET_UNREACHABLE);
    fixture_end();
}

static void test_reset(void)
{
    struct net *net = begin();
    struct net_socket *listener = NULL;
    uint8_t buf[10];
    size_t count;
    uint16_t port = fixture_port();
    if (net == NULL) {
        return;
    }
    CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
    peer_do(PEER_CONNECT6, 0, port);
    struct net_socket *socket = accept_from(listener, fixture_peer_address6());
    peer_do(PEER_ABORT, 0, 0);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_RESET);
    net_socket_close(socket);
    net_socket_close(listener);
    fixture_end();
}

static void test_resolve_address(void)
{
    static const struct net_address expected = {
        NET_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8, [14] = 1, [15] = 0x77}, 0};
    struct net *net = begin();
    struct net_addresses found;
    if (net == NULL) {
        return;
    }
    memset(&found, 0x55, sizeof found);
    CHECK_NET(net_resolve(net, "2001:db8::177", &found), NET_OK);
    CHECK_INT(found.count, 1);
    check_host(&found.list[0], expected);
    CHECK_INT(found.list[0].port, 0);
    fixture_end();
}

const struct contract_test net_ip6_tests[] = {
    {"net_ip6_status", test_status},
    {"net_ip6_connect", test_connect},
    {"net_ip6_listener_takes_both_families", test_listener_takes_both_families},
    {"net_ip6_listener_is_closed_for_both", test_listener_is_closed_for_both},
    {"net_ip6_connect_refused", test_connect_refused},
    {"net_ip6_connect_to_nobody", test_connect_to_nobody},
    {"net_ip6_reset", test_reset},
    {"net_ip6_resolve_address", test_resolve_address},
    {0},
};
