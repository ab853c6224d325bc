/* The one wait: deadlines, readiness, and wake-ups that are never lost. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "clock_port.h"
#include "net_fixture.h"

#define MS UINT64_C(1000)

/* How late a wait may end, on a busy or emulated machine. */
#define LATE_MS 150

/* A wait may end early for a cause that nobody sees, but not again and again. */
#define EARLY_RETURNS_MAX 10

static void test_deadline(void)
{
    struct net *net = fixture_begin();
    for (unsigned i = 0; i < 5; ++i) {
        uint64_t until = clock_now_us() + 40 * MS;
        unsigned returns = 0;
        do {
            net_wait(net, NULL, 0, until);
            ++returns;
        } while (clock_now_us() < until);
        CHECK(clock_now_us() < until + LATE_MS * MS);
        CHECK(returns <= EARLY_RETURNS_MAX);
    }
    fixture_end();
}

/* Waiting is sleeping: it takes no processor time, of no thread. */
static void test_sleeps(void)
{
    struct net *net = fixture_begin();
    uint64_t until = clock_now_us() + 400 * MS;
    clock_t before = clock();
    while (clock_now_us() < until) {
        net_wait(net, NULL, 0, until);
    }
    double used_s = (double)(clock() - before) / CLOCKS_PER_SEC;
    CHECK(used_s < 0.2);
    fixture_end();
}

static void test_deadline_that_has_passed(void)
{
    struct net *net = fixture_begin();
    uint64_t start = clock_now_us();
    for (unsigned i = 0; i < 100; ++i) {
        net_wait(net, NULL, 0, 0);
        net_wait(net, NULL, 0, start);
    }
    CHECK(clock_now_us() < start + 1000 * MS);
    fixture_end();
}

static void test_zero_deadline_looks(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    peer_do(PEER_SEND, 0, 10);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    struct net_wait_item item = {.socket = socket, .events = NET_EVENT_READ | NET_EVENT_WRITE};
    net_wait(fixture_net(), &item, 1, 0);
    CHECK_INT(item.ready, NET_EVENT_READ | NET_EVENT_WRITE);
    net_socket_close(socket);
    fixture_end();
}

static void test_level_triggered(void)
{
    uint8_t buf[4];
    size_t count;
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    peer_do(PEER_SEND, 0, 8);
    for (unsigned i = 0; i < 3; ++i) {
        CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    }
    CHECK_NET(checked_receive(socket, buf, sizeof buf, &count), NET_OK);
    CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
    while (checked_receive(socket, buf, sizeof buf, &count) == NET_OK) {
    }
    CHECK_INT(wait_ready(socket, NET_EVENT_READ, 50), 0);
    CHECK((wait_ready(socket, NET_EVENT_WRITE, LONG_MS) & NET_EVENT_WRITE) != 0);
    net_socket_close(socket);
    fixture_end();
}

static void test_data_ends_the_wait(void)
{
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    /* The peer answers what we send; each wait begins before the answer can be there. */
    for (unsigned i = 0; i < 20; ++i) {
        uint64_t start = clock_now_us();
        peer_do(PEER_SEND, 0, 100);
        CHECK((wait_ready(socket, NET_EVENT_READ, LONG_MS) & NET_EVENT_READ) != 0);
        CHECK_NET(receive_pattern(socket, &position, 100), NET_OK);
        CHECK(clock_now_us() < start + 2000 * MS);
    }
    net_socket_close(socket);
    fixture_end();
}

static void test_items(void)
{
    struct net *net = fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *quiet = connect_to_peer(port, 0);
    struct net_socket *busy = connect_to_peer(port, 1);
    peer_do(PEER_SEND, 1, 10);
    struct net_wait_item items[] = {
        {.socket = NULL, .events = NET_EVENT_READ, .ready = 0xff},
        {.socket = quiet, .events = NET_EVENT_READ, .ready = 0xff},
        {.socket = busy, .events = 0, .ready = 0xff},
        {.socket = busy, .events = NET_EVENT_READ, .ready = 0xff},
    };
    uint64_t until = clock_now_us() + LONG_MS * MS;
    do {
        net_wait(net, items, sizeof items / sizeof items[0], until);
    } while (items[3].ready == 0 && clock_now_us() < until);
    CHECK_INT(items[1].ready, 0);
    CHECK_INT(items[2].ready, 0);
    CHECK_INT(items[3].ready, NET_EVENT_READ);
    net_socket_close(quiet);
    net_socket_close(busy);
    fixture_end();
}

