/* Ends of connections: FIN and RST told apart, half-close, what was sent arrives, nothing signals.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "clock_port.h"
#include "net_fixture.h"

static uint8_t buf[1000];

static void check_stays(struct net_socket *socket, enum net_outcome expected)
{
    size_t count;
    for (unsigned i = 0; i < 3; ++i) {
        CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), expected);
    }
}

static void test_closed_is_final(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    peer_do(PEER_SEND, 0, 700);
    peer_do(PEER_CLOSE, 0, 0);
    CHECK_NET(receive_pattern(socket, &position, 701), NET_CLOSED);
    CHECK_INT(position.received_len, 700);
    check_stays(socket, NET_CLOSED);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    net_socket_close(socket);
    fixture_end();
}

static void test_reset_is_final(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    size_t count;
    peer_do(PEER_ABORT, 0, 0);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    check_stays(socket, NET_RESET);
    CHECK_NET(checked_send(socket, buf, sizeof buf, &count), NET_RESET);
    check_stays(socket, NET_RESET);
    net_socket_close(socket);
    fixture_end();
}

/* An error counts as both events, whichever is waited for. */
static void test_reset_is_ready_for_both(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    peer_do(PEER_ABORT, 0, 0);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    CHECK((wait_ready(socket, NET_EVENT_WRITE, LONG_MS) & NET_EVENT_WRITE) != 0);
    net_socket_close(socket);
    fixture_end();
}

/* ---- Half-close ---------------------------------------------------------------------------------
 */

static void test_our_half_close(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    send_pattern(socket, &position, 3000);
    CHECK_NET(net_shutdown(socket), NET_OK);
    peer_check_end(0, NET_CLOSED, 3000);
    for (unsigned i = 0; i < 5; ++i) {
        peer_do(PEER_SEND, 0, 20000);
        CHECK_NET(receive_pattern(socket, &position, 20000), NET_OK);
    }
    peer_do(PEER_CLOSE, 0, 0);
    CHECK_NET(receive_pattern(socket, &position, 1), NET_CLOSED);
    net_socket_close(socket);
    fixture_end();
}

static void test_the_peers_half_close(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    peer_do(PEER_SEND, 0, 3000);
    peer_do(PEER_SHUTDOWN, 0, 0);
    CHECK_NET(receive_pattern(socket, &position, 3001), NET_CLOSED);
    for (unsigned i = 0; i < 5; ++i) {
        send_pattern(socket, &position, 20000);
        peer_do(PEER_RECEIVE, 0, 20000);
    }
    CHECK_NET(net_shutdown(socket), NET_OK);
    peer_check_end(0, NET_CLOSED, 0);
    net_socket_close(socket);
    fixture_end();
}

static void test_send_after_shutdown_is_misuse(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    size_t count;
    CHECK_NET(net_shutdown(socket), NET_OK);
    CHECK_NET(checked_send(socket, buf, sizeof buf, &count), NET_MISUSE);
    peer_check_end(0, NET_CLOSED, 0);
    CHECK_NET(checked_send(socket, buf, sizeof buf, &count), NET_MISUSE);
    net_socket_close(socket);
    fixture_end();
}

/* ---- Close and abort ----------------------------------------------------------------------------
 */

/* What was taken by send still goes out after the close, and FIN behind it. */
static void test_close_sends_what_is_queued(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    send_pattern(socket, &position, 30000);
    net_socket_close(socket);
    peer_check_end(0, NET_CLOSED, 30000);
    fixture_end();
}

static void test_close_after_reading_is_no_reset(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    peer_do(PEER_SEND, 0, 3000);
    peer_do(PEER_SHUTDOWN, 0, 0);
    CHECK_NET(receive_pattern(socket, &position, 3001), NET_CLOSED);
    send_pattern(socket, &position, 20000);
    net_socket_close(socket);
    peer_check_end(0, NET_CLOSED, 20000);
    fixture_end();
}

static void test_close_with_unread_data_resets(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    peer_do(PEER_SEND, 0, 100);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    net_socket_close(socket);
    peer_check_end(0, NET_RESET, 0);
    fixture_end();
}

static void test_abort_resets(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    net_socket_abort(socket);
    peer_check_end(0, NET_RESET, 0);
    fixture_end();
}

