/* What the net tests share: see net_fixture.h. */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock_port.h"
#include "guard.h"
#include "net_isolation.h"

#define TURN_MS 5
#define FIRST_PORT 7001

static struct {
    bool tried;
    struct net *net;
    int channel;
    pid_t peer;
    char folder[64];
    char own_netif[128], peer_netif[128];
    struct net_config own, other;
    struct net_stats before;
    uint16_t next_port;
} fixture = {.channel = -1, .next_port = FIRST_PORT};

/* ---- Start and end ------------------------------------------------------------------------------
 */

static struct net_address address_of(const uint8_t ip[4])
{
    struct net_address address = {.family = NET_FAMILY_IPV4};
    memcpy(address.bytes, ip, 4);
    return address;
}

struct net_address fixture_peer_address(void)
{
    return address_of(fixture.other.ip);
}

struct net_address fixture_own_address(void)
{
    return address_of(fixture.own.ip);
}

static struct net_address address_of6(const uint8_t ip[16])
{
    struct net_address address = {.family = NET_FAMILY_IPV6};
    memcpy(address.bytes, ip, 16);
    return address;
}

bool fixture_has_ip6(void)
{
    return fixture.own.ip6_mode != NET_IP6_OFF;
}

struct net_address fixture_peer_address6(void)
{
    return address_of6(fixture.other.ip6);
}

struct net_address fixture_own_address6(void)
{
    return address_of6(fixture.own.ip6);
}

static bool is_stream_wire(void)
{
    return strcmp(contract_options.wire, "stream") == 0;
}