#define SHORT_MS 50 /* in which nothing happens */

/* ---- Watched ------------------------------------------------------------------------------------
 */

static void watch(struct net_socket *socket, uint8_t events, size_t read_len, uint32_t number)
{
    struct net_wait_item item = {.socket = socket, .events = events, .read_len = read_len};
    net_watch(&item, number);
}

/* The numbers that are reported within so many ms, at most cap. */
static size_t report(uint32_t *numbers, size_t cap, uint64_t ms)
{
    uint64_t until = clock_now_us() + ms * MS;
    size_t count = 0;
    do {
        count = net_wait_watched(fixture_net(), numbers, cap, until);
    } while (count == 0 && clock_now_us() < until);
    return count;
}

static void test_watched_is_reported_once(void)
{
    uint32_t numbers[4] = {0};
    (void)fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    struct net_socket *quiet = connect_to_peer(port, 0);
    struct net_socket *busy = connect_to_peer(port, 1);
    watch(quiet, NET_EVENT_READ, 1, 7);
    watch(busy, NET_EVENT_READ, 1, 8);
    CHECK_INT(report(numbers, 4, SHORT_MS), 0);
    peer_do(PEER_SEND, 1, 10);
    CHECK_INT(report(numbers, 4, LONG_MS), 1);
    CHECK_INT(numbers[0], 8);
    CHECK_INT(report(numbers, 4, SHORT_MS), 0);
    watch(busy, NET_EVENT_READ, 1, 9); /* what is there already counts, too */
    CHECK_INT(report(numbers, 4, LONG_MS), 1);
    CHECK_INT(numbers[0], 9);
    net_socket_close(quiet);
    net_socket_close(busy);
    fixture_end();
}

static void test_watched_events_and_lengths(void)
{
    uint32_t numbers[4] = {0};
    (void)fixture_begin();
    struct net_socket *socket = open_connection();
    watch(socket, NET_EVENT_WRITE, 0, 1);
    CHECK_INT(report(numbers, 4, LONG_MS), 1);
    peer_do(PEER_SEND, 0, 10);
    watch(socket, 0, 0, 2);
    CHECK_INT(report(numbers, 4, SHORT_MS), 0);
    if (net_receivable(socket) != SIZE_MAX) {
        watch(socket, NET_EVENT_READ, 11, 3);
        CHECK_INT(report(numbers, 4, SHORT_MS), 0);
        peer_do(PEER_SEND, 0, 1);
        CHECK_INT(report(numbers, 4, LONG_MS), 1);
        CHECK_INT(numbers[0], 3);
    }
    net_socket_close(socket);
    fixture_end();
}

/* More are ready than there is room to say: the others come the next time. A socket that is closed
 * is not reported. */
static void test_watched_more_than_fit(void)
{
    uint32_t numbers[4] = {0};
    struct net_socket *sockets[3];
    unsigned seen = 0;
    (void)fixture_begin();
    uint16_t port = fixture_port();
    peer_do(PEER_LISTEN, 0, port);
    for (unsigned i = 0; i < 3; i++) {
        sockets[i] = connect_to_peer(port, i);
        watch(sockets[i], NET_EVENT_WRITE, 0, i);
    }
    net_socket_close(sockets[1]);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_INT(report(numbers, 1, LONG_MS), 1);
        seen |= 1U << numbers[0];
    }
    CHECK_INT(seen, 5);
    CHECK_INT(report(numbers, 1, SHORT_MS), 0);
    net_socket_close(sockets[0]);
    net_socket_close(sockets[2]);
    fixture_end();
}

/* ---- Wake-ups -----------------------------------------------------------------------------------
 */

static bool wait_ends_early(struct net *net)
{
    uint64_t start = clock_now_us();
    net_wait(net, NULL, 0, start + LONG_MS * MS);
    return clock_now_us() < start + LONG_MS / 2 * MS;
}

/* Takes wake-ups that other causes may have left behind. */
static void settle(struct net *net)
{
    uint64_t until = clock_now_us() + 30 * MS;
    while (clock_now_us() < until) {
        net_wait(net, NULL, 0, until);
    }
}

