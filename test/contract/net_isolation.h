/* Makes sure that nothing the suite sends can leave this machine. */
#ifndef NET_ISOLATION_H
#define NET_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

/* True if this process has a network namespace without any default route, with its loopback up: the
 * one it is in, or a new one. Otherwise false, with why in reason (cap bytes). Call before any
 * thread is started. */
bool net_isolation_enter(char *reason, size_t cap);

/* True if the kernel speaks IPv6 in this namespace; after net_isolation_enter. */
bool net_isolation_has_ip6(void);

#endif
