/* Turns what server and client know into the console's lines. */
#include "echo_log.h"

#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "echo_names.h"
#include "log_port.h"

/* For "%u.%03u": milliseconds with microseconds behind the point. */
#define MS_ARGS(us) (unsigned)((us) / 1000), (unsigned)((us) % 1000)

static uint64_t age_us(const struct connection *connection)
{
    return clock_now_us() - connection->started_us;
}

void echo_log_handshake_ok(const char *module, const struct connection *connection)
{
    struct tls_session_info info;
    char peer[NET_ADDRESS_TEXT_MAX], quoted[80], alpn[96] = "";
    uint64_t us = age_us(connection);
    if (!tls_session_info(connection->session, &info)) {
        return;
    }
    if (info.alpn[0] != '\0') {
        (void)snprintf(alpn, sizeof(alpn), " alpn=%s",
                       log_quote(quoted, sizeof(quoted), info.alpn));
    }
    log_event(LOG_LEVEL_INFO, module, "handshake_ok",
              "session=%u peer=%s version=%s cipher=%s group=%s resumed=%d ms=%u.%03u%s",
              connection->id, net_address_text(peer, &connection->peer), info.version, info.cipher,
              info.group, info.resumed, MS_ARGS(us), alpn);
}

static const char *alert_by(const struct tls_error *error)
{
    if (error->alert == TLS_NO_ALERT) {
        return "none";
    }
    return error->alert_sent ? "us" : "peer";
}

/* A session that could not even be made has no error of its own. */
static const struct tls_error *error_of(const struct connection *connection)
{
    static const struct tls_error none = {.alert = TLS_NO_ALERT};
    return connection->session != NULL ? tls_session_error(connection->session) : &none;
}

void echo_log_handshake_failed(enum log_level level, const char *module,
                               const struct connection *connection, const char *reason)
{
    const struct tls_error *error = error_of(connection);
    char peer[NET_ADDRESS_TEXT_MAX], text[160], verify[TLS_VERIFY_TEXT_MAX];
    uint64_t us = age_us(connection);
    log_event(level, module, "handshake_failed",
              "session=%u peer=%s phase=handshake reason=%s alert=%s alert_by=%s code=%ld text=%s "
              "verify=%s ms=%u.%03u",
              connection->id, net_address_text(peer, &connection->peer), reason,
              tls_alert_name(error->alert), alert_by(error), error->code,
              log_quote(text, sizeof(text), error->text),
              tls_verify_names(verify, sizeof(verify), error->verify), MS_ARGS(us));
}

/* Nobody has set the clock, so nobody can tell whether the certificate is valid yet. */
static void log_deferred(const char *module, const struct connection *connection,
                         const struct tls_peer_certificate *peer)
{
    char names[TLS_VERIFY_TEXT_MAX];
    log_event(LOG_LEVEL_WARN, module, "check_deferred",
              "session=%u verify=%s not_before=%s clock=%s", connection->id,
              tls_verify_names(names, sizeof(names), peer->deferred), peer->not_before,
              clock_source_name(CLOCK_SOURCE_LOWER_BOUND));
}

void echo_log_peer_certificate(const char *module, const struct connection *connection)
{
    struct tls_peer_certificate peer;
    char subject[200], issuer[200], sha256[TLS_SHA256_TEXT_MAX];
    if (!tls_session_peer(connection->session, &peer)) {
        return;
    }
    log_event(LOG_LEVEL_INFO, module, "peer_certificate",
              "session=%u subject=%s issuer=%s not_after=%s sha256=%s", connection->id,
              log_quote(subject, sizeof(subject), peer.subject),
              log_quote(issuer, sizeof(issuer), peer.issuer), peer.not_after,
              tls_sha256_text(sha256, peer.sha256));
    if (peer.deferred != 0) {
        log_deferred(module, connection, &peer);
    }
}

void echo_log_trust_lost(enum log_level level, const char *module,
                         const struct connection *connection, unsigned verify)
{
    char names[TLS_VERIFY_TEXT_MAX];
    log_event(level, module, "trust_lost", "session=%u verify=%s clock=%s", connection->id,
              tls_verify_names(names, sizeof(names), verify),
              clock_source_name(clock_wall().source));
}

void echo_log_identity_dates(enum log_level level, const char *module, unsigned verify)
{
    char names[TLS_VERIFY_TEXT_MAX];
    log_event(level, module, "identity_dates",
              "verify=%s clock=%s hint=\"our own certificate: peers will refuse it\"",
              tls_verify_names(names, sizeof(names), verify),
              clock_source_name(clock_wall().source));
}

void echo_log_closed(const char *module, const struct connection *connection, const char *reason)
{
    const struct tls_error *error = error_of(connection);
    char text[160], why[256] = "";
    uint64_t us = age_us(connection);
    if (error->outcome != TLS_OK && (error->alert != TLS_NO_ALERT || error->code != 0)) {
        (void)snprintf(why, sizeof(why), " alert=%s alert_by=%s code=%ld text=%s",
                       tls_alert_name(error->alert), alert_by(error), error->code,
                       log_quote(text, sizeof(text), error->text));
    }
    log_event(LOG_LEVEL_INFO, module, "closed",
              "session=%u reason=%s bytes_in=%llu bytes_out=%llu ms=%u.%03u%s", connection->id,
              reason, (unsigned long long)connection->bytes_in,
              (unsigned long long)connection->bytes_out, MS_ARGS(us), why);
}

void echo_log_deadline(const char *module, unsigned session, const char *phase, uint64_t since_us)
{
    uint64_t us = clock_now_us() - since_us;
    log_event(LOG_LEVEL_WARN, module, "deadline", "session=%u phase=%s ms=%u.%03u", session, phase,
              MS_ARGS(us));
}

const char *echo_close_reason(enum tls_outcome outcome)
{
    switch (outcome) {
    case TLS_CLOSED:
        return "clean";
    case TLS_TRUNCATED:
        return "truncated";
    case TLS_RESET:
        return "reset";
    case TLS_ALERT:
        return "alert";
    default:
        return "failed";
    }
}
