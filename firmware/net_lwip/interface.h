/* What the Linux kernel says of one of its network interfaces, and when that changes. */
#ifndef INTERFACE_H
#define INTERFACE_H

/* How often to look at an interface where the kernel does not tell of changes. */
#define INTERFACE_LOOK_AGAIN_MS 1000

/* The reason for being down of an interface that is no more. */
#define INTERFACE_REMOVED "removed"

/* The reason for being down of one that somebody has set down. */
#define INTERFACE_DOWN "interface_down"

/* The interface's IFF_ flags (netdevice(7)), asked by any socket; 0 if there is no such interface.
 */
int interface_flags(int socket_fd, const char *name);

/* A descriptor that is readable when some interface has changed; -1 if the system has none. The
 * caller closes it. */
int interface_changes_open(void);

/* Throws away what the kernel said: that it said something is all that counts. */
void interface_changes_drain(int fd);

#endif
