/* How lwIP's events reach net_wait. */
#ifndef NET_WAIT_H
#define NET_WAIT_H

struct net_socket;
struct netconn;

/* The socket is about to be closed: it is waited for no more. Under the core lock. */
void net_wait_forget(struct net_socket *socket);

/* Has events of this new connection, and of those that a listener will accept, wake net_wait. Under
 * the core lock, before it listens or connects. */
void net_wait_watch(struct netconn *connection);

#endif
