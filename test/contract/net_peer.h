/* The other end of the net tests: a process with a stack of its own that does as it is told.
 *
 * What it sends and expects is one endless pattern in each direction of a connection, so a lost,
 * repeated or changed byte is found without a copy. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net_port.h"

#define PEER_SLOTS 64

/* Each waits until it is done, at most PEER_TIMEOUT_S. */
enum peer_op {
    PEER_HELLO,       /* its stack is up; the reply's address is its own */
    PEER_LISTEN,      /* number: port */
    PEER_ACCEPT,      /* the reply's address is whose connection it is */
    PEER_CONNECT,     /* number: port of ours */
    PEER_CONNECT6,    /* the same over IPv6 */
    PEER_SEND,        /* number: bytes */
    PEER_RECEIVE,     /* number: bytes; fewer if the stream ends: outcome says how */
    PEER_RECEIVE_END, /* until the stream ends: outcome says how */
    PEER_SHUTDOWN,
    PEER_CLOSE,
    PEER_ABORT,
    PEER_CLOSE_ALL, /* listener included */
    PEER_STATS,     /* number of its sockets */
    PEER_QUIT,
};

#define PEER_TIMEOUT_S 20

/* Outcomes of the peer beside those of enum net_outcome. */
#define PEER_TIMED_OUT 100
#define PEER_WRONG_BYTES 101

struct peer_request {
    enum peer_op op;
    unsigned slot; /* which of its connections */
    uint64_t number;
};

struct peer_reply {
    int outcome;
    uint64_t count;
    struct net_address address;
};

/* The byte at a position of the pattern. */
uint8_t peer_pattern(uint64_t position);

/* True if a stack that was opened so has all its addresses. */
bool net_peer_is_up(const struct net_config *config, const struct net_status *status);

/* Serves requests on a SOCK_SEQPACKET descriptor until PEER_QUIT or its end. Connects to ours: our
 * IPv4 address, and our IPv6 one. */
void net_peer_run(int channel, const struct net_config *config, const struct net_address ours[2]);

#endif
