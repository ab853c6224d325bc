/* Sessions for resumption: exported with what they are bound to, imported only where that holds.
 *
 * Layout: format (1), TLS version (1), SHA-256 of the server's name (32), end and begin of the time
 * in which the server's chain is valid (7 each: year big-endian, month, day, hour, minute, second),
 * then the library's own form of the session. */
#include <string.h>

#include "backend.h"
#include "mbedtls/constant_time.h"

#define FORMAT 2
#define AT_VERSION 1
#define AT_NAME 2
#define AT_NOT_AFTER (AT_NAME + SHA256_LEN)
#define AT_NOT_BEFORE (AT_NOT_AFTER + 7)
#define HEADER_LEN (AT_NOT_BEFORE + 7)

static void put_time(uint8_t out[7], const mbedtls_x509_time *time)
{
    out[0] = (uint8_t)(time->year >> 8);
    out[1] = (uint8_t)time->year;
    out[2] = (uint8_t)time->mon;
    out[3] = (uint8_t)time->day;
    out[4] = (uint8_t)time->hour;
    out[5] = (uint8_t)time->min;
    out[6] = (uint8_t)time->sec;
}

static mbedtls_x509_time get_time(const uint8_t bytes[7])
{
    return (mbedtls_x509_time){.year = bytes[0] << 8 | bytes[1],
                               .mon = bytes[2],
                               .day = bytes[3],
                               .hour = bytes[4],
                               .min = bytes[5],
                               .sec = bytes[6]};
}

static enum tls_version session_version(const struct tls_session *session)
{
    return mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3
               ? TLS_VERSION_1_3
               : TLS_VERSION_1_2;
}

enum tls_outcome tls_session_export(struct tls_session *session, uint8_t *buf, size_t cap,
                                    size_t *len)
{
    *len = 0;
    if (session->context->role != TLS_CLIENT || !session->established) {
        return TLS_MISUSE;
    }
    const mbedtls_ssl_session *state = internals_session(&session->ssl);
    if (state == NULL || !internals_session_has_ticket(state)) {
        return TLS_WANT_READ;
    }
    size_t state_len = 0;
    if (cap < HEADER_LEN ||
        mbedtls_ssl_session_save(state, buf + HEADER_LEN, cap - HEADER_LEN, &state_len) != 0) {
        return TLS_NO_MEMORY;
    }
    buf[0] = FORMAT;
    buf[AT_VERSION] = (uint8_t)session_version(session);
    memcpy(buf + AT_NAME, session->name_hash, SHA256_LEN);
    put_time(buf + AT_NOT_AFTER, &validity_of(session)->to);
    put_time(buf + AT_NOT_BEFORE, &validity_of(session)->from);
    *len = HEADER_LEN + state_len;
    return TLS_OK;
}

static struct validity get_validity(struct tls_span exported)
{
    return (struct validity){.is_known = true,
                             .from = get_time(exported.bytes + AT_NOT_BEFORE),
                             .to = get_time(exported.bytes + AT_NOT_AFTER)};
}

/* A session speaks for the name it was verified for (the library binds DNS names, and in TLS 1.3
 * only), as long as the chain is valid, and in a version that the context allows: the library
 * offers a resumed session's version and no other, whatever its limits. */
static bool is_usable(const struct tls_session *session, struct tls_span exported)
{
    const uint8_t *bytes = exported.bytes;
    if (exported.len <= HEADER_LEN || bytes[0] != FORMAT) {
        return false;
    }
    if (bytes[AT_VERSION] < (uint8_t)session->context->min_version ||
        bytes[AT_VERSION] > (uint8_t)session->context->max_version) {
        return false;
    }
    const struct validity validity = get_validity(exported);
    unsigned reasons = validity_reasons(&validity);
    (void)validity_defer(&reasons);
    return memcmp(bytes + AT_NAME, session->name_hash, SHA256_LEN) == 0 && reasons == 0;
}

void resumption_import(struct tls_session *session, struct tls_span exported)
{
    if (!is_usable(session, exported)) {
        return;
    }
    mbedtls_ssl_session state;
    mbedtls_ssl_session_init(&state);
    int code =
        mbedtls_ssl_session_load(&state, exported.bytes + HEADER_LEN, exported.len - HEADER_LEN);
    if (code == 0 && mbedtls_ssl_set_session(&session->ssl, &state) == 0) {
        session->ticket_validity = get_validity(exported);
    }
    mbedtls_ssl_session_free(&state);
}
