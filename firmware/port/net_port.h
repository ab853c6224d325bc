/* The net seam: TCP over some IP stack, and the one wait that drives the event loop.
 *
 * No function but net_open and net_close blocks, except net_wait, which is there for it. All but
 * net_wake belong to one thread. A backend implements all functions of this header in one static
 * library. */
#ifndef NET_PORT_H
#define NET_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

enum net_outcome {
    NET_OK = 0,      /* done; where there is a count, that many bytes moved (at least one) */
    NET_WANT_READ,   /* nothing there yet: call again when the socket is readable */
    NET_WANT_WRITE,  /* no room, or not connected yet: call again when the socket is writable */
    NET_CLOSED,      /* the peer ended its stream in order (FIN) */
    NET_RESET,       /* the peer reset the connection, or it was aborted */
    NET_REFUSED,     /* nobody listens there (RST in answer to SYN) */
    NET_UNREACHABLE, /* no route, no answer to ARP, or ICMP said so */
    NET_TIMED_OUT,   /* TCP gave up */
    NET_NOT_FOUND,   /* the name does not exist, or no DNS server is known */
    NET_IN_USE,      /* the port is taken */
    NET_NO_MEMORY,   /* out of sockets or buffers; earlier sockets are not affected */
    NET_MISUSE,      /* the caller broke this contract */
    NET_FAILED,      /* anything else */
};

enum net_family { NET_FAMILY_NONE = 0, NET_FAMILY_IPV4 = 4, NET_FAMILY_IPV6 = 6 };

struct net_address {
    enum net_family family;
    uint8_t bytes[16]; /* network order; the first 4 for IPv4, the rest 0 */
    uint16_t port;     /* host order */
};

/* Longest text of an address with port, "[ffff:...:255.255.255.255]:65535" and terminator. */
#define NET_ADDRESS_TEXT_MAX 56

/* ---- The stack ----------------------------------------------------------------------------------
 */

struct net; /* made by net_open, ended by net_close; one per process */

enum net_ip_mode { NET_IP_STATIC, NET_IP_DHCP };

enum net_ip6_mode {
    NET_IP6_OFF,
    NET_IP6_AUTO,  /* addresses for what routers announce (RFC 4862), and a link-local one */
    NET_IP6_STATIC /* ip6, and a link-local one */
};

#define NET_TIME_SERVER_DHCP "dhcp" /* the one that DHCP names (RFC 2132 section 8.3) */

/* All pointers are borrowed for the call of net_open, unless said otherwise. */
struct net_config {
    const char
        *netif; /* "tap:NAME", "packet:IFNAME", "stream:connect=PATH", "stream:listen=PATH" */
    enum net_ip_mode ip_mode;
    uint8_t ip[4]; /* this and the other addresses: network order; 0.0.0.0 means none */
    uint8_t prefix_len;
    uint8_t gateway[4];
    uint8_t dns[4];
    uint8_t mac[6];
    enum net_ip6_mode ip6_mode;
    uint8_t ip6[16];
    uint8_t ip6_prefix_len;
    uint8_t ip6_key[16]; /* secret of this board, from which it makes its addresses (RFC 7217) */

    /* A time server's name or address, NET_TIME_SERVER_DHCP, or NULL: none. Borrowed until
     * net_close. It is asked by SNTP as soon as there is an address, and now and then from then on;
     * what it says is checked, given to clock_set_wall, and logged (time_set, time_failed). That
     * wakes net_wait. A backend whose stack is the system's leaves the clock to the system: MISUSE.
     */
    const char *time_server;

    /* The host's own name, one label of a domain name (RFC 1123 section 2.1), borrowed until
     * net_close: told to the DHCP server; NULL: none. A backend whose stack is the system's ignores
     * it. */
    const char *host_name;
    /* Answer for host_name.local by mDNS (RFC 6762), under a name with a number if another host has
     * that; and if service_port is not 0, announce the TLS echo service there (RFC 6763). The
     * backend logs mdns and mdns_conflict. MISUSE where the stack is the system's. */
    bool use_mdns;
    uint16_t service_port;

    /* Let the system make and check checksums, cut long frames into segments and join those that
     * come in, where it offers that for the netif. A backend whose stack is the system's ignores
     * it.
     */
    bool use_offload;

    /* Called once the netif's device is open and before the stack has a thread: the moment to give
     * up the rights that opening took. False ends net_open with FAILED; whoever says no logs why.
     * NULL: nothing to do. arg is borrowed for the call of net_open. */
    bool (*opened)(void *arg);
    void *opened_arg;
};

