/* The self-check at start. */
#include "selfcheck.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock_port.h"
#include "entropy_port.h"
#include "log_port.h"

#define HINT_NEW_CERTIFICATES                                                                      \
    "make new certificates (certs/make-certs.sh) and put them into the firmware "                  \
    "(certs/blob.py swap)"
#define HINT_SET_CLOCK "set this machine's clock, or " HINT_NEW_CERTIFICATES

/* Logs one failed check, and returns its status for the caller to return. */
static enum exit_status fail(enum exit_status status, const char *check, const char *reason,
                             const char *hint)
{
    char quoted_reason[224], quoted_hint[192];
    log_event(LOG_LEVEL_ERROR, "app", "selfcheck", "result=failed check=%s reason=%s hint=%s",
              check, log_quote(quoted_reason, sizeof(quoted_reason), reason),
              log_quote(quoted_hint, sizeof(quoted_hint), hint));
    return status;
}

static enum exit_status first_of(enum exit_status a, enum exit_status b)
{
    return a != EXIT_STATUS_OK ? a : b;
}

enum exit_status selfcheck_fail_blob(const char *reason, bool from_file)
{
    return fail(EXIT_STATUS_BAD_BLOB, "blob", reason,
                from_file ? "--certs wants a file made by certs/blob.py pack"
                          : HINT_NEW_CERTIFICATES);
}

/* ---- Entropy */

static enum exit_status check_entropy(void)
{
    uint8_t first[32], second[32];
    const char *hint = "this board needs a working random source (getrandom)";
    if (!entropy_fill(first, sizeof(first)) || !entropy_fill(second, sizeof(second))) {
        return fail(EXIT_STATUS_CONFIG, "entropy", "no random bytes could be had", hint);
    }
    if (memcmp(first, second, sizeof(first)) == 0) {
        return fail(EXIT_STATUS_CONFIG, "entropy", "the random source repeats itself", hint);
    }
    return EXIT_STATUS_OK;
}

/* ---- Identity */

static const char *role_name(enum tls_role role)
{
    return role == TLS_SERVER ? "server" : "client";
}

static enum exit_status fail_parse(enum tls_role role, const struct tls_identity *identity,
                                   const struct tls_identity_report *report,
                                   const struct tls_error *error)
{
    char what[64], reason[256];
    if (report->certificate < identity->chain_count) {
        (void)snprintf(what, sizeof(what), "certificate %zu of the %s's chain",
                       report->certificate + 1, role_name(role));
    } else if (report->certificate == identity->chain_count) {
        (void)snprintf(what, sizeof(what), "the %s's private key", role_name(role));
    } else {
        (void)snprintf(what, sizeof(what), "a CA certificate");
    }
    (void)snprintf(reason, sizeof(reason), "%s does not parse: %s", what,
                   error->text[0] != '\0' ? error->text : "the TLS library gives no reason");
    return fail(EXIT_STATUS_BAD_BLOB, "parse", reason, HINT_NEW_CERTIFICATES);
}

/* What is wrong with an identity, whatever the time. */
struct flaw {
    unsigned verify; /* a bit of enum tls_verify */
    const char *check;
    const char *reason;
};

static const struct flaw flaws[] = {
    {TLS_VERIFY_KEY_MISMATCH, "key", "the private key is not the one of the certificate"},
    {TLS_VERIFY_MISSING, "chain", "there is no certificate"},
    {TLS_VERIFY_WEAK, "strength", "a key or signature is weaker than this firmware allows"},
    {TLS_VERIFY_BAD_USAGE, "usage", "the certificate is not meant for this role"},
};

static enum exit_status check_flaws(const struct tls_identity_report *report)
{
    enum exit_status status = EXIT_STATUS_OK;
    for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
        if ((report->verify & flaws[i].verify) == 0) {
            continue;
        }
        status = first_of(status, fail(EXIT_STATUS_BAD_BLOB, flaws[i].check, flaws[i].reason,
                                       HINT_NEW_CERTIFICATES));
    }
    return status;
}

/* Peers may know a CA that we do not, so this firmware may still be of use. */
static void warn_of_chain(enum tls_role role, const struct tls_identity_report *report)
{
    bool unknown_ca = (report->verify & TLS_VERIFY_UNKNOWN_CA) != 0;
    bool other = (report->verify & TLS_VERIFY_OTHER) != 0;
    if (!unknown_ca && !other) {
        return;
    }
    char reason[128], quoted[160];
    (void)snprintf(reason, sizeof(reason), "the %s's chain %s", role_name(role),
                   unknown_ca ? "does not lead to the embedded CA: our own peer will refuse it"
                              : "does not verify");
    log_event(LOG_LEVEL_WARN, "app", "selfcheck", "result=warning check=chain reason=%s",
              log_quote(quoted, sizeof(quoted), reason));
}

