/* Derives the hardware address, and the key of IPv6 addresses, from the machine's id. */
#include "mac.h"

#include <string.h>

#include "board_id.h"
#include "entropy_port.h"

/* What is hashed begins with the purpose and the role, so that server and client on one machine
 * differ, no two purposes get the same bytes, and none gives anything of the id away. */
enum purpose { PURPOSE_MAC, PURPOSE_IP6 };

static const char *const purposes[][2] = {
    [PURPOSE_MAC] = {[TLS_SERVER] = "tls-echo server mac ", [TLS_CLIENT] = "tls-echo client mac "},
    [PURPOSE_IP6] = {[TLS_SERVER] = "tls-echo server ip6 ", [TLS_CLIENT] = "tls-echo client ip6 "},
};

#define PURPOSE_MAX 32
#define DIGEST_LEN 32

/* Fills out with at most DIGEST_LEN bytes. */
static bool fill(enum purpose purpose, enum tls_role role, uint8_t *out, size_t len)
{
    uint8_t text[PURPOSE_MAX + BOARD_ID_MAX];
    uint8_t digest[DIGEST_LEN];
    const char *start = purposes[purpose][role];
    size_t start_len = strlen(start);
    size_t id_len = board_id_read(text + start_len, BOARD_ID_MAX);
    if (id_len == 0) {
        return entropy_fill(out, len);
    }
    for (size_t i = 0; i < start_len; i++) {
        text[i] = (uint8_t)start[i];
    }
    if (!tls_sha256(text, start_len + id_len, digest)) {
        return false;
    }
    memcpy(out, digest, len);
    return true;
}

bool mac_derive(enum tls_role role, uint8_t mac[6])
{
    if (!fill(PURPOSE_MAC, role, mac, 6)) {
        return false;
    }
    /* Locally administered (bit 1 set), unicast (bit 0 clear): IEEE 802 section 8.4. */
    mac[0] = (uint8_t)((mac[0] & 0xfcU) | 0x02U);
    return true;
}

bool mac_derive_ip6_key(enum tls_role role, uint8_t key[16])
{
    return fill(PURPOSE_IP6, role, key, 16);
}