/* Both stacks on a Unix socket: no address of theirs is known outside. */
static void configure_stream(void)
{
    strcpy(fixture.folder, "/tmp/contract-XXXXXX");
    CHECK(mkdtemp(fixture.folder) != NULL);
    snprintf(fixture.own_netif, sizeof fixture.own_netif, "stream:connect=%s/wire", fixture.folder);
    snprintf(fixture.peer_netif, sizeof fixture.peer_netif, "stream:listen=%s/wire",
             fixture.folder);
    fixture.own = (struct net_config){.netif = fixture.own_netif,
                                      .ip = {198, 18, 0, 2},
                                      .prefix_len = 24,
                                      .mac = {2, 0, 0, 0, 0, 2},
                                      .ip6_mode = NET_IP6_STATIC,
                                      .ip6 = {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
                                      .ip6_prefix_len = 64};
    fixture.other = (struct net_config){.netif = fixture.peer_netif,
                                        .ip = {198, 18, 0, 3},
                                        .prefix_len = 24,
                                        .mac = {2, 0, 0, 0, 0, 3},
                                        .ip6_mode = NET_IP6_STATIC,
                                        .ip6 = {0x20, 0x01, 0x0d, 0xb8, [15] = 3},
                                        .ip6_prefix_len = 64};
    if (!contract_has_ip6) {
        fixture.own.ip6_mode = NET_IP6_OFF;
        fixture.other.ip6_mode = NET_IP6_OFF;
    }
}

/* Both stacks are the kernel's, which is cut off from the world first. */
static void configure_loopback(void)
{
    char reason[200] = "";
    bool is_isolated = net_isolation_enter(reason, sizeof reason);
    CHECK_TEXT(reason, "");
    CHECK(is_isolated);
    fixture.own = (struct net_config){.ip = {127, 0, 0, 1}, .prefix_len = 8};
    if (net_isolation_has_ip6()) {
        fixture.own.ip6_mode = NET_IP6_STATIC;
        fixture.own.ip6[15] = 1;
        fixture.own.ip6_prefix_len = 128;
    }
    fixture.other = fixture.own;
}

static void start_peer(void)
{
    int ends[2];
    const struct net_address ours[2] = {fixture_own_address(), fixture_own_address6()};
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    fflush(stdout);
    fixture.peer = fork();
    CHECK(fixture.peer >= 0);
    if (fixture.peer == 0) {
        close(ends[0]);
        guard_feed("the peer process", "");
        guard_rest();
        net_peer_run(ends[1], &fixture.other, ours);
        _exit(0);
    }
    close(ends[1]);
    fixture.channel = ends[0];
}

static void open_own_net(void)
{
    char reason[200] = "";
    enum net_outcome outcome = net_open(&fixture.own, &fixture.net, reason, sizeof reason);
    if (outcome != NET_OK) {
        contract_trying("net_open: %s", reason);
    }
    CHECK((outcome == NET_OK) == (fixture.net != NULL));
    CHECK_NET(outcome, NET_OK);
}

static struct peer_reply await_reply(void)
{
    struct peer_reply reply;
    struct pollfd item = {.fd = fixture.channel, .events = POLLIN};
    while (poll(&item, 1, TURN_MS) == 0) {
        if (fixture.net != NULL) {
            net_wait(fixture.net, NULL, 0, 0);
        }
    }
    bool peer_has_replied = read(fixture.channel, &reply, sizeof reply) == (ssize_t)sizeof reply;
    CHECK(peer_has_replied);
    return reply;
}

static void wait_until_up(void)
{
    uint64_t until = clock_now_us() + LONG_MS * UINT64_C(1000);
    struct net_status status;
    net_get_status(fixture.net, &status);
    while (!net_peer_is_up(&fixture.own, &status) && clock_now_us() < until) {
        net_wait(fixture.net, NULL, 0, until);
        net_get_status(fixture.net, &status);
    }
    CHECK(net_peer_is_up(&fixture.own, &status));
    CHECK_INT(status.state, NET_STATE_UP);
}

struct net *fixture_net(void)
{
    if (!fixture.tried) {
        fixture.tried = true;
        is_stream_wire() ? configure_stream() : configure_loopback();
        start_peer();
        CHECK_NET(await_reply().outcome, NET_OK);
        open_own_net();
        wait_until_up();
        peer_do(PEER_HELLO, 0, 0);
    }
    bool stacks_are_up = fixture.net != NULL;
    CHECK(stacks_are_up);
    return fixture.net;
}

void fixture_close(void)
{
    net_close(fixture.net);
    fixture.net = NULL;
    if (fixture.channel >= 0) {
        close(fixture.channel); /* ends the peer */
        fixture.channel = -1;
        (void)waitpid(fixture.peer, NULL, 0);
    }
    if (fixture.folder[0] != '\0') {
        char path[sizeof fixture.folder + sizeof "/wire"];
        snprintf(path, sizeof path, "%s/wire", fixture.folder);
        (void)unlink(path);
        (void)rmdir(fixture.folder);
    }
}

/* ---- Begin and end of a test --------------------------------------------------------------------
 */

struct net *fixture_begin(void)
{
    struct net *net = fixture_net();
    peer_do(PEER_CLOSE_ALL, 0, 0);
    net_get_stats(net, &fixture.before);
    return net;
}

static bool are_numbers_back(void)
{
    struct net_stats now;
    net_get_stats(fixture.net, &now);
    return now.sockets == fixture.before.sockets && now.netconns <= fixture.before.netconns &&
           now.active_pcbs <= fixture.before.active_pcbs;
}

void fixture_end(void)
{
    peer_do(PEER_CLOSE_ALL, 0, 0);
    uint64_t until = clock_now_us() + LONG_MS * UINT64_C(1000);
    while (!are_numbers_back() && clock_now_us() < until) {
        net_wait(fixture.net, NULL, 0, clock_now_us() + 10000);
    }
    struct net_stats now;
    net_get_stats(fixture.net, &now);
    CHECK_INT(now.sockets, fixture.before.sockets);
    CHECK(now.netconns <= fixture.before.netconns);
    CHECK(now.active_pcbs <= fixture.before.active_pcbs);
}

uint16_t fixture_port(void)
{
    return fixture.next_port++;
}

/* ---- The peer -----------------------------------------------------------------------------------
 */

struct peer_reply peer_ask(enum peer_op op, unsigned slot, uint64_t number)
{
    struct peer_request request = {.op = op, .slot = slot, .number = number};
    bool peer_is_there =
        write(fixture.channel, &request, sizeof request) == (ssize_t)sizeof request;
    CHECK(peer_is_there);
    return await_reply();
}

void peer_do(enum peer_op op, unsigned slot, uint64_t number)
{
    struct peer_reply peer = peer_ask(op, slot, number);
    CHECK_NET(peer.outcome, NET_OK);
}

void peer_check_end(unsigned slot, enum net_outcome outcome, uint64_t count)
{
    struct peer_reply peer = peer_ask(PEER_RECEIVE_END, slot, 0);
    CHECK_NET(peer.outcome, outcome);
    CHECK_INT(peer.count, count);
}

/* ---- Steps --------------------------------------------------------------------------------------
 */

uint8_t wait_ready(struct net_socket *socket, uint8_t events, unsigned timeout_ms)
{
    uint64_t until = clock_now_us() + timeout_ms * UINT64_C(1000);
    struct net_wait_item item = {.socket = socket, .events = events};
    do {
        item.ready = 0xff;
        net_wait(fixture.net, &item, 1, until);
        CHECK((item.ready & ~(NET_EVENT_READ | NET_EVENT_WRITE)) == 0);
    } while ((item.ready & events) == 0 && clock_now_us() < until);
    return item.ready;
}

struct net_socket *connect_to_peer(uint16_t port, unsigned slot)
{
    return connect_to_peer_at(fixture_peer_address(), port, slot);
}

struct net_socket *connect_to_peer_at(struct net_address address, uint16_t port, unsigned slot)
{
    struct net_socket *socket = NULL;
    address.port = port;
    CHECK_NET(net_connect(fixture.net, &address, &socket), NET_OK);
    CHECK(socket != NULL);
    CHECK((wait_ready(socket, NET_EVENT_WRITE, LONG_MS) & NET_EVENT_WRITE) != 0);
    CHECK_NET(net_connect_result(socket), NET_OK);
    peer_do(PEER_ACCEPT, slot, 0);
    return socket;
}

struct net_socket *open_connection(void)
{
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    return connect_to_peer(port, 0);
}

enum net_outcome checked_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                              size_t *count)
{
    *count = SIZE_MAX;
    enum net_outcome outcome = net_send(socket, bytes, len, count);
    CHECK((int)outcome >= NET_OK && (int)outcome <= NET_FAILED);
    CHECK(outcome == NET_OK ? *count >= 1 && *count <= len : *count == 0);
    return outcome;
}

