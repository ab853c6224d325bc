/* Stand-ins for what the app stands on. */
#include "fake_platform.h"

#include <stdio.h>
#include <string.h>

#include "board_id.h"
#include "console.h"
#include "entropy_port.h"

struct fake_platform fake;

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.wall = (struct clock_wall){.unix_s = 1800000000, .source = CLOCK_SOURCE_SYSTEM};
    fake.board_id = "0123456789abcdef";
    fake.limits = (struct net_limits){.window_len = 65535, .connections_max = 64};
}

uint64_t clock_now_us(void)
{
    return atomic_fetch_add(&fake.now_us, fake.step_us);
}

struct clock_wall clock_wall(void)
{
    return fake.wall;
}

/* Not thread-safe on purpose: the log promises that lines come one after the other. */
void console_write(const char *text, size_t len)
{
    size_t room = sizeof(fake.console) - 1 - fake.console_len;
    size_t taken = len < room ? len : room;
    memcpy(fake.console + fake.console_len, text, taken);
    fake.console_len += taken;
    fake.console_writes++;
}

bool entropy_fill(uint8_t *buf, size_t len)
{
    memset(buf, 0, len);
    if (fake.entropy_fails) {
        return false;
    }
    memset(buf, fake.entropy_next, len);
    fake.entropy_next = (uint8_t)(fake.entropy_next + (fake.entropy_repeats ? 0 : 1));
    return true;
}

size_t board_id_read(uint8_t *out, size_t cap)
{
    size_t len = strlen(fake.board_id);
    if (len > cap) {
        return 0;
    }
    memcpy(out, fake.board_id, len);
    return len;
}

/* Not SHA-256, but another result for other bytes, which is all that the app relies on. */
bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[32])
{
    memset(out, 0, 32);
    if (fake.sha256_fails) {
        return false;
    }
    uint32_t state = 2166136261U;
    for (size_t i = 0; i < len; i++) {
        state = (state ^ bytes[i]) * 16777619U;
    }
    for (size_t i = 0; i < 32; i++) {
        state = state * 1664525U + 1013904223U;
        out[i] = (uint8_t)(state >> 24);
    }
    return true;
}

enum tls_outcome tls_identity_check(enum tls_role role, const struct tls_identity *identity,
                                    const struct tls_trust *trust,
                                    struct tls_identity_report *report, struct tls_error *error)
{
    (void)identity;
    (void)trust;
    fake.checks++;
    fake.checked_role = role;
    *report = fake.check_report;
    error->outcome = fake.check_outcome;
    (void)snprintf(error->text, sizeof(error->text), "%s", fake.check_text);
    return fake.check_outcome;
}

void net_get_limits(struct net *net, struct net_limits *out)
{
    (void)net;
    *out = fake.limits;
}

enum cert_blob_outcome cert_blob_read(const uint8_t *bytes, size_t len, struct cert_blob *out)
{
    memset(out, 0, sizeof(*out));
    fake.blob_bytes = bytes;
    fake.blob_len = len;
    if (fake.blob_outcome == CERT_BLOB_OK) {
        out->server.chain_count = 1;
    }
    return fake.blob_outcome;
}

const char *cert_blob_outcome_text(enum cert_blob_outcome outcome)
{
    return outcome == CERT_BLOB_BAD_HASH ? "the hash does not match" : "other";
}

const uint8_t *cert_blob_embedded(void)
{
    return fake.embedded;
}
