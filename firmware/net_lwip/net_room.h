/* How much a socket has received, and how much it would take to send. */
#ifndef NET_ROOM_H
#define NET_ROOM_H

#include "net_port.h"

/* As net_receivable and net_sendable, under the core lock. */
size_t net_room_receivable(const struct net_socket *socket);
size_t net_room_sendable(const struct net_socket *socket);

/* True if only memory that others have keeps the socket from sending len bytes (at least one). */
bool net_room_is_short(const struct net_socket *socket, size_t len);

#endif