enum net_outcome checked_receive(struct net_socket *socket, uint8_t *buf, size_t cap, size_t *count)
{
    *count = SIZE_MAX;
    enum net_outcome outcome = net_receive(socket, buf, cap, count);
    CHECK((int)outcome >= NET_OK && (int)outcome <= NET_FAILED);
    CHECK(outcome == NET_OK ? *count >= 1 && *count <= cap : *count == 0);
    return outcome;
}

void send_pattern(struct net_socket *socket, struct stream_position *position, uint64_t len)
{
    for (uint64_t until = position->sent_len + len; position->sent_len < until;) {
        uint8_t bytes[3000];
        uint64_t left = until - position->sent_len;
        size_t piece = left < sizeof bytes ? (size_t)left : sizeof bytes;
        for (size_t i = 0; i < piece; ++i) {
            bytes[i] = peer_pattern(position->sent_len + i);
        }
        size_t count;
        enum net_outcome outcome = checked_send(socket, bytes, piece, &count);
        position->sent_len += count;
        if (outcome == NET_WANT_WRITE) {
            CHECK(wait_ready(socket, NET_EVENT_WRITE, LONG_MS) != 0);
        } else {
            CHECK_NET(outcome, NET_OK);
        }
    }
}

enum net_outcome receive_pattern(struct net_socket *socket, struct stream_position *position,
                                 uint64_t len)
{
    for (uint64_t until = position->received_len + len; position->received_len < until;) {
        uint8_t bytes[3000];
        uint64_t left = until - position->received_len;
        size_t count;
        enum net_outcome outcome = checked_receive(
            socket, bytes, left < sizeof bytes ? (size_t)left : sizeof bytes, &count);
        for (size_t i = 0; i < count; ++i) {
            CHECK_INT(bytes[i], peer_pattern(position->received_len + i));
        }
        position->received_len += count;
        if (outcome == NET_WANT_READ) {
            CHECK(wait_ready(socket, NET_EVENT_READ, LONG_MS) != 0);
        } else if (outcome != NET_OK) {
            return outcome;
        }
    }
    return NET_OK;
}
