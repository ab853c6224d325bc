/* Counts connections per address and second in a small fixed table. */
#include "rate_limit.h"

#include <string.h>

/* An IPv6 host has all the addresses of its network to choose from (RFC 4291 section 2.5.1), so the
 * network counts: the first half. */
static bool same_host(const struct net_address *a, const struct net_address *b)
{
    size_t len = a->family == NET_FAMILY_IPV6 ? sizeof(a->bytes) / 2 : sizeof(a->bytes);
    return a->family == b->family && memcmp(a->bytes, b->bytes, len) == 0;
}

/* The peer's entry, or the one that was used longest ago, emptied. */
static struct rate_limit_entry *entry_for(struct rate_limit *table, const struct net_address *peer)
{
    struct rate_limit_entry *oldest = &table->entries[0];
    for (size_t i = 0; i < RATE_LIMIT_ADDRESSES; i++) {
        struct rate_limit_entry *entry = &table->entries[i];
        if (same_host(&entry->address, peer)) {
            return entry;
        }
        if (entry->second < oldest->second) {
            oldest = entry;
        }
    }
    memset(oldest, 0, sizeof(*oldest));
    oldest->address = *peer;
    return oldest;
}

bool rate_limit_allows(struct rate_limit *table, uint32_t limit, const struct net_address *peer,
                       uint64_t now_us)
{
    if (limit == 0) {
        return true;
    }
    struct rate_limit_entry *entry = entry_for(table, peer);
    uint64_t second = now_us / 1000000 + 1; /* 0 marks an entry that was never used */
    if (entry->second != second) {
        entry->second = second;
        entry->count = 0;
    }
    if (entry->count >= limit) {
        return false;
    }
    entry->count++;
    return true;
}
