/* Sockets of the net seam on lwIP's sockets API.
 *
 * What lwIP reports once, a connection's end, is remembered here, so that it is final. No call
 * blocks: sockets are non-blocking, SO_LINGER is not compiled in, and a FIN that finds no memory is
 * sent later by lwIP itself (TF_CLOSEPEND in tcp_close_shutdown_fin, lwIP 2.2.1). */
#include <errno.h>
#include <string.h>

#include "lwip/opt.h"

#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sockets.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"
#include "net_room.h"
#include "net_wait.h"

/* ---- Objects -----------------------------------------------------------------------------------
 */

struct net_socket *net_socket_of(struct net *net, int fd)
{
    return &net->sockets[fd - LWIP_SOCKET_OFFSET];
}

/* lwIP has as many sockets as connections, so each has its place here. */
static struct net_socket *take_socket(struct net *net, int fd)
{
    struct net_socket *socket = net_socket_of(net, fd);
    LOCK_TCPIP_CORE(); /* events look here */
    *socket = (struct net_socket){.net = net, .fd = fd};
    UNLOCK_TCPIP_CORE();
    return socket;
}

/* lwIP's connection behind the socket. */
static struct netconn *connection_of(int fd)
{
    return lwip_socket_dbg_get_socket(fd)->conn;
}

/* Makes a new lwIP socket ours: it never blocks, and sends at once.
 *
 * Under the core lock, which fcntl and recv do not take for all they do: lwIP 2.2.1 changes the
 * flags of a connection (NETCONN_FIN_RX_PENDING, say) in the caller's thread, while the receive
 * thread changes others in the same byte. A lost update would be a lost end of stream. */
static enum net_outcome prepare_fd(int fd)
{
    int on = 1;
    LOCK_TCPIP_CORE();
    bool done = lwip_fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
                lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
    UNLOCK_TCPIP_CORE();
    return done ? NET_OK : NET_FAILED;
}

static enum net_outcome new_fd(int *fd, int family)
{
    *fd = lwip_socket(family, SOCK_STREAM, 0);
    if (*fd < 0) {
        return NET_NO_MEMORY;
    }
    LOCK_TCPIP_CORE();
    net_wait_watch(connection_of(*fd));
    UNLOCK_TCPIP_CORE();
    return NET_OK;
}

/* ---- Addresses ---------------------------------------------------------------------------------
 */

void net_address_from_ip(const ip_addr_t *ip, struct net_address *out)
{
    memset(out, 0, sizeof(*out));
    if (IP_IS_V6(ip)) {
        net_socket6_from_ip(ip, out);
    } else {
        out->family = NET_FAMILY_IPV4;
        memcpy(out->bytes, &ip_2_ip4(ip)->addr, sizeof(ip_2_ip4(ip)->addr));
    }
}

static void to_ip(const struct net_address *address, ip_addr_t *out)
{
    memset(out, 0, sizeof(*out));
    if (address->family == NET_FAMILY_IPV6) {
        net_socket6_to_ip(address, out);
        return;
    }
    IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(out)->addr, address->bytes, sizeof(ip_2_ip4(out)->addr));
}

/* lwIP's own form of an address; both begin with length and family. */
union any_sockaddr {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_storage storage;
};

static socklen_t to_sockaddr(const struct net_address *address, union any_sockaddr *out)
{
    memset(out, 0, sizeof(*out));
    if (address->family == NET_FAMILY_IPV6) {
        return (socklen_t)net_socket6_to_sockaddr(address, &out->storage);
    }
    out->ip4.sin_family = AF_INET;
    out->ip4.sin_port = lwip_htons(address->port);
    memcpy(&out->ip4.sin_addr, address->bytes, sizeof(out->ip4.sin_addr));
    return sizeof(out->ip4);
}

/* The peer of a connection, under the core lock. lwip_accept calls an IPv4 one ::ffff:a.b.c.d. */
static bool peer_of(int fd, struct net_address *out)
{
    const struct tcp_pcb *pcb = connection_of(fd)->pcb.tcp;
    if (pcb == NULL) {
        return false; /* it has gone already */
    }
    net_address_from_ip(&pcb->remote_ip, out);
    out->port = pcb->remote_port;
    return true;
}

/* RFC 8201 section 1: beyond our segment, IPv6 packets are as small as every path takes. A router
 * that wants smaller ones only says so, and lwIP cannot make a connection's segments smaller. */
#define FAR_SEGMENT_LEN (1280 - 40 - 20)

