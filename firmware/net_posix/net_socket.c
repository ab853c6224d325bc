/* The net seam on the kernel's own TCP: listening, connecting, and moving bytes. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"

/* ---- Addresses ---- */

socklen_t net_posix_to_sockaddr(const struct net_address *address, union net_sockaddr *out)
{
    memset(out, 0, sizeof *out);
    if (address->family == NET_FAMILY_IPV4) {
        out->ipv4.sin_family = AF_INET;
        out->ipv4.sin_port = htons(address->port);
        memcpy(&out->ipv4.sin_addr, address->bytes, sizeof out->ipv4.sin_addr);
        return sizeof out->ipv4;
    }
    if (address->family == NET_FAMILY_IPV6) {
        out->ipv6.sin6_family = AF_INET6;
        out->ipv6.sin6_port = htons(address->port);
        memcpy(&out->ipv6.sin6_addr, address->bytes, sizeof out->ipv6.sin6_addr);
        return sizeof out->ipv6;
    }
    return 0;
}

void net_posix_from_sockaddr(const union net_sockaddr *sockaddr, struct net_address *out)
{
    memset(out, 0, sizeof *out);
    if (sockaddr->any.sa_family == AF_INET) {
        out->family = NET_FAMILY_IPV4;
        out->port = ntohs(sockaddr->ipv4.sin_port);
        memcpy(out->bytes, &sockaddr->ipv4.sin_addr, sizeof sockaddr->ipv4.sin_addr);
    } else if (sockaddr->any.sa_family == AF_INET6) {
        out->family = NET_FAMILY_IPV6;
        out->port = ntohs(sockaddr->ipv6.sin6_port);
        memcpy(out->bytes, &sockaddr->ipv6.sin6_addr, sizeof sockaddr->ipv6.sin6_addr);
    }
}

/* ---- Outcomes ---- */

static bool is_out_of_resources(int code)
{
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

static enum net_outcome connect_outcome(int code)
{
    switch (code) {
    case 0:
        return NET_OK;
    case ECONNREFUSED:
        return NET_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return NET_UNREACHABLE;
    case ETIMEDOUT:
        return NET_TIMED_OUT;
    case ECONNRESET:
    case EPIPE:
        return NET_RESET;
    default:
        return NET_FAILED;
    }
}

static enum net_outcome send_outcome(int code)
{
    switch (code) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ECONNREFUSED:
        return NET_RESET; /* for a sender they are one: the connection is gone */
    default:
        return NET_FAILED;
    }
}

static enum net_outcome receive_outcome(int code)
{
    switch (code) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ECONNREFUSED:
        return NET_RESET;
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return NET_TIMED_OUT;
    default:
        return NET_FAILED;
    }
}

/* ---- Making and ending ---- */

static void turn_nagle_off(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void abort_descriptor(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0}; /* socket(7): close sends RST */
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* Takes fd over, also on failure. */
static struct net_socket *socket_new(struct net *net, int fd)
{
    struct net_socket *made = NULL;
    if (net->socket_count < NET_POSIX_SOCKETS_MAX) {
        made = calloc(1, sizeof *made);
    }
    if (made == NULL) {
        abort_descriptor(fd);
        return NULL;
    }
    made->net = net;
    made->fd = fd;
    made->fd6 = -1;
    made->next = net->sockets;
    if (made->next != NULL) {
        made->next->prev = made;
    }
    net->sockets = made;
    net->socket_count++;
    return made;
}

static void socket_free(struct net_socket *socket)
{
    struct net *net = socket->net;
    if (socket->prev != NULL) {
        socket->prev->next = socket->next;
    } else {
        net->sockets = socket->next;
    }
    if (socket->next != NULL) {
        socket->next->prev = socket->prev;
    }
    net->socket_count--;
    free(socket);
}

static void close_second(const struct net_socket *socket)
{
    if (socket->fd6 >= 0) {
        close(socket->fd6);
    }
}

void net_socket_close(struct net_socket *socket)
{
    if (socket != NULL) {
        close(socket->fd);
        close_second(socket);
        socket_free(socket);
    }
}

void net_socket_abort(struct net_socket *socket)
{
    if (socket != NULL) {
        abort_descriptor(socket->fd);
        close_second(socket);
        socket_free(socket);
    }
}

/* ---- Listening ---- */

static enum net_outcome bind_and_listen(int fd, const union net_sockaddr *address,
                                        socklen_t address_len, unsigned backlog)
{
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, &address->any, address_len) == 0 &&
        listen(fd, backlog > SOMAXCONN ? SOMAXCONN : (int)backlog) == 0) {
        return NET_OK;
    }
    return errno == EADDRINUSE ? NET_IN_USE : NET_FAILED;
}

/* On OK *fd listens there. Each family has a descriptor of its own: the addresses may be chosen for
 * one family alone, and IPv4 peers keep their IPv4 addresses. */
