/* Derives the hardware address from the machine's id. */
#include "mac.h"

#include <string.h>

#include "board_id.h"
#include "entropy_port.h"

/* What is hashed begins with this and the role, so that server and client on one machine differ,
 * and the address gives nothing of the id away. */
static const char *const purposes[] = {
    [TLS_SERVER] = "tls-echo server mac ", [TLS_CLIENT] = "tls-echo client mac "};

#define PURPOSE_MAX 32

static bool fill(enum tls_role role, uint8_t mac[6])
{
    uint8_t text[PURPOSE_MAX + BOARD_ID_MAX];
    uint8_t digest[32];
    size_t purpose_len = strlen(purposes[role]);
    size_t id_len = board_id_read(text + purpose_len, BOARD_ID_MAX);
    if (id_len == 0) {
        return entropy_fill(mac, 6);
    }
    memcpy(text, purposes[role], purpose_len);
    if (!tls_sha256(text, purpose_len + id_len, digest)) {
        return false;
    }
    memcpy(mac, digest, 6);
    return true;
}

bool mac_derive(enum tls_role role, uint8_t mac[6])
{
    if (!fill(role, mac)) {
        return false;
    }
    /* Locally administered (bit 1 set), unicast (bit 0 clear): IEEE 802 section 8.4. */
    mac[0] = (uint8_t)((mac[0] & 0xfcU) | 0x02U);
    return true;
}