/* Starts the stack on its netif. *out is owned by the caller. The address may come later: see
 * net_status. On error *out is NULL and reason (cap bytes, always terminated) says what was wrong
 * and what to do, in words. Errors: MISUSE: the netif's spec is malformed; FAILED: the netif cannot
 * be opened; NO_MEMORY. May block for as long as opening a device takes. */
PORT_MUST_USE enum net_outcome net_open(const struct net_config *config, struct net **out,
                                        char *reason, size_t cap);

/* Stops the stack and frees it; remaining sockets are reset. NULL is allowed. May block until its
 * threads have ended. */
void net_close(struct net *net);

enum net_state {
    NET_STATE_STARTING, /* no address: checking it for conflicts, or asking DHCP or routers */
    NET_STATE_UP,       /* packets can flow from and to ip, or ip6, or both */
    NET_STATE_DOWN,     /* the link is down; sockets live on and recover when it is back */
    NET_STATE_CONFLICT, /* another host has our static address: final, no packet is sent */
};

/* Addresses have port 0, and family NONE while there is none. A link-local one does not count. */
struct net_status {
    enum net_state state;
    struct net_address ip;
    struct net_address ip6;
};

/* Each change of it wakes net_wait. The backend logs net_up, net_down and net_conflict itself. A
 * connection whose own address is lost ends at once, with RESET or TIMED_OUT. */
void net_get_status(struct net *net, struct net_status *out);

/* ---- Sockets
 * -------------------------------------------------------------------------------------- */

struct net_socket; /* a TCP listener or connection; made by listen, accept, connect; ended by
                      net_socket_close */

/* Listens on all own addresses of both families. Errors: IN_USE, NO_MEMORY, MISUSE (port 0),
 * FAILED. */
PORT_MUST_USE enum net_outcome net_listen(struct net *net, uint16_t port, unsigned backlog,
                                          struct net_socket **out);

/* Takes a connection that came in; *peer gets its address. The new socket is non-blocking, with
 * Nagle's algorithm off. Errors: WANT_READ: none there; NO_MEMORY: one was there but no socket for
 * it: it was reset; RESET: it came and went. */
PORT_MUST_USE enum net_outcome net_accept(struct net_socket *listener, struct net_socket **out,
                                          struct net_address *peer);

/* Begins to connect. OK: begun, *out is owned by the caller; ask net_connect_result when it is
 * writable. Errors: NO_MEMORY, UNREACHABLE, FAILED. */
PORT_MUST_USE enum net_outcome net_connect(struct net *net, const struct net_address *peer,
                                           struct net_socket **out);

/* OK: connected. WANT_WRITE: not yet. REFUSED, UNREACHABLE, TIMED_OUT, RESET, FAILED: it came to
 * nothing; close the socket. */
PORT_MUST_USE enum net_outcome net_connect_result(struct net_socket *socket);

/* Sends at most len (at least one) bytes, borrowed for the call: they are copied. OK: *count of
 * them were taken, never 0. WANT_WRITE, RESET, FAILED, MISUSE (after net_shutdown): *count is 0.
 * Never raises a signal. */
PORT_MUST_USE enum net_outcome net_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                                        size_t *count);

/* Receives at most cap (at least one) bytes. OK: *count of them, never 0. WANT_READ, CLOSED, RESET,
 * TIMED_OUT, FAILED: *count is 0. CLOSED and RESET are final. */
PORT_MUST_USE enum net_outcome net_receive(struct net_socket *socket, uint8_t *buf, size_t cap,
                                           size_t *count);

/* Bytes that net_receive would give now; SIZE_MAX once no more will come than is there: the stream
 * has ended, the socket holds all that it can, or the stack cannot tell. */
size_t net_receivable(struct net_socket *socket);

/* Bytes that net_send would take now, for sure, also in two calls; SIZE_MAX if the connection is
 * gone or the stack cannot tell. */
size_t net_sendable(struct net_socket *socket);

/* How long, in all since the connection began, its peer could not send what is waited for because
 * we had no memory for it. A deadline for the peer does not run in that time. */
uint64_t net_held_back_us(struct net_socket *socket);

/* Sends FIN after what is queued; receiving goes on. OK; WANT_WRITE: no memory for it now, call
 * again; RESET: already gone. */
PORT_MUST_USE enum net_outcome net_shutdown(struct net_socket *socket);

