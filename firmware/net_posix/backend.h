/* What the files of the POSIX net backend share: the stack's and the socket's insides. */
#ifndef NET_POSIX_BACKEND_H
#define NET_POSIX_BACKEND_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net_port.h"

/* Sockets at a time, listeners included; the table given to ppoll(2) has room for two descriptors
 * of each. */
#define NET_POSIX_SOCKETS_MAX 1280U

#define NET_POSIX_POLLS_MAX (2 * NET_POSIX_SOCKETS_MAX + 1)

/* Longest name that DNS can carry, with its terminator (RFC 1035 section 2.3.4). */
#define NET_POSIX_NAME_MAX 256U

struct net_question; /* a name being resolved: net_resolve.c */

struct net_socket {
    struct net *net; /* borrowed: the socket is on its list */
    struct net_socket *prev, *next;
    int fd;
    int fd6; /* of a listener: its second descriptor, for IPv6; -1: none */
    bool fd6_is_next;
    bool listener;
    bool connecting;              /* net_connect_result has not given a final outcome yet */
    bool shut;                    /* net_shutdown was called */
    bool was_reset;               /* a send learnt it: the kernel tells only one of the two */
    struct net_wait_item watched; /* by net_watch; no events: not */
    uint32_t watch_number;
    enum net_outcome connect_final; /* once not connecting */
    enum net_outcome send_final;    /* NET_OK while sending is possible */
    enum net_outcome receive_final; /* NET_OK while receiving is possible */
};

struct net {
    struct in_addr bind_ip;   /* INADDR_ANY: the kernel's choice */
    struct in6_addr bind_ip6; /* the same for IPv6 */
    bool has_ip6;
    int wake_fd;  /* eventfd: written by net_wake, drained by net_wait */
    int spare_fd; /* given up for a moment to take, and reset, a connection when the
                     process is out of descriptors */
    uint32_t window_len;
    uint32_t socket_count;
    struct net_socket *sockets;    /* all of them */
    struct net_question *question; /* owned; NULL when no name is being resolved */
    struct pollfd polls[NET_POSIX_POLLS_MAX];
    struct net_wait_item items[NET_POSIX_SOCKETS_MAX]; /* net_wait_watched's */
};

union net_sockaddr {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* Returns the length of *out, 0 if the address has no family that this backend knows. */
socklen_t net_posix_to_sockaddr(const struct net_address *address, union net_sockaddr *out);

/* Zeroes *out, then fills it if the family is known. */
void net_posix_from_sockaddr(const union net_sockaddr *sockaddr, struct net_address *out);

/* Drops the question being asked, if any; its thread ends by itself. */
void net_posix_drop_question(struct net *net);

#endif