static void limit_segments(const struct net *net, struct tcp_pcb *pcb)
{
    bool is_far = IP_IS_V6_VAL(pcb->remote_ip) && !net_neighbour_is_near(net, &pcb->remote_ip);
    if (is_far && pcb->mss > FAR_SEGMENT_LEN) {
        pcb->mss = FAR_SEGMENT_LEN;
    }
}

/* ---- Listening ---------------------------------------------------------------------------------
 */

/* An IPv6 socket takes IPv4's connections, too. */
#define LISTEN_FAMILY (LWIP_IPV6 ? NET_FAMILY_IPV6 : NET_FAMILY_IPV4)

/* No more than what has a pcb beside the connections that are open. */
static int backlog_of(unsigned wanted)
{
    const unsigned max = NET_LWIP_LEFTOVERS_MAX < UINT8_MAX ? NET_LWIP_LEFTOVERS_MAX : UINT8_MAX;
    return (int)(wanted < max ? wanted : max);
}

static enum net_outcome listen_fd(int fd, uint16_t port, unsigned backlog)
{
    int on = 1;
    const struct net_address all = {.family = LISTEN_FAMILY, .port = port};
    union any_sockaddr address;
    socklen_t address_len = to_sockaddr(&all, &address);
    if (lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        lwip_bind(fd, &address.any, address_len) != 0 ||
        lwip_listen(fd, backlog_of(backlog)) != 0) {
        switch (errno) {
        case EADDRINUSE:
            return NET_IN_USE;
        case ENOMEM:
        case ENOBUFS:
            return NET_NO_MEMORY;
        default:
            return NET_FAILED;
        }
    }
    return lwip_fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? NET_OK : NET_FAILED;
}

enum net_outcome net_listen(struct net *net, uint16_t port, unsigned backlog,
                            struct net_socket **out)
{
    *out = NULL;
    if (port == 0) {
        return NET_MISUSE;
    }
    int fd = -1;
    enum net_outcome outcome = new_fd(&fd, LWIP_IPV6 ? AF_INET6 : AF_INET);
    if (outcome != NET_OK) {
        return outcome;
    }
    outcome = listen_fd(fd, port, backlog == 0 ? 1 : backlog);
    if (outcome != NET_OK) {
        lwip_close(fd);
        return outcome;
    }
    LOCK_TCPIP_CORE();
    net_budget_listen(connection_of(fd)->pcb.tcp);
    UNLOCK_TCPIP_CORE();
    *out = take_socket(net, fd);
    (*out)->is_listener = true;
    return NET_OK;
}

static enum net_outcome accept_error(int error)
{
    switch (error) {
    case EAGAIN:
        return NET_WANT_READ;
    case ECONNABORTED: /* lwIP had no pcb or netconn for it */
    case ENFILE:
    case ENOMEM:
        return NET_NO_MEMORY;
    case ENOTCONN:
    case ECONNRESET:
        return NET_RESET;
    default:
        return NET_FAILED;
    }
}

/* False: the connection is no more. */
static bool prepare_accepted(const struct net *net, int fd, struct net_address *peer)
{
    LOCK_TCPIP_CORE();
    bool is_there = peer_of(fd, peer);
    if (is_there) {
        limit_segments(net, connection_of(fd)->pcb.tcp);
    }
    UNLOCK_TCPIP_CORE();
    return is_there;
}

enum net_outcome net_accept(struct net_socket *listener, struct net_socket **out,
                            struct net_address *peer)
{
    *out = NULL;
    memset(peer, 0, sizeof(*peer));
    if (!listener->is_listener) {
        return NET_MISUSE;
    }
    LOCK_TCPIP_CORE(); /* see prepare_fd */
    int fd = lwip_accept(listener->fd, NULL, NULL);
    UNLOCK_TCPIP_CORE();
    if (fd < 0) {
        return accept_error(errno);
    }
    if (prepare_fd(fd) != NET_OK || !prepare_accepted(listener->net, fd, peer)) {
        lwip_close(fd);
        return NET_RESET; /* it went between the two calls */
    }
    *out = take_socket(listener->net, fd);
    return NET_OK;
}

/* ---- Connecting --------------------------------------------------------------------------------
 */

/* lwIP itself would send SYNs to nowhere until it gives up. */
static enum net_outcome check_route(struct net *net, const struct net_address *peer)
{
    ip_addr_t ip;
    if (peer->family == NET_FAMILY_IPV6 && !LWIP_IPV6) {
        return NET_UNREACHABLE;
    }
    to_ip(peer, &ip);
    LOCK_TCPIP_CORE();
    bool routed = peer->family != NET_FAMILY_NONE && net_neighbour_has_route(net, &ip);
    UNLOCK_TCPIP_CORE();
    return routed ? NET_OK : NET_UNREACHABLE;
}

