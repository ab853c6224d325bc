/* What the net tests share: our stack, the peer's, and steps that they all take.
 *
 * Wires: "stream": both stacks are on one Ethernet segment, a Unix socket in a folder of our own;
 * "loopback": both are the kernel's, in a network namespace without a route. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract.h"
#include "net_peer.h"
#include "net_port.h"

/* Our stack, up; started with the peer's by the first test that asks. */
struct net *fixture_net(void);

/* Where the peer is; port 0. */
struct net_address fixture_peer_address(void);
struct net_address fixture_own_address(void);

/* The same for IPv6, after fixture_net; a kernel without it has none. */
bool fixture_has_ip6(void);
struct net_address fixture_peer_address6(void);
struct net_address fixture_own_address6(void);

/* Ends both stacks. Safe to call when there are none. */
void fixture_close(void);

/* A test begins: the peer has no sockets, our numbers are noted. Returns our stack. */
struct net *fixture_begin(void);

/* A test ends, all its own sockets are closed: our numbers must come back to what they were. */
void fixture_end(void);

/* A port that no test has used before. */
uint16_t fixture_port(void);

/* Asks the peer and waits for it. */
struct peer_reply peer_ask(enum peer_op op, unsigned slot, uint64_t number);

/* Asks, and the outcome must be OK. */
void peer_do(enum peer_op op, unsigned slot, uint64_t number);

/* The peer receives to the end of the stream: this outcome, after so many bytes. */
void peer_check_end(unsigned slot, enum net_outcome outcome, uint64_t count);

/* Waits for at most timeout_ms until one of events holds. Returns what is ready, 0: nothing. */
uint8_t wait_ready(struct net_socket *socket, uint8_t events, unsigned timeout_ms);

/* As long as anything here may ever take. */
#define LONG_MS 20000

/* A connection of ours to the peer's slot; the peer's listener is at port, over IPv4 or at this
 * address (its port is ignored). */
struct net_socket *connect_to_peer(uint16_t port, unsigned slot);
struct net_socket *connect_to_peer_at(struct net_address address, uint16_t port, unsigned slot);

/* A listener of the peer and a connection of ours to its slot 0. */
struct net_socket *open_connection(void);

/* One side of the pattern. */
struct stream_position {
    uint64_t sent_len, received_len;
};

/* Sends len bytes of the pattern, waiting for room. */
void send_pattern(struct net_socket *socket, struct stream_position *position, uint64_t len);

/* Receives and checks the pattern until the stream ends or len bytes have come. Returns the last
 * outcome: OK if all came. */
enum net_outcome receive_pattern(struct net_socket *socket, struct stream_position *position,
                                 uint64_t len);

/* The calls themselves, checked: count with OK only. */
enum net_outcome checked_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                              size_t *count);
enum net_outcome checked_receive(struct net_socket *socket, uint8_t *buf, size_t cap,
                                 size_t *count);

#endif