static void test_null_is_allowed(void)
{
    (void)fixture_begin();
    net_socket_close(NULL);
    net_socket_abort(NULL);
    fixture_end();
}

/* A connection that is given up before it is made. */
static void test_close_while_connecting(void)
{
    struct net *net = fixture_begin();
    uint16_t port = fixture_port();
    struct net_address address = fixture_peer_address();
    peer_do(PEER_LISTEN, 0, port);
    address.port = port;
    for (unsigned i = 0; i < 10; ++i) {
        struct net_socket *socket = NULL;
        CHECK_NET(net_connect(net, &address, &socket), NET_OK);
        i % 2 == 0 ? net_socket_close(socket) : net_socket_abort(socket);
    }
    fixture_end();
}

/* It came and went before it was accepted: any typed answer, and the next one is served. */
static void test_gone_before_accept(void)
{
    struct net *net = fixture_begin();
    struct net_socket *listener = NULL;
    struct net_socket *socket = NULL;
    struct net_address from;
    uint16_t port = fixture_port();
    CHECK_NET(net_listen(net, port, 4, &listener), NET_OK);
    peer_do(PEER_CONNECT, 0, port);
    peer_do(PEER_ABORT, 0, 0);
    peer_do(PEER_CONNECT, 1, port);
    peer_do(PEER_SEND, 1, 10);
    struct stream_position position = {0};
    enum net_outcome outcome = NET_RESET;
    for (unsigned i = 0; i < 20 && outcome == NET_RESET; ++i) {
        CHECK((wait_ready(listener, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
        outcome = net_accept(listener, &socket, &from);
        CHECK(outcome == NET_OK || outcome == NET_RESET);
        if (outcome == NET_OK) {
            outcome = receive_pattern(socket, &position, 10);
            net_socket_close(socket);
        }
    }
    CHECK_NET(outcome, NET_OK);
    net_socket_close(listener);
    fixture_end();
}

/* ---- Connections that end before their owner looks ----------------------------------------------
 */

#define FLOCK 60     /* connections at a time, to see that none is two */
#define ENDED 100    /* with FLOCK more than a small stack has room for */
#define OLD_SLOT 63u /* of the peer */

/* Both sides have ended their streams, the peer first if so asked; the owner still has the socket.
 */
static void end_both_sides(struct net_socket *socket, unsigned slot, bool peer_first)
{
    if (peer_first) {
        peer_do(PEER_SHUTDOWN, slot, 0);
        CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    }
    CHECK_NET(net_shutdown(socket), NET_OK);
    peer_check_end(slot, NET_CLOSED, 0);
    peer_do(PEER_CLOSE, slot, 0);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
}

static void open_flock(struct net_socket **sockets, uint16_t port)
{
    for (unsigned i = 0; i < FLOCK; ++i) {
        sockets[i] = connect_to_peer(port, i);
    }
}

/* Each connection carries its own bytes, and ends. */
static void close_flock(struct net_socket **sockets)
{
    for (unsigned i = 0; i < FLOCK; ++i) {
        struct stream_position position = {0};
        send_pattern(sockets[i], &position, 100 + i);
        peer_do(PEER_RECEIVE, i, 100 + i);
    }
    for (unsigned i = 0; i < FLOCK; ++i) {
        end_both_sides(sockets[i], i, true);
        net_socket_close(sockets[i]);
    }
}

static void wait_for_active_pcbs(struct net *net, uint32_t most)
{
    struct net_stats stats;
    net_get_stats(net, &stats);
    while (stats.active_pcbs > most) {
        net_wait(net, NULL, 0, clock_now_us() + 1000);
        net_get_stats(net, &stats);
    }
}

/* The peer's FIN was read, and the last acknowledgement came, before the socket is closed. */
static void test_close_after_the_last_acknowledgement(void)
{
    struct net *net = fixture_begin();
    struct net_socket *flock[FLOCK];
    struct net_stats before;
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    net_get_stats(net, &before);
    for (unsigned i = 0; i < 10; ++i) {
        contract_trying("connection %u", i + 1);
        size_t count;
        struct net_socket *socket = connect_to_peer(port, 0);
        peer_do(PEER_SHUTDOWN, 0, 0);
        CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
        CHECK_NET(net_shutdown(socket), NET_OK);
        CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_CLOSED);
        peer_check_end(0, NET_CLOSED, 0);
        peer_do(PEER_CLOSE, 0, 0);
        wait_for_active_pcbs(net, before.active_pcbs);
        net_socket_close(socket);
    }
    contract_trying("after these");
    open_flock(flock, port);
    close_flock(flock);
    fixture_end();
}

/* So many connections came since that the stack had to forget this one, which its owner has not
 * closed yet. */
static void test_close_after_the_stack_forgot(void)
{
    (void)fixture_begin();
    struct net_socket *flock[FLOCK];
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *old = connect_to_peer(port, OLD_SLOT);
    end_both_sides(old, OLD_SLOT, false);
    for (unsigned i = 0; i < ENDED; ++i) {
        contract_trying("connection %u", i + 1);
        struct net_socket *socket = connect_to_peer(port, 0);
        end_both_sides(socket, 0, false);
        net_socket_close(socket);
    }
    contract_trying("after these");
    open_flock(flock, port);
    net_socket_close(old);
    close_flock(flock);
    fixture_end();
}

/* ---- SIGPIPE ------------------------------------------------------------------------------------
 */

static volatile sig_atomic_t pipe_signals;

static void on_sigpipe(int number)
{
    (void)number;
    ++pipe_signals;
}

/* Sends to a peer that is gone until the outcome says so. */
static enum net_outcome send_until_reset(struct net_socket *socket)
{
    uint64_t until = clock_now_us() + LONG_MS * UINT64_C(1000);
    enum net_outcome outcome = NET_OK;
    while (outcome != NET_RESET && clock_now_us() < until) {
        size_t count;
        outcome = checked_send(socket, buf, 1, &count);
        CHECK(outcome == NET_OK || outcome == NET_WANT_WRITE || outcome == NET_RESET);
        net_wait(fixture_net(), NULL, 0, clock_now_us() + 1000);
    }
    return outcome;
}

static void check_no_signal(enum peer_op end)
{
    struct stream_position position = {0};
    struct net_socket *socket = open_connection();
    peer_do(end, 0, 0);
    enum net_outcome outcome = receive_pattern(socket, &position, 1);
    CHECK_NET(outcome, end == PEER_CLOSE ? NET_CLOSED : NET_RESET);
    CHECK_NET(send_until_reset(socket), NET_RESET);
    CHECK_NET(send_until_reset(socket), NET_RESET);
    net_socket_close(socket);
}

/* After FIN and then RST the kernel would raise SIGPIPE; after RST alone it does at the second
 * send. */
static void test_send_raises_no_signal(void)
{
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_sigpipe};
    (void)fixture_begin();
    sigaction(SIGPIPE, &action, &old);
    pipe_signals = 0;
    check_no_signal(PEER_CLOSE);
    check_no_signal(PEER_ABORT);
    sigaction(SIGPIPE, &old, NULL);
    CHECK_INT(pipe_signals, 0);
    fixture_end();
}

const struct contract_test net_end_tests[] = {
    {"net_end_closed_is_final", test_closed_is_final},
    {"net_end_reset_is_final", test_reset_is_final},
    {"net_end_reset_is_ready_for_both", test_reset_is_ready_for_both},
    {"net_end_our_half_close", test_our_half_close},
    {"net_end_the_peers_half_close", test_the_peers_half_close},
    {"net_end_send_after_shutdown_is_misuse", test_send_after_shutdown_is_misuse},
    {"net_end_close_sends_what_is_queued", test_close_sends_what_is_queued},
    {"net_end_close_after_reading_is_no_reset", test_close_after_reading_is_no_reset},
    {"net_end_close_with_unread_data_resets", test_close_with_unread_data_resets},
    {"net_end_abort_resets", test_abort_resets},
    {"net_end_null_is_allowed", test_null_is_allowed},
    {"net_end_close_while_connecting", test_close_while_connecting},
    {"net_end_gone_before_accept", test_gone_before_accept},
    {"net_end_close_after_the_last_acknowledgement", test_close_after_the_last_acknowledgement},
    {"net_end_close_after_the_stack_forgot", test_close_after_the_stack_forgot},
    {"net_end_send_raises_no_signal", test_send_raises_no_signal},
    {0},
};