static enum net_outcome connect_fd(int fd, const struct net_address *peer)
{
    if (prepare_fd(fd) != NET_OK) {
        return NET_FAILED;
    }
    union any_sockaddr address;
    socklen_t address_len = to_sockaddr(peer, &address);
    if (lwip_connect(fd, &address.any, address_len) == 0) {
        return NET_OK;
    }
    switch (errno) {
    case EINPROGRESS:
        return NET_OK;
    case EHOSTUNREACH:
        return NET_UNREACHABLE;
    case ENOMEM:
    case ENOBUFS:
        return NET_NO_MEMORY;
    default:
        return NET_FAILED;
    }
}

enum net_outcome net_connect(struct net *net, const struct net_address *peer,
                             struct net_socket **out)
{
    *out = NULL;
    int fd = -1;
    enum net_outcome outcome = check_route(net, peer);
    if (outcome == NET_OK) {
        outcome = new_fd(&fd, peer->family == NET_FAMILY_IPV6 ? AF_INET6 : AF_INET);
    }
    if (outcome != NET_OK) {
        return outcome;
    }
    /* One step: an answer to the SYN that comes at once must find the socket. */
    LOCK_TCPIP_CORE();
    outcome = connect_fd(fd, peer);
    if (outcome == NET_OK) {
        *out = take_socket(net, fd);
        net_neighbour_watch(*out);
    }
    UNLOCK_TCPIP_CORE();
    if (outcome != NET_OK) {
        lwip_close(fd);
    }
    return outcome;
}

static enum net_outcome connect_error(err_t error)
{
    switch (error) {
    case ERR_RST:
        return NET_REFUSED;
    case ERR_ABRT:
        return NET_TIMED_OUT;
    case ERR_RTE:
        return NET_UNREACHABLE;
    default:
        return NET_FAILED;
    }
}

enum net_outcome net_connect_result(struct net_socket *socket)
{
    if (socket->connect_error != NET_OK) {
        return socket->connect_error;
    }
    enum net_outcome outcome = NET_OK;
    LOCK_TCPIP_CORE();
    struct netconn *connection = connection_of(socket->fd);
    if (connection->state == NETCONN_CONNECT) {
        outcome = NET_WANT_WRITE;
    } else if (connection->pcb.tcp == NULL && socket->failure == NET_OK) {
        enum net_outcome why = connect_error(netconn_err(connection));
        socket->connect_error = socket->verdict != NET_OK ? socket->verdict : why;
        socket->failure = NET_RESET;
        outcome = socket->connect_error;
    } else if (connection->pcb.tcp != NULL) {
        limit_segments(socket->net, connection->pcb.tcp);
    }
    UNLOCK_TCPIP_CORE();
    return outcome;
}

/* ---- Moving bytes ------------------------------------------------------------------------------
 */

/* Remembers why the connection is no more, and returns it; under the core lock. lwIP tells the
 * cause once, to send or to receive, and says ENOTCONN from then on. */
static enum net_outcome note_failure(struct net_socket *socket, int error)
{
    if (socket->failure == NET_OK) {
        switch (error) {
        case ECONNRESET:
        case ENOTCONN:
            socket->failure = NET_RESET;
            break;
        case ECONNABORTED: /* retransmitted to the end */
            socket->failure = NET_TIMED_OUT;
            break;
        default:
            socket->failure = NET_FAILED;
            break;
        }
    }
    return socket->failure;
}

/* As lwip_send, but no more than the connection may have of what all share. 0: none now, or never
 * again, which is noted. */
static size_t send_some(struct net_socket *socket, const uint8_t *bytes, size_t len)
{
    LOCK_TCPIP_CORE(); /* see prepare_fd */
    ssize_t sent = 0;
    if (!net_room_is_short(socket, 1)) {
        size_t room = net_room_at_once(socket);
        size_t take_len = room > 0 && room < len ? room : len;
        sent = lwip_send(socket->fd, bytes, take_len, MSG_DONTWAIT);
    }
    /* EINPROGRESS: not connected yet. */
    if (sent < 0 && errno != EAGAIN && errno != EINPROGRESS) {
        note_failure(socket, errno);
    }
    UNLOCK_TCPIP_CORE();
    return sent > 0 ? (size_t)sent : 0;
}

