/* Is Nagle's algorithm off on both ends of a connection of the POSIX net backend? The one over lwIP
 * is asked from outside, by test_nagle.py. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend.h"
#include "clock_port.h"
#include "log_port.h"

uint64_t clock_now_us(void)
{
    return 0;
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    (void)level;
    (void)module;
    (void)event;
    (void)format;
}

static int nodelay(const struct net_socket *socket)
{
    int on = -1;
    socklen_t len = sizeof(on);
    assert_int_equal(getsockopt(socket->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    return on;
}

/* Any port that is free: the kernel's choice cannot be asked for through the seam. */
static uint16_t listen_somewhere(struct net *net, struct net_socket **listener)
{
    for (uint16_t port = 20000; port < 60000; port++) {
        if (net_listen(net, port, 1, listener) == NET_OK) {
            return port;
        }
    }
    fail_msg("no port is free");
    return 0;
}

static void test_both_ends_send_at_once(void **state)
{
    (void)state;
    struct net_config config = {.ip_mode = NET_IP_STATIC, .ip = {127, 0, 0, 1}, .prefix_len = 8};
    struct net_address peer = {.family = NET_FAMILY_IPV4, .bytes = {127, 0, 0, 1}};
    struct net_address from;
    struct net *net;
    struct net_socket *listener, *client, *server;
    char reason[128];
    assert_int_equal(net_open(&config, &net, reason, sizeof(reason)), NET_OK);
    peer.port = listen_somewhere(net, &listener);
    assert_int_equal(net_connect(net, &peer, &client), NET_OK);
    struct pollfd waiting = {.fd = listener->fd, .events = POLLIN};
    assert_int_equal(poll(&waiting, 1, -1), 1);
    assert_int_equal(net_accept(listener, &server, &from), NET_OK);
    assert_int_equal(nodelay(client), 1);
    assert_int_equal(nodelay(server), 1);
    net_close(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ends_send_at_once)};
    return cmocka_run_group_tests_name("trap_nagle_posix", tests, NULL, NULL);
}