static enum net_outcome open_listener(const union net_sockaddr *address, socklen_t address_len,
                                      unsigned backlog, int *fd)
{
    const int on = 1;
    *fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        return is_out_of_resources(errno) ? NET_NO_MEMORY : NET_FAILED;
    }
    if (address->any.sa_family == AF_INET6) {
        (void)setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    enum net_outcome outcome = bind_and_listen(*fd, address, address_len, backlog);
    if (outcome != NET_OK) {
        close(*fd);
        *fd = -1;
    }
    return outcome;
}

/* The same for each family; on OK *fd6 may be -1. */
static enum net_outcome open_listeners(const struct net *net, uint16_t port, unsigned backlog,
                                       int *fd, int *fd6)
{
    const union net_sockaddr ip4 = {
        .ipv4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = net->bind_ip}};
    const union net_sockaddr ip6 = {
        .ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = net->bind_ip6}};
    *fd6 = -1;
    enum net_outcome outcome = open_listener(&ip4, sizeof ip4.ipv4, backlog, fd);
    if (outcome != NET_OK || !net->has_ip6) {
        return outcome;
    }
    outcome = open_listener(&ip6, sizeof ip6.ipv6, backlog, fd6);
    if (outcome != NET_OK) {
        close(*fd);
    }
    return outcome;
}

enum net_outcome net_listen(struct net *net, uint16_t port, unsigned backlog,
                            struct net_socket **out)
{
    *out = NULL;
    if (port == 0) {
        return NET_MISUSE;
    }
    int fd = -1;
    int fd6 = -1;
    enum net_outcome outcome = open_listeners(net, port, backlog, &fd, &fd6);
    if (outcome != NET_OK) {
        return outcome;
    }
    *out = socket_new(net, fd);
    if (*out == NULL) {
        if (fd6 >= 0) {
            close(fd6);
        }
        return NET_NO_MEMORY;
    }
    (*out)->fd6 = fd6;
    (*out)->listener = true;
    return NET_OK;
}

/* Without this, a connection that nobody can take would keep the listener readable for ever.
 * accept(2) asks for a descriptor before it looks whether there is a connection at all. */
static enum net_outcome reset_one_waiting(struct net *net, int listener_fd)
{
    if (net->spare_fd >= 0) {
        close(net->spare_fd);
    }
    int fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool none_there = fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (fd >= 0) {
        abort_descriptor(fd);
    }
    net->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return none_there ? NET_WANT_READ : NET_NO_MEMORY;
}

static enum net_outcome accept_outcome(struct net *net, int listener_fd, int code)
{
    if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) {
        return NET_WANT_READ;
    }
    if (is_out_of_resources(code)) {
        return reset_one_waiting(net, listener_fd);
    }
    if (code == EBADF || code == EINVAL || code == EFAULT) {
        return NET_FAILED;
    }
    return NET_RESET; /* accept(2): errors of the network are the new connection's own */
}

static enum net_outcome accept_one(struct net *net, int listener_fd, struct net_socket **out,
                                   struct net_address *peer)
{
    union net_sockaddr from = {0};
    socklen_t from_len = sizeof from;
    int fd = accept4(listener_fd, &from.any, &from_len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return accept_outcome(net, listener_fd, errno);
    }
    net_posix_from_sockaddr(&from, peer);
    turn_nagle_off(fd);
    *out = socket_new(net, fd);
    return *out == NULL ? NET_NO_MEMORY : NET_OK;
}

enum net_outcome net_accept(struct net_socket *listener, struct net_socket **out,
                            struct net_address *peer)
{
    *out = NULL;
    memset(peer, 0, sizeof *peer);
    if (!listener->listener) {
        return NET_MISUSE;
    }
    if (listener->fd6 < 0) {
        return accept_one(listener->net, listener->fd, out, peer);
    }
    /* By turns, so that neither family keeps the other out. */
    listener->fd6_is_next = !listener->fd6_is_next;
    int first = listener->fd6_is_next ? listener->fd : listener->fd6;
    int second = listener->fd6_is_next ? listener->fd6 : listener->fd;
    enum net_outcome outcome = accept_one(listener->net, first, out, peer);
    return outcome == NET_WANT_READ ? accept_one(listener->net, second, out, peer) : outcome;
}

/* ---- Connecting ---- */

/* The address that the user wants us to be; 0: the kernel may choose. */
static socklen_t own_sockaddr(const struct net *net, int family, union net_sockaddr *out)
{
    memset(out, 0, sizeof *out);
    out->any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        out->ipv4.sin_addr = net->bind_ip;
        return net->bind_ip.s_addr == INADDR_ANY ? 0 : sizeof out->ipv4;
    }
    out->ipv6.sin6_addr = net->bind_ip6;
    return IN6_IS_ADDR_UNSPECIFIED(&net->bind_ip6) ? 0 : sizeof out->ipv6;
}