/* Ends a socket and frees it; NULL is allowed. What was queued and FIN still go out in the
 * background, unless received data was not read: TCP then sends RST, which may destroy them, so
 * drain first. */
void net_socket_close(struct net_socket *socket);

/* Ends a socket with RST at once and frees it. NULL is allowed. */
void net_socket_abort(struct net_socket *socket);

/* ---- Names
 * --------------------------------------------------------------------------------------------- */

#define NET_ADDRESSES_MAX 4

/* In the order in which they should be tried; ports 0. */
struct net_addresses {
    size_t count;
    struct net_address list[NET_ADDRESSES_MAX];
};

/* Turns a host name into its addresses of both families, or a literal address into one; IPv6
 * literals have no brackets and no zone. OK: at least one. WANT_READ: asking; net_wait wakes when
 * there is an answer, then call again with the same name. One name at a time; another name drops
 * the question before. NOT_FOUND, TIMED_OUT, FAILED: out->count is 0. */
PORT_MUST_USE enum net_outcome net_resolve(struct net *net, const char *name,
                                           struct net_addresses *out);

/* ---- Waiting
 * --------------------------------------------------------------------------------------------- */

enum net_event { NET_EVENT_READ = 1, NET_EVENT_WRITE = 2 };

struct net_wait_item {
    struct net_socket *socket; /* borrowed for the call; NULL: the item is skipped */
    uint8_t events; /* in: bits of enum net_event to wait for; 0: only wait for nothing */
    uint8_t ready;  /* out: those that hold. End of stream counts as READ, an error as both. */
    /* in: READ holds only once net_receivable says at least read_len, WRITE only once net_sendable
     * says at least write_len; 0 is as good as 1. */
    size_t read_len, write_len;
};

/* Far enough away to mean never. */
#define NET_NO_DEADLINE UINT64_MAX

/* Sleeps until an item is ready, net_wake was called since the last net_wait returned, the net's
 * state changed, or clock_now_us() has reached deadline_us (0: look, do not sleep).
 * Level-triggered: what is ready is reported again until it is dealt with. Never returns before the
 * deadline without a cause, but the cause may be nothing the caller can see. */
void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us);

/* Waiting for many at a cost that does not grow with their number.
 *
 * net_watch: from now on the socket of item, which is not NULL, is waited for by net_wait_watched
 * as item says, in place of what was said of it before: until it is reported, once, with this
 * number, or closed. item->ready is not used; with no events nothing is waited for. */
void net_watch(const struct net_wait_item *item, uint32_t number);

/* Sleeps as net_wait does, until a socket that is watched is ready. Fills numbers with those of at
 * most cap (at least one) sockets that are, and returns how many. */
size_t net_wait_watched(struct net *net, uint32_t *numbers, size_t cap, uint64_t deadline_us);

/* Makes the current or the next net_wait or net_wait_watched return. Async-signal-safe, any thread.
 */
void net_wake(struct net *net);

/* ---- Numbers
 * ------------------------------------------------------------------------------------------------
 */

struct net_stats {
    uint32_t sockets;     /* net_socket objects, listeners included */
    uint32_t netconns;    /* the stack's connection objects; 0 where the stack has none */
    uint32_t active_pcbs; /* TCP connections in any state but LISTEN and TIME_WAIT */
    uint32_t time_wait_pcbs;
    uint32_t half_open; /* of the active: asked for by a SYN, not yet confirmed by its sender */
    uint32_t
        syn_dropped; /* half-open connections or SYNs given up for lack of room, since net_open */
    uint32_t heap_used_len; /* bytes of the stack's heap and pools in use */
    uint32_t heap_peak_len;
    uint32_t rx_frames, tx_frames, rx_dropped; /* of the netif */
};

/* What cannot be known is 0. */
void net_get_stats(struct net *net, struct net_stats *out);

struct net_limits {
    uint32_t window_len;      /* largest TCP receive window, bytes */
    uint32_t connections_max; /* connections at a time, listeners not counted */
};

void net_get_limits(struct net *net, struct net_limits *out);

/* RAM that the stack has set aside, whether it is open or not, in bytes: fixed_len +
 * connection_count * connection_len + busy_count * busy_len. All 0: it takes what it needs from the
 * system. */
struct net_memory {
    size_t fixed_len;
    size_t connection_len; /* each connection is sure of this much */
    size_t busy_len;       /* a full window both ways; who finds no such place free waits */
    unsigned connection_count, busy_count;
};

void net_get_memory(struct net_memory *out);

#endif
