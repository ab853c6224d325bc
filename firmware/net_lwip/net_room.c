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

/* What the connection's own limits leave. Each segment takes at least one of the buffers that it
 * may queue. */
static size_t own_room(const struct tcp_pcb *pcb)
{
    size_t queue_room = pcb->snd_queuelen < TCP_SND_QUEUELEN
                            ? (size_t)(TCP_SND_QUEUELEN - pcb->snd_queuelen) * pcb->mss
                            : 0;
    return LWIP_MIN((size_t)tcp_sndbuf(pcb), queue_room);
}

static const struct tcp_pcb *open_pcb(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp;
    bool is_open = pcb != NULL && (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT);
    return is_open ? pcb : NULL;
}

size_t net_room_sendable(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp;
    if (socket->failure != NET_OK || pcb == NULL) {
        return SIZE_MAX;
    }
    pcb = open_pcb(socket);
    return pcb != NULL ? LWIP_MIN(own_room(pcb), net_budget_send_room(pcb)) : 0;
}

bool net_room_is_short(const struct net_socket *socket, size_t len)
{
    const struct tcp_pcb *pcb = open_pcb(socket);
    return pcb != NULL && own_room(pcb) >= len && net_budget_send_room(pcb) < len;
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