/* 0 or an errno. EINPROGRESS is the usual one. */
static int start_connect(const struct net *net, int fd, const union net_sockaddr *to,
                         socklen_t to_len)
{
    union net_sockaddr from;
    socklen_t from_len = own_sockaddr(net, to->any.sa_family, &from);
    if (from_len > 0 && bind(fd, &from.any, from_len) != 0) {
        return errno;
    }
    turn_nagle_off(fd);
    return connect(fd, &to->any, to_len) == 0 ? 0 : errno;
}

enum net_outcome net_connect(struct net *net, const struct net_address *peer,
                             struct net_socket **out)
{
    *out = NULL;
    union net_sockaddr to;
    socklen_t to_len = net_posix_to_sockaddr(peer, &to);
    if (to_len == 0) {
        return NET_FAILED;
    }
    if (peer->family == NET_FAMILY_IPV6 && !net->has_ip6) {
        return NET_UNREACHABLE;
    }
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return is_out_of_resources(errno) ? NET_NO_MEMORY : connect_outcome(errno);
    }
    int code = start_connect(net, fd, &to, to_len);
    bool begun = code == 0 || code == EINPROGRESS || code == EINTR || code == ECONNREFUSED;
    if (!begun) {
        close(fd);
        return connect_outcome(code) == NET_UNREACHABLE ? NET_UNREACHABLE : NET_FAILED;
    }
    *out = socket_new(net, fd);
    if (*out == NULL) {
        return NET_NO_MEMORY;
    }
    (*out)->connecting = code != ECONNREFUSED; /* loopback refuses before connect(2) returns */
    (*out)->connect_final = connect_outcome(code);
    return NET_OK;
}

enum net_outcome net_connect_result(struct net_socket *socket)
{
    if (!socket->connecting) {
        return socket->listener ? NET_MISUSE : socket->connect_final;
    }
    struct pollfd writable = {.fd = socket->fd, .events = POLLOUT};
    if (poll(&writable, 1, 0) <= 0) {
        return NET_WANT_WRITE;
    }
    int code = 0;
    socklen_t code_len = sizeof code;
    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &code, &code_len) != 0) {
        code = errno;
    }
    socket->connecting = false;
    socket->connect_final = connect_outcome(code);
    return socket->connect_final;
}

/* ---- Moving bytes ---- */

static enum net_outcome send_failed(struct net_socket *socket, int code)
{
    if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) {
        return NET_WANT_WRITE;
    }
    /* EPIPE comes when the peer's FIN was there before its RST: what it sent is then whole. */
    socket->was_reset = code == ECONNRESET;
    socket->send_final = send_outcome(code);
    return socket->send_final;
}

enum net_outcome net_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                          size_t *count)
{
    *count = 0;
    if (socket->listener || socket->shut || len == 0) {
        return NET_MISUSE;
    }
    if (socket->send_final != NET_OK) {
        return socket->send_final;
    }
    ssize_t sent = send(socket->fd, bytes, len, MSG_NOSIGNAL);
    if (sent > 0) {
        *count = (size_t)sent;
        return NET_OK;
    }
    return sent == 0 ? NET_WANT_WRITE : send_failed(socket, errno);
}

static enum net_outcome receive_failed(struct net_socket *socket, int code)
{
    if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) {
        return NET_WANT_READ;
    }
    socket->receive_final = receive_outcome(code);
    if (socket->send_final == NET_OK) {
        socket->send_final = send_outcome(code);
    }
    return socket->receive_final;
}

enum net_outcome net_receive(struct net_socket *socket, uint8_t *buf, size_t cap, size_t *count)
{
    *count = 0;
    if (socket->listener || cap == 0) {
        return NET_MISUSE;
    }
    if (socket->receive_final != NET_OK) {
        return socket->receive_final;
    }
    ssize_t got = recv(socket->fd, buf, cap, 0);
    if (got > 0) {
        *count = (size_t)got;
        return NET_OK;
    }
    if (got < 0) {
        return receive_failed(socket, errno);
    }
    socket->receive_final = socket->was_reset ? NET_RESET : NET_CLOSED;
    return socket->receive_final;
}

/* The system's buffers are its own affair: what is receivable or sendable is found out by trying.
 */
size_t net_receivable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

size_t net_sendable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

uint64_t net_held_back_us(struct net_socket *socket)
{
    (void)socket;
    return 0;
}

enum net_outcome net_shutdown(struct net_socket *socket)
{
    if (socket->listener) {
        return NET_MISUSE;
    }
    if (socket->shut) {
        return NET_OK;
    }
    if (socket->send_final == NET_RESET || shutdown(socket->fd, SHUT_WR) != 0) {
        return NET_RESET;
    }
    socket->shut = true;
    return NET_OK;
}
