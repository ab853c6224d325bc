/* How lwIP's events reach net_wait. */
#ifndef NET_WAIT_H
#define NET_WAIT_H

struct netconn;

/* Has events of this new connection, and of those that a listener will accept, wake net_wait. Under
 * the core lock, before it listens or connects. */
void net_wait_watch(struct netconn *connection);

#endif
