/* The one wait of the event loop.
 *
 * lwip_poll sleeps on a condition variable, which no signal and no console can end. So each
 * connection's event callback is wrapped: lwIP's own keeps the books, then ours raises an eventfd
 * if net_wait sleeps and what it awaits holds. Readiness is read from the books that lwip_poll
 * uses. */
#include "net_wait.h"

#include "clock_port.h"
#include "lwip/opt.h"

#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"
#include "net_room.h"

/* While somebody waits for room that others have. */
#define SHORTAGE_LOOK_US 10000

/* lwIP's own callback, static in its sockets.c: the same for all; written under the core lock with
 * the same value each time. */
static netconn_callback original_callback;

/* Bits of enum net_event that hold for the socket now, of those awaited. */
static uint8_t readiness(const struct net_socket *socket)
{
    const struct lwip_sock *state = lwip_socket_dbg_get_socket(socket->fd);
    const struct net_wait_item *awaited = &socket->awaited;
    bool can_read = state->lastdata.pbuf != NULL || state->rcvevent > 0;
    bool can_write = state->sendevent != 0;
    if (awaited->read_len > 1) {
        can_read = net_room_receivable(socket) >= awaited->read_len;
    }
    if (awaited->write_len > 1) {
        can_write = net_room_sendable(socket) >= awaited->write_len;
    } else if (can_write && (awaited->events & NET_EVENT_WRITE) != 0) {
        can_write = !net_room_is_short(socket, 1);
    }
    uint8_t ready = 0;
    if (can_read || state->errevent != 0) {
        ready |= NET_EVENT_READ;
    }
    if (can_write || state->errevent != 0) {
        ready |= NET_EVENT_WRITE;
    }
    return ready & awaited->events;
}

/* ---- Watched sockets that are ready ------------------------------------------------------------
 */

static void list_ready(struct net_socket *socket)
{
    struct net *net = socket->net;
    if (!socket->is_watched || socket->is_listed) {
        return;
    }
    socket->is_listed = true;
    socket->next_ready = NULL;
    if (net->ready == NULL) {
        net->ready_end = &net->ready;
    }
    *net->ready_end = socket;
    net->ready_end = &socket->next_ready;
}

static struct net_socket *unlist_first(struct net *net)
{
    struct net_socket *socket = net->ready;
    if (socket != NULL) {
        net->ready = socket->next_ready;
        socket->is_listed = false;
    }
    return socket;
}

void net_wait_forget(struct net_socket *socket)
{
    struct net *net = socket->net;
    socket->is_watched = false;
    if (!socket->is_listed) {
        return;
    }
    struct net_socket **at = &net->ready;
    while (*at != socket) {
        at = &(*at)->next_ready;
    }
    *at = socket->next_ready;
    if (net->ready_end == &socket->next_ready) {
        net->ready_end = at;
    }
    socket->is_listed = false;
}

/* True if the socket waits for room that only others could leave it. */
static bool is_short_of_room(const struct net_socket *socket, uint8_t ready)
{
    const struct net_wait_item *item = &socket->awaited;
    bool waits = (item->events & NET_EVENT_WRITE) != 0 && (ready & NET_EVENT_WRITE) == 0;
    return waits && net_room_is_short(socket, LWIP_MAX(item->write_len, (size_t)1));
}

/* Tells the budget how much the owner waits for. */
static void await_bytes(struct net_socket *socket)
{
    const struct net_wait_item *item = &socket->awaited;
    if ((item->events & NET_EVENT_READ) != 0 && item->read_len > 1) {
        net_budget_await(socket, item->read_len);
    }
}

void net_watch(const struct net_wait_item *item, uint32_t number)
{
    struct net_socket *socket = item->socket;
    struct net *net = socket->net;
    LOCK_TCPIP_CORE();
    socket->awaited = *item;
    socket->watch_number = number;
    socket->is_watched = item->events != 0;
    await_bytes(socket);
    uint8_t ready = readiness(socket);
    if (ready != 0) {
        list_ready(socket);
    } else if (is_short_of_room(socket, ready)) {
        net->is_short_of_room = true;
    }
    UNLOCK_TCPIP_CORE();
}

/* Somebody waits for room that others have, and hears of no event of his own: all are looked at,
 * each time another one first. */
