/* What the peers written in C share: options of the form name=value, and sockets. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>

/* The value of option name among the words; fallback if there is none. */
const char *peer_option(char *const *words, const char *name, const char *fallback);
/* Says why on stderr and ends the process. text stands before what the library gave as a reason. */
_Noreturn void peer_fail(const char *text, const char *reason);
/* A listening socket on that port of all IPv4 addresses. */
int peer_listen(const char *port);
/* A connected socket; address is IP:PORT. */
int peer_connect(const char *address);
int peer_accept(int listener);
/* Sleeps until one of them can be read (fd -1: never), or write_fd written. Returns whether a_fd
 * can. */
bool peer_wait(int a_fd, int b_fd, int write_fd);
void peer_set_nonblocking(int fd);
/* Writes all of it to standard output. */
void peer_put(const char *data, int len);

#endif
