/* How much a socket has received, and how much it would take to send. */
#ifndef NET_ROOM_H
#define NET_ROOM_H

#include "net_port.h"

struct tcp_pcb;

/* Bytes that the connection is sent in one segment at most: no more than half of the largest window
 * that its peer has had. */
size_t net_room_segment_len(const struct tcp_pcb *pcb);

/* As net_receivable and net_sendable, under the core lock. */
size_t net_room_receivable(const struct net_socket *socket);
size_t net_room_sendable(const struct net_socket *socket);
/* What one call of net_send would take: as net_room_sendable, which is less. */
size_t net_room_at_once(const struct net_socket *socket);

/* True if only memory that others have keeps the socket from sending len bytes (at least one). */
bool net_room_is_short(const struct net_socket *socket, size_t len);

#endif
