/* Random numbers for lwIP: ports and transaction numbers, and initial sequence numbers (RFC 6528).
 */
#include "net_random.h"

#include <stdlib.h>
#include <string.h>

#include "clock_port.h"
#include "entropy_port.h"
#include "log_port.h"
#include "lwip_hooks.h"
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

uint32_t net_random_isn(const ip_addr_t *local_ip, uint16_t local_port, const ip_addr_t *remote_ip,
                        uint16_t remote_port)
{
    struct {
        ip_addr_t local_ip, remote_ip;
        uint16_t local_port, remote_port;
    } connection;
    memset(&connection, 0, sizeof(connection));
    connection.local_ip = *local_ip;
    connection.remote_ip = *remote_ip;
    connection.local_port = local_port;
    connection.remote_port = remote_port;
    uint64_t hash = siphash(isn_key, (const uint8_t *)&connection, sizeof(connection));
    /* RFC 6528 section 3: M + F(connection, key), M a timer of 4 microseconds. */
    return (uint32_t)(clock_now_us() / 4 + hash);
}