enum net_outcome net_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                          size_t *count)
{
    *count = 0;
    if (socket->is_shut || socket->is_listener || len == 0) {
        return NET_MISUSE;
    }
    if (socket->failure == NET_OK) {
        *count = send_some(socket, bytes, len);
        if (*count > 0) {
            return NET_OK;
        }
    }
    if (socket->failure == NET_OK) {
        return NET_WANT_WRITE;
    }
    return socket->failure == NET_FAILED ? NET_FAILED : NET_RESET;
}

enum net_outcome net_receive(struct net_socket *socket, uint8_t *buf, size_t cap, size_t *count)
{
    *count = 0;
    if (socket->is_listener || cap == 0) {
        return NET_MISUSE;
    }
    if (socket->receive_end != NET_OK) {
        return socket->receive_end;
    }
    LOCK_TCPIP_CORE(); /* see prepare_fd */
    socket->needed_len = 0;
    ssize_t got = lwip_recv(socket->fd, buf, cap, MSG_DONTWAIT);
    if (got > 0) {
        net_budget_note_received(socket);
    } else if (got == 0 || errno != EAGAIN) {
        socket->receive_end = got == 0 ? NET_CLOSED : note_failure(socket, errno);
    }
    net_output_note_received(socket->net);
    UNLOCK_TCPIP_CORE();
    if (got > 0) {
        *count = (size_t)got;
        return NET_OK;
    }
    return socket->receive_end != NET_OK ? socket->receive_end : NET_WANT_READ;
}

/* ---- Ending ------------------------------------------------------------------------------------
 */

enum net_outcome net_shutdown(struct net_socket *socket)
{
    if (socket->is_listener) {
        return NET_MISUSE;
    }
    if (socket->is_shut) {
        return NET_OK;
    }
    if (socket->failure != NET_OK) {
        return NET_RESET;
    }
    if (lwip_shutdown(socket->fd, SHUT_WR) != 0) {
        if (errno == ENOMEM || errno == EAGAIN || errno == EINPROGRESS) {
            return NET_WANT_WRITE;
        }
        /* A cause that receive may still tell is not taken from it. */
        return NET_RESET;
    }
    socket->is_shut = true;
    return NET_OK;
}

static void release_socket(struct net_socket *socket)
{
    LOCK_TCPIP_CORE(); /* net_neighbour.c looks at sockets that are taken */
    net_budget_release(socket);
    net_wait_forget(socket);
    socket->net = NULL;
    UNLOCK_TCPIP_CORE();
    lwip_close(socket->fd);
}

/* The pcb of a connection, or NULL if there is none any more. Under the core lock. */
static struct tcp_pcb *pcb_of(const struct net_socket *socket)
{
    return socket->is_listener ? NULL : connection_of(socket->fd)->pcb.tcp;
}

void net_socket_close(struct net_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    LOCK_TCPIP_CORE();
    struct tcp_pcb *pcb = pcb_of(socket);
    if (pcb != NULL) {
        /* Nobody waits for it now: when pcbs run out, newcomers go first. */
        tcp_setprio(pcb, TCP_PRIO_MIN);
    }
    UNLOCK_TCPIP_CORE();
    release_socket(socket);
}

void net_socket_abort(struct net_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    LOCK_TCPIP_CORE();
    struct tcp_pcb *pcb = pcb_of(socket);
    if (pcb != NULL) {
        tcp_abort(pcb);
    }
    UNLOCK_TCPIP_CORE();
    release_socket(socket);
}

void net_socket_abort_all(struct net *net)
{
    LOCK_TCPIP_CORE();
    net_neighbour_stop(net);
    UNLOCK_TCPIP_CORE();
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        if (net->sockets[i].net != NULL) {
            net_socket_abort(&net->sockets[i]);
        }
    }
}

unsigned net_socket_count_leftovers(void)
{
    unsigned count = 0;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        count += pcb->unsent != NULL || pcb->unacked != NULL;
    }
    return count;
}

/* A peer that has not got all is told by RST; one that has, is not: it would lose what it read. */
static void abort_leftover(struct tcp_pcb *pcb)
{
    bool is_done = pcb->unsent == NULL && pcb->unacked == NULL;
    tcp_abandon(pcb, !is_done);
}

void net_socket_abort_leftovers(void)
{
    while (tcp_active_pcbs != NULL) {
        abort_leftover(tcp_active_pcbs);
    }
    while (tcp_tw_pcbs != NULL) {
        tcp_abort(tcp_tw_pcbs); /* frees it, sends nothing */
    }
}
