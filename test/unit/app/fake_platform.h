/* Stand-ins for what the app stands on: clock, console, entropy, board id, TLS, net, blob. */
#ifndef FAKE_PLATFORM_H
#define FAKE_PLATFORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cert_blob.h"
#include "clock_port.h"
#include "net_port.h"
#include "tls_port.h"

struct fake_platform {
    _Atomic uint64_t now_us;
    uint64_t step_us; /* what each look at the clock adds */
    struct clock_wall wall;

    char console[1 << 20]; /* all that was written, terminated */
    size_t console_len;
    unsigned console_writes;

    bool entropy_fails;
    bool entropy_repeats;
    uint8_t entropy_next;

    const char *board_id;
    bool sha256_fails;

    struct net_limits limits;

    enum tls_outcome check_outcome;
    struct tls_identity_report check_report;
    char check_text[64];
    unsigned checks;
    enum tls_role checked_role;

    enum cert_blob_outcome blob_outcome;
    const uint8_t *blob_bytes;
    size_t blob_len;
    uint8_t embedded[CERT_BLOB_CAPACITY];
};

extern struct fake_platform fake;

/* Everything as on a board where all is well. */
void fake_reset(void);

#endif
