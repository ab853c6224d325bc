/* How many new connections a second one address may make; of IPv6, one network of 64 bits. */
#ifndef RATE_LIMIT_H
#define RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "net_port.h"
#include "port.h"

/* Addresses remembered at a time. With more of them active in one second, the one seen least
 * recently is forgotten, and may then connect anew: a limit against a greedy peer, not against a
 * botnet. */
#define RATE_LIMIT_ADDRESSES 64

struct rate_limit_entry {
    struct net_address address; /* port 0 */
    uint64_t second;            /* the second that count is for */
    uint32_t count;
};

/* All zero is an empty table. */
struct rate_limit {
    struct rate_limit_entry entries[RATE_LIMIT_ADDRESSES];
};

/* Counts a connection from peer at now_us; false if it is one more than limit in this second. limit
 * 0 allows all. */
PORT_MUST_USE bool rate_limit_allows(struct rate_limit *table, uint32_t limit,
                                     const struct net_address *peer, uint64_t now_us);

#endif