static void test_wake_before_wait_is_kept(void)
{
    struct net *net = fixture_begin();
    settle(net);
    for (unsigned i = 0; i < 50; ++i) {
        net_wake(net);
        CHECK(wait_ends_early(net));
    }
    fixture_end();
}

static void test_wake_is_used_up(void)
{
    struct net *net = fixture_begin();
    settle(net);
    for (unsigned i = 0; i < 100; ++i) {
        net_wake(net);
    }
    CHECK(wait_ends_early(net));
    uint64_t until = clock_now_us() + 50 * MS;
    unsigned returns = 0;
    while (clock_now_us() < until) {
        net_wait(net, NULL, 0, until);
        ++returns;
    }
    CHECK(returns <= EARLY_RETURNS_MAX);
    fixture_end();
}

static void pause_ms(unsigned ms)
{
    struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    nanosleep(&pause, NULL);
}

/* Nothing says that the other thread sleeps in net_wait by now: the pause makes it likely. */
static void *wake_soon(void *net)
{
    pause_ms(30);
    net_wake(net);
    return NULL;
}

static void test_wake_from_a_thread(void)
{
    struct net *net = fixture_begin();
    settle(net);
    for (unsigned i = 0; i < 10; ++i) {
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, wake_soon, net), 0);
        bool ended_early = wait_ends_early(net);
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK(ended_early);
    }
    fixture_end();
}

static struct net *signalled_net;

static void on_signal(int number)
{
    (void)number;
    net_wake(signalled_net);
}

static void *signal_soon(void *thread)
{
    pause_ms(30);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

static void check_signal_during_wait(void)
{
    pthread_t self = pthread_self();
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, signal_soon, &self), 0);
    bool ended_early = wait_ends_early(signalled_net);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(ended_early);
}

static void test_wake_from_a_signal_handler(void)
{
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_signal};
    signalled_net = fixture_begin();
    settle(signalled_net);
    sigaction(SIGUSR1, &action, &old);
    for (unsigned i = 0; i < 10; ++i) {
        raise(SIGUSR1); /* before the wait */
        CHECK(wait_ends_early(signalled_net));
        check_signal_during_wait();
    }
    sigaction(SIGUSR1, &old, NULL);
    fixture_end();
}

/* A handler interrupts whatever the stack does: nothing may be lost or locked. */
static void *signal_often(void *thread)
{
    for (unsigned i = 0; i < 300; ++i) {
        pause_ms(1);
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
    }
    return NULL;
}

static void test_signals_during_traffic(void)
{
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    signalled_net = fixture_begin();
    struct net_socket *socket = open_connection();
    struct stream_position position = {0};
    pthread_t self = pthread_self();
    pthread_t thread;
    sigaction(SIGUSR1, &action, &old);
    CHECK_INT(pthread_create(&thread, NULL, signal_often, &self), 0);
    for (unsigned i = 0; i < 20; ++i) {
        send_pattern(socket, &position, 20000);
        peer_do(PEER_RECEIVE, 0, 20000);
        peer_do(PEER_SEND, 0, 20000);
        CHECK_NET(receive_pattern(socket, &position, 20000), NET_OK);
    }
    CHECK_INT(pthread_join(thread, NULL), 0);
    sigaction(SIGUSR1, &old, NULL);
    net_socket_close(socket);
    fixture_end();
}

const struct contract_test net_wait_tests[] = {
    {"net_wait_deadline", test_deadline},
    {"net_wait_sleeps", test_sleeps},
    {"net_wait_deadline_that_has_passed", test_deadline_that_has_passed},
    {"net_wait_zero_deadline_looks", test_zero_deadline_looks},
    {"net_wait_level_triggered", test_level_triggered},
    {"net_wait_data_ends_the_wait", test_data_ends_the_wait},
    {"net_wait_items", test_items},
    {"net_wait_watched_is_reported_once", test_watched_is_reported_once},
    {"net_wait_watched_events_and_lengths", test_watched_events_and_lengths},
    {"net_wait_watched_more_than_fit", test_watched_more_than_fit},
    {"net_wait_wake_before_wait_is_kept", test_wake_before_wait_is_kept},
    {"net_wait_wake_is_used_up", test_wake_is_used_up},
    {"net_wait_wake_from_a_thread", test_wake_from_a_thread},
    {"net_wait_wake_from_a_signal_handler", test_wake_from_a_signal_handler},
    {"net_wait_signals_during_traffic", test_signals_during_traffic},
    {0},
};
