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

/* Under the core lock, like whatever changes what readiness looks at. A record that comes in eleven
 * segments is worth one wake-up, not eleven. */
static void connection_event(struct netconn *connection, enum netconn_evt event, u16_t len)
{
    original_callback(connection, event, len);
    if (event == NETCONN_EVT_RCVMINUS || event == NETCONN_EVT_SENDMINUS) {
        return;
    }
    int fd = connection->callback_arg.socket;
    const struct net_socket *socket = fd >= 0 ? net_socket_of(&net_lwip_instance, fd) : NULL;
    if (socket != NULL && socket->net != NULL && readiness(socket) != 0) {
        net_event_signal(&net_lwip_instance.event);
    }
}

void net_wait_watch(struct netconn *connection)
{
    if (original_callback == NULL) {
        original_callback = connection->callback;
    }
    connection->callback = connection_event;
}

/* True if the socket waits for room that only others could leave it. */
static bool is_short_of_room(const struct net_wait_item *item)
{
    bool waits = (item->events & NET_EVENT_WRITE) != 0 && (item->ready & NET_EVENT_WRITE) == 0;
    return waits && net_room_is_short(item->socket, LWIP_MAX(item->write_len, (size_t)1));
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
            items[i].ready = readiness(socket);
            is_short = is_short || is_short_of_room(&items[i]);
        }
        any = any || items[i].ready != 0;
    }
    if (is_short) {
        net_budget_reclaim(net);
    }
    net->is_short_of_room = is_short;
    UNLOCK_TCPIP_CORE();
    return any;
}

/* Whoever waits for room that others have hears of no event of his own: he looks again soon. */
static uint64_t wake_time(const struct net *net, uint64_t deadline_us)
{
    uint64_t soon_us = clock_now_us() + SHORTAGE_LOOK_US;
    return net->is_short_of_room && soon_us < deadline_us ? soon_us : deadline_us;
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    for (;;) {
        net_event_arm(&net->event);
        /* All three are looked at: a wake is taken although an item is ready, too. */
        bool is_ready = scan_items(net, items, count);
        bool is_woken = net_event_take_wake(&net->event);
        if (is_ready || is_woken || clock_now_us() >= deadline_us) {
            break;
        }
        net_event_sleep(&net->event, wake_time(net, deadline_us));
    }
    net_event_disarm(&net->event);
}