static void look_for_room(struct net *net)
{
    net->is_short_of_room = false;
    net->looks_for_room++;
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        struct net_socket *socket = &net->sockets[(i + net->looks_for_room) % MEMP_NUM_NETCONN];
        if (socket->net == NULL || !socket->is_watched) {
            continue;
        }
        uint8_t ready = readiness(socket);
        if (ready != 0) {
            list_ready(socket);
        }
        net->is_short_of_room = net->is_short_of_room || is_short_of_room(socket, ready);
    }
    if (net->is_short_of_room) {
        net_budget_reclaim(net);
    }
}

static size_t take_ready(struct net *net, uint32_t *numbers, size_t cap)
{
    size_t count = 0;
    LOCK_TCPIP_CORE();
    if (net->is_short_of_room) {
        look_for_room(net);
    }
    net->is_crowded = net_budget_look(net);
    while (count < cap && net->ready != NULL) {
        struct net_socket *socket = unlist_first(net);
        if (socket->is_watched && readiness(socket) != 0) {
            socket->is_watched = false;
            numbers[count++] = socket->watch_number;
        }
    }
    UNLOCK_TCPIP_CORE();
    return count;
}

/* ---- Events ------------------------------------------------------------------------------------
 */

/* Whoever is woken asks for the core lock first: the receive thread gives it up before it wakes. */
static void tell_sleeper(struct net *net)
{
    if (net->is_receiving) {
        net->has_news = true;
    } else {
        net_event_signal(&net->event);
    }
}

/* Under the core lock, like whatever changes what readiness looks at. A record that comes in eleven
 * segments is worth one wake-up, not eleven. */
static void connection_event(struct netconn *connection, enum netconn_evt event, u16_t len)
{
    original_callback(connection, event, len);
    if (event == NETCONN_EVT_RCVMINUS || event == NETCONN_EVT_SENDMINUS) {
        return;
    }
    int fd = connection->callback_arg.socket;
    struct net_socket *socket = fd >= 0 ? net_socket_of(&net_lwip_instance, fd) : NULL;
    if (socket != NULL && socket->net != NULL && readiness(socket) != 0) {
        list_ready(socket);
        tell_sleeper(&net_lwip_instance);
    }
}

void net_wait_watch(struct netconn *connection)
{
    if (original_callback == NULL) {
        original_callback = connection->callback;
    }
    connection->callback = connection_event;
}

static bool scan_items(struct net *net, struct net_wait_item *items, size_t count)
{
    bool any = false;
    bool is_short = false;
    LOCK_TCPIP_CORE();
    for (size_t i = 0; i < count; i++) {
        struct net_socket *socket = items[i].socket;
        items[i].ready = 0;
        if (socket != NULL) {
            socket->awaited = items[i];
            socket->is_watched = false;
            await_bytes(socket);
            items[i].ready = readiness(socket);
            is_short = is_short || is_short_of_room(socket, items[i].ready);
        }
        any = any || items[i].ready != 0;
    }
    if (is_short) {
        net_budget_reclaim(net);
    }
    net->is_short_of_room = is_short;
    net->is_crowded = net_budget_look(net);
    UNLOCK_TCPIP_CORE();
    return any;
}

/* Whoever waits for room that others have hears of no event of his own: he looks again soon. And
 * somebody has to look at those who hold a place that others are in line for. */
static uint64_t wake_time(const struct net *net, uint64_t deadline_us)
{
    uint64_t soon_us = NET_NO_DEADLINE;
    if (net->is_short_of_room) {
        soon_us = clock_now_us() + SHORTAGE_LOOK_US;
    } else if (net->is_crowded) {
        soon_us = clock_now_us() + NET_BUDGET_LOOK_US;
    }
    return LWIP_MIN(soon_us, deadline_us);
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    for (;;) {
        net_device_take_waiting(net);
        net_event_arm(&net->event);
        /* All three are looked at: a wake is taken although an item is ready, too. */
        bool is_ready = scan_items(net, items, count);
        bool is_woken = net_event_take_wake(&net->event);
        if (is_ready || is_woken || clock_now_us() >= deadline_us) {
            break;
        }
        net_device_sleep(net, wake_time(net, deadline_us));
    }
    net_event_disarm(&net->event);
}

size_t net_wait_watched(struct net *net, uint32_t *numbers, size_t cap, uint64_t deadline_us)
{
    for (;;) {
        net_device_take_waiting(net);
        net_event_arm(&net->event);
        size_t count = take_ready(net, numbers, cap);
        bool is_woken = net_event_take_wake(&net->event);
        if (count > 0 || is_woken || clock_now_us() >= deadline_us) {
            net_event_disarm(&net->event);
            return count;
        }
        net_device_sleep(net, wake_time(net, deadline_us));
    }
}
