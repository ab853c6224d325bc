/* How much a socket has received, and how much it would take to send. */
#include "net_room.h"

#include "lwip/opt.h"

#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/tcp.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"

/* No more will come than is there: the peer has sent FIN, the connection is gone, or a
 * segment is held back because the mailbox, or what the connection may have, is full. */
static bool holds_all(const struct net_socket *socket, const struct netconn *connection)
{
    const struct tcp_pcb *pcb = connection->pcb.tcp;
    bool is_over = pcb == NULL || pcb->state > FIN_WAIT_2;
    if (socket->busy != NULL && socket->busy->is_full) {
        return true;
    }
    return is_over || connection->pending_err != ERR_OK || pcb->refused_data != NULL ||
           connection->recvmbox.count == connection->recvmbox.size;
}

size_t net_room_receivable(const struct net_socket *socket)
{
    const struct lwip_sock *state = lwip_socket_dbg_get_socket(socket->fd);
    if (socket->receive_end != NET_OK || holds_all(socket, state->conn)) {
        return SIZE_MAX;
    }
    size_t begun_len = state->lastdata.pbuf != NULL ? state->lastdata.pbuf->tot_len : 0;
    return begun_len + (size_t)state->conn->recv_avail;
}

size_t net_room_segment_len(const struct tcp_pcb *pcb)
{
    /* As tcp_write in lwIP 2.2.1 has it. */
    size_t half_window = (size_t)pcb->snd_wnd_max / 2;
    return half_window > 0 ? LWIP_MIN(half_window, (size_t)pcb->mss) : pcb->mss;
}

/* What the connection's own limits leave. Each segment takes one of the pieces that it may queue;
 * one more fills up the last segment if that was not sent yet. */
static size_t own_room(const struct tcp_pcb *pcb)
{
    size_t pieces = (size_t)pcb->snd_queuelen + (pcb->unsent != NULL ? 1u : 0u);
    size_t queue_room =
        pieces < TCP_SND_QUEUELEN ? (TCP_SND_QUEUELEN - pieces) * net_room_segment_len(pcb) : 0;
    return LWIP_MIN((size_t)tcp_sndbuf(pcb), queue_room);
}

static const struct tcp_pcb *open_pcb(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp;
    bool is_open = pcb != NULL && (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT);
    return is_open ? pcb : NULL;
}

/* What is sent in two parts takes up to two segments more than in one: each part may begin within a
 * segment. Those are kept back, so that the rest finds room when the first part has gone. Little
 * room is for what goes in one part anyway. */
static size_t in_two_parts(const struct tcp_pcb *pcb, size_t room)
{
    size_t segment_len = net_room_segment_len(pcb);
    return room > 4 * segment_len ? room - 2 * segment_len : LWIP_MIN(room, 2 * segment_len);
}

static size_t room_at_once(const struct tcp_pcb *pcb)
{
    return LWIP_MIN(own_room(pcb), net_budget_send_room(pcb));
}

static bool is_gone(const struct net_socket *socket)
{
    return socket->failure != NET_OK ||
           lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp == NULL;
}

size_t net_room_sendable(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = open_pcb(socket);
    if (is_gone(socket)) {
        return SIZE_MAX;
    }
    return pcb != NULL ? in_two_parts(pcb, room_at_once(pcb)) : 0;
}

size_t net_room_at_once(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = open_pcb(socket);
    if (is_gone(socket)) {
        return SIZE_MAX;
    }
    return pcb != NULL ? room_at_once(pcb) : 0;
}

bool net_room_is_short(const struct net_socket *socket, size_t len)
{
    const struct tcp_pcb *pcb = open_pcb(socket);
    return pcb != NULL && in_two_parts(pcb, own_room(pcb)) >= len &&
           in_two_parts(pcb, net_budget_send_room(pcb)) < len;
}

size_t net_receivable(struct net_socket *socket)
{
    LOCK_TCPIP_CORE();
    size_t len = net_room_receivable(socket);
    UNLOCK_TCPIP_CORE();
    return len;
}

size_t net_sendable(struct net_socket *socket)
{
    LOCK_TCPIP_CORE();
    size_t len = net_room_sendable(socket);
    UNLOCK_TCPIP_CORE();
    return len;
}
