/* How much a socket has received, and how much it would take to send. */
#include "net_room.h"

#include "lwip/opt.h"

#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/tcp.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"

/* No more will come than is there: the peer has sent FIN, the connection is gone, or lwIP holds a
 * segment back because the mailbox is full. */
static bool holds_all(const struct netconn *connection)
{
    const struct tcp_pcb *pcb = connection->pcb.tcp;
    bool is_over = pcb == NULL || pcb->state > FIN_WAIT_2;
    return is_over || connection->pending_err != ERR_OK || pcb->refused_data != NULL ||
           connection->recvmbox.count == connection->recvmbox.size;
}

size_t net_room_receivable(const struct net_socket *socket)
{
    const struct lwip_sock *state = lwip_socket_dbg_get_socket(socket->fd);
    if (socket->receive_end != NET_OK || holds_all(state->conn)) {
        return SIZE_MAX;
    }
    size_t begun_len = state->lastdata.pbuf != NULL ? state->lastdata.pbuf->tot_len : 0;
    return begun_len + (size_t)state->conn->recv_avail;
}

/* Each segment takes at least one of the buffers that a connection may queue. */
size_t net_room_sendable(const struct net_socket *socket)
{
    const struct tcp_pcb *pcb = lwip_socket_dbg_get_socket(socket->fd)->conn->pcb.tcp;
    if (socket->failure != NET_OK || pcb == NULL) {
        return SIZE_MAX;
    }
    if (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT) {
        return 0;
    }
    size_t queue_room = pcb->snd_queuelen < TCP_SND_QUEUELEN
                            ? (size_t)(TCP_SND_QUEUELEN - pcb->snd_queuelen) * pcb->mss
                            : 0;
    size_t room = tcp_sndbuf(pcb);
    return room < queue_room ? room : queue_room;
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
