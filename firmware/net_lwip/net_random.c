/* Random numbers for lwIP: ports and transaction numbers, and initial sequence numbers (RFC 6528).
 */
#include "net_random.h"

#include <stdlib.h>
#include <string.h>

#include "clock_port.h"
#include "entropy_port.h"
#include "log_port.h"
#include "lwip_hooks.h"
#include "net_lwip.h"
#include "siphash.h"

uint32_t net_random_u32(void)
{
    uint32_t value = 0;
    if (!entropy_fill((uint8_t *)&value, sizeof(value))) {
        /* lwIP cannot be told. Going on with numbers that can be foreseen would be worse. */
        log_event(LOG_LEVEL_ERROR, "net", "entropy_failed", "use=tcp");
        abort();
    }
    return value;
}

/* The key of this run, for sequence numbers only; written once, before the stack starts. */
static uint8_t isn_key[SIPHASH_KEY_LEN];

bool net_random_open(void)
{
    return entropy_fill(isn_key, sizeof(isn_key));
}

/* An address in a form of its own: what ip_addr_t has beside an IPv4 address is anything. */
static void put_address(uint8_t out[17], const ip_addr_t *ip)
{
    struct net_address address;
    net_address_from_ip(ip, &address);
    out[0] = (uint8_t)address.family;
    memcpy(out + 1, address.bytes, sizeof(address.bytes));
}

uint32_t net_random_isn(const ip_addr_t *local_ip, uint16_t local_port, const ip_addr_t *remote_ip,
                        uint16_t remote_port)
{
    uint8_t connection[2 * 17 + 2 * sizeof(uint16_t)];
    put_address(connection, local_ip);
    put_address(connection + 17, remote_ip);
    memcpy(connection + 34, &local_port, sizeof(local_port));
    memcpy(connection + 36, &remote_port, sizeof(remote_port));
    uint64_t hash = siphash(isn_key, connection, sizeof(connection));
    /* RFC 6528 section 3: M + F(connection, key), M a timer of 4 microseconds. */
    return (uint32_t)(clock_now_us() / 4 + hash);
}
