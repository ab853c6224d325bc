/* The stack as a whole: its address, its numbers, its names, and what it refuses. */
#include "clock_port.h"
#include "net_fixture.h"

static void test_open(void)
{
    struct net_status status;
    struct net *net = fixture_begin();
    struct net_address own = fixture_own_address();
    net_get_status(net, &status);
    CHECK_INT(status.state, NET_STATE_UP);
    CHECK_INT(status.ip.family, NET_FAMILY_IPV4);
    CHECK(memcmp(status.ip.bytes, own.bytes, sizeof own.bytes) == 0);
    CHECK_INT(status.ip.port, 0);
    fixture_end();
}

static void test_malformed_netif(void)
{
    (void)fixture_net();
    struct net_config config = {.netif = "nonsense", .ip = {198, 18, 0, 4}, .prefix_len = 24};
    struct net *other = (struct net *)&config;
    char reason[100];
    memset(reason, 'x', sizeof reason);
    CHECK_NET(net_open(&config, &other, reason, sizeof reason), NET_MISUSE);
    CHECK(other == NULL);
    CHECK(memchr(reason, '\0', sizeof reason) != NULL && reason[0] != '\0');
}

static void test_limits(void)
{
    struct net_limits limits;
    net_get_limits(fixture_begin(), &limits);
    CHECK(limits.window_len > 0);
    CHECK(limits.connections_max > 0);
    fixture_end();
}

static void test_stats_count_sockets(void)
{
    struct net *net = fixture_begin();
    struct net_stats before, now;
    struct net_socket *listener = NULL;
    net_get_stats(net, &before);
    CHECK_NET(net_listen(net, fixture_port(), 4, &listener), NET_OK);
    struct net_socket *socket = open_connection();
    net_get_stats(net, &now);
    CHECK_INT(now.sockets, before.sockets + 2);
    net_socket_close(socket);
    net_socket_close(listener);
    net_get_stats(net, &now);
    CHECK_INT(now.sockets, before.sockets);
    fixture_end();
}

static void test_listen_errors(void)
{
    struct net *net = fixture_begin();
    uint16_t port = fixture_port();
    struct net_socket *first = NULL;
    struct net_socket *second = NULL;
    CHECK_NET(net_listen(net, 0, 4, &second), NET_MISUSE);
    CHECK_NET(net_listen(net, port, 4, &first), NET_OK);
    CHECK_NET(net_listen(net, port, 4, &second), NET_IN_USE);
    net_socket_close(first);
    CHECK_NET(net_listen(net, port, 4, &second), NET_OK);
    net_socket_close(second);
    fixture_end();
}

/* A server that is started again listens at its port although old connections linger. */
static void test_listen_again_after_connections(void)
{
    struct net *net = fixture_begin();
    uint16_t port = fixture_port();
    for (unsigned i = 0; i < 3; ++i) {
        struct net_socket *listener = NULL;
        struct net_socket *socket = NULL;
        struct net_address from;
        contract_trying("start %u", i + 1);
        CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
        peer_do(PEER_CONNECT, 0, port);
        CHECK((wait_ready(listener, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
        CHECK_NET(net_accept(listener, &socket, &from), NET_OK);
        net_socket_close(socket); /* first to close: TIME_WAIT is on this side */
        peer_check_end(0, NET_CLOSED, 0);
        peer_do(PEER_CLOSE, 0, 0);
        net_socket_close(listener);
    }
    fixture_end();
}

/* ---- Names --------------------------------------------------------------------------------------
 */

static enum net_outcome resolve(struct net *net, const char *name, struct net_addresses *out)
{
    uint64_t until = clock_now_us() + LONG_MS * UINT64_C(1000);
    enum net_outcome outcome = net_resolve(net, name, out);
    while (outcome == NET_WANT_READ && clock_now_us() < until) {
        net_wait(net, NULL, 0, until);
        outcome = net_resolve(net, name, out);
    }
    return outcome;
}

static void test_resolve_address(void)
{
    static const uint8_t expected[16] = {198, 18, 0, 77};
    struct net *net = fixture_begin();
    struct net_addresses found;
    memset(&found, 0x55, sizeof found);
    CHECK_NET(resolve(net, "198.18.0.77", &found), NET_OK);
    CHECK_INT(found.count, 1);
    CHECK_INT(found.list[0].family, NET_FAMILY_IPV4);
    CHECK(memcmp(found.list[0].bytes, expected, sizeof expected) == 0);
    CHECK_INT(found.list[0].port, 0);
    fixture_end();
}

static void test_resolve_not_found(void)
{
    struct net *net = fixture_begin();
    struct net_addresses found;
    memset(&found, 0x55, sizeof found);
    enum net_outcome outcome = resolve(net, "no-such-host.invalid", &found);
    CHECK(outcome == NET_NOT_FOUND || outcome == NET_TIMED_OUT);
    CHECK_INT(found.count, 0);
    CHECK_NET(resolve(net, "198.18.0.77", &found), NET_OK);
    fixture_end();
}

const struct contract_test net_stack_tests[] = {
    {"net_stack_open", test_open},
    {"net_stack_malformed_netif", test_malformed_netif},
    {"net_stack_limits", test_limits},
    {"net_stack_stats_count_sockets", test_stats_count_sockets},
    {"net_stack_listen_errors", test_listen_errors},
    {"net_stack_listen_again_after_connections", test_listen_again_after_connections},
    {"net_stack_resolve_address", test_resolve_address},
    {"net_stack_resolve_not_found", test_resolve_not_found},
    {0},
};