static void describe_clock(struct clock_wall wall, char *out, size_t cap)
{
    time_t seconds = (time_t)wall.unix_s;
    struct tm utc;
    char text[24] = "?";
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    (void)snprintf(out, cap, "%s by the %s clock", text, clock_source_name(wall.source));
}

static enum exit_status check_expired(const struct tls_identity_report *report, const char *now)
{
    char reason[192];
    if ((report->verify & TLS_VERIFY_EXPIRED) == 0) {
        return EXIT_STATUS_OK;
    }
    (void)snprintf(reason, sizeof(reason),
                   "a certificate has expired: the leaf's last day is %s, now is %s",
                   report->not_after, now);
    return fail(EXIT_STATUS_CONFIG, "dates", reason, HINT_SET_CLOCK);
}

/* A lower bound cannot tell that a certificate is not valid yet. */
static enum exit_status check_not_yet_valid(const struct tls_identity_report *report,
                                            enum clock_source source, const char *now)
{
    char reason[192], quoted[224];
    if ((report->verify & TLS_VERIFY_NOT_YET_VALID) == 0) {
        return EXIT_STATUS_OK;
    }
    (void)snprintf(reason, sizeof(reason),
                   "a certificate is not valid yet: the leaf's first day is %s, now is %s",
                   report->not_before, now);
    if (source != CLOCK_SOURCE_LOWER_BOUND) {
        return fail(EXIT_STATUS_CONFIG, "dates", reason, HINT_SET_CLOCK);
    }
    log_event(LOG_LEVEL_WARN, "app", "selfcheck", "result=warning check=dates reason=%s",
              log_quote(quoted, sizeof(quoted), reason));
    return EXIT_STATUS_OK;
}

static enum exit_status check_dates(const struct tls_identity_report *report)
{
    char now[64];
    struct clock_wall wall = clock_wall();
    describe_clock(wall, now, sizeof(now));
    enum exit_status status = check_expired(report, now);
    return first_of(status, check_not_yet_valid(report, wall.source, now));
}

static enum exit_status check_own_identity(enum tls_role role, const struct tls_identity *identity,
                                           const struct tls_trust *trust,
                                           struct tls_identity_report *report)
{
    struct tls_error error = {.outcome = TLS_OK};
    enum tls_outcome outcome = tls_identity_check(role, identity, trust, report, &error);
    if (outcome == TLS_NO_MEMORY) {
        return fail(EXIT_STATUS_INTERNAL, "parse", "out of memory", "give this board more memory");
    }
    if (outcome != TLS_OK) {
        return fail_parse(role, identity, report, &error);
    }
    warn_of_chain(role, report);
    return first_of(check_flaws(report), check_dates(report));
}

enum exit_status selfcheck_identity(enum tls_role role, const struct cert_blob *blob,
                                    struct selfcheck_report *out)
{
    const struct tls_identity *identity = role == TLS_SERVER ? &blob->server : &blob->client;
    *out = (struct selfcheck_report){.identity.verify = 0};
    enum exit_status status = check_entropy();
    if (role == TLS_CLIENT && identity->chain_count == 0) {
        return status;
    }
    return first_of(status, check_own_identity(role, identity, &blob->trust, &out->identity));
}

/* ---- Net */

enum exit_status selfcheck_net(struct net *net, unsigned sessions)
{
    struct net_limits limits = {.window_len = 0};
    char reason[128];
    enum exit_status status = EXIT_STATUS_OK;
    net_get_limits(net, &limits);
    if (limits.window_len <= TLS_RECORD_MAX_LEN) {
        (void)snprintf(reason, sizeof(reason),
                       "the TCP window of %u bytes cannot hold a TLS record of %d",
                       (unsigned)limits.window_len, TLS_RECORD_MAX_LEN);
        status = fail(EXIT_STATUS_CONFIG, "window", reason,
                      "build the IP stack with a larger receive window");
    }
    uint64_t needed = (uint64_t)sessions + SELFCHECK_CONNECTIONS_SLACK;
    if (limits.connections_max < needed) {
        (void)snprintf(reason, sizeof(reason),
                       "%u sessions need %llu connections, the IP stack has %u", sessions,
                       (unsigned long long)needed, (unsigned)limits.connections_max);
        status = first_of(status, fail(EXIT_STATUS_CONFIG, "pools", reason,
                                       "lower --max-sessions, or build with larger pools"));
    }
    return status;
}

void selfcheck_log_ok(const struct selfcheck_report *report)
{
    const struct tls_identity_report *identity = &report->identity;
    char subject[224];
    const char *clock = clock_source_name(clock_wall().source);
    if (identity->key_type[0] == '\0') {
        log_event(LOG_LEVEL_INFO, "app", "selfcheck", "result=ok clock=%s identity=none", clock);
        return;
    }
    log_event(LOG_LEVEL_INFO, "app", "selfcheck",
              "result=ok clock=%s subject=%s key=%s not_before=%s not_after=%s", clock,
              log_quote(subject, sizeof(subject), identity->subject), identity->key_type,
              identity->not_before, identity->not_after);
}
