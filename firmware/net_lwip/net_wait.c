/* The one wait of the event loop.
 *
 * lwip_poll sleeps on a condition variable, which no signal and no console can end. So each
 * connection's event callback is wrapped: lwIP's own keeps the books, then ours raises an eventfd
 * if net_wait sleeps. Readiness is read from the books that lwip_poll uses. */
#include "net_wait.h"

#include "clock_port.h"
#include "lwip/opt.h"

#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "net_lwip.h"

/* lwIP's own callback, static in its sockets.c: the same for all; written under the core lock with
 * the same value each time. */
static netconn_callback original_callback;

static void connection_event(struct netconn *connection, enum netconn_evt event, u16_t len)
{
    original_callback(connection, event, len);
    if (event != NETCONN_EVT_RCVMINUS && event != NETCONN_EVT_SENDMINUS) {
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

/* Bits of enum net_event that hold for the socket now. */
static uint8_t readiness(const struct net_socket *socket)
{
    const struct lwip_sock *state = lwip_socket_dbg_get_socket(socket->fd);
    uint8_t ready = 0;
    SYS_ARCH_DECL_PROTECT(level);
    SYS_ARCH_PROTECT(level);
    if (state->lastdata.pbuf != NULL || state->rcvevent > 0) {
        ready |= NET_EVENT_READ;
    }
    if (state->sendevent != 0) {
        ready |= NET_EVENT_WRITE;
    }
    if (state->errevent != 0) {
        ready |= NET_EVENT_READ | NET_EVENT_WRITE;
    }
    SYS_ARCH_UNPROTECT(level);
    return ready;
}

static bool scan_items(struct net_wait_item *items, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        items[i].ready = 0;
        if (items[i].socket != NULL && items[i].events != 0) {
            items[i].ready = readiness(items[i].socket) & items[i].events;
        }
        any = any || items[i].ready != 0;
    }
    return any;
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    for (;;) {
        net_event_arm(&net->event);
        /* All three are looked at: a wake is taken although an item is ready, too. */
        bool is_ready = scan_items(items, count);
        bool is_woken = net_event_take_wake(&net->event);
        if (is_ready || is_woken || clock_now_us() >= deadline_us) {
            break;
        }
        net_event_sleep(&net->event, deadline_us);
    }
    net_event_disarm(&net->event);
}
