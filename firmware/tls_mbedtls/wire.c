/* Between the library and the transport: carries bytes, remembers why none moved, and watches the
 * output for alerts, because the library does not tell which it made, or whether it made any. */
#include <limits.h>
#include <string.h>

#include "backend.h"
#include "mbedtls/net_sockets.h"

#define RECORD_HEADER_LEN 5
#define RECORD_ALERT 21
#define RECORD_APPLICATION_DATA 23
#define ALERT_LEN 2
#define SEALED_ALERT_LEN (ALERT_LEN + 1 + 16) /* TLS 1.3: with content type and tag */
#define ROOM_FOR_HEADERS 64                   /* more than two records add to their content */

_Static_assert(MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY == 1, "a padded alert is not known");

/* Looks at one outgoing record. Handshake messages and data of TLS 1.3 look alike when encrypted,
 * but no handshake message is as short as an alert, and data is announced by sending_data. */
static void watch_record(struct wire *wire, const uint8_t *record, size_t body_len)
{
    const uint8_t *body = record + RECORD_HEADER_LEN;
    bool plain = record[0] == RECORD_ALERT && body_len == ALERT_LEN;
    bool sealed = (record[0] == RECORD_ALERT && body_len > ALERT_LEN) ||
                  (record[0] == RECORD_APPLICATION_DATA && body_len == SEALED_ALERT_LEN &&
                   !wire->sending_data);
    if (plain && body[0] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
        wire->alert_made = true;
        wire->alert = body[1];
    } else if (sealed) {
        wire->alert_made = true;
        wire->alert = TLS_NO_ALERT;
    }
}

/* The library always hands over whole records, all it has; what a partial send left comes again in
 * front of new ones. */
static void watch_output(struct wire *wire, const uint8_t *bytes, size_t len)
{
    size_t at = wire->watched_len;
    while (at + RECORD_HEADER_LEN <= len) {
        const uint8_t *record = bytes + at;
        size_t body_len = (size_t)record[3] << 8 | record[4];
        if (body_len > len - at - RECORD_HEADER_LEN) {
            break;
        }
        watch_record(wire, record, body_len);
        at += RECORD_HEADER_LEN + body_len;
    }
    wire->watched_len = len;
}

/* What the transport says when no byte moved, for the session and as the library's code; len: how
 * many have to, for the next call to get further. */
static int wire_stopped(struct wire *wire, enum tls_transport_outcome outcome, size_t len)
{
    wire->want_len = len;
    switch (outcome) {
    case TLS_TRANSPORT_WANT_READ:
        wire->want = TLS_WANT_READ;
        return MBEDTLS_ERR_SSL_WANT_READ;
    case TLS_TRANSPORT_WANT_WRITE:
        wire->want = TLS_WANT_WRITE;
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    case TLS_TRANSPORT_CLOSED:
        wire->end = TLS_TRUNCATED;
        return MBEDTLS_ERR_SSL_CONN_EOF;
    case TLS_TRANSPORT_RESET:
        wire->end = TLS_RESET;
        return MBEDTLS_ERR_NET_CONN_RESET;
    default: /* FAILED, or a transport that breaks its contract */
        wire->end = TLS_FAILED;
        return MBEDTLS_ERR_NET_RECV_FAILED;
    }
}

static const uint8_t *later(const uint8_t *a, const uint8_t *b)
{
    return a > b ? a : b;
}

/* How many bytes the transport took, or the library's code. */
static int send_some(struct tls_session *session, const uint8_t *bytes, size_t len)
{
    size_t count = 0;
    enum tls_transport_outcome outcome =
        session->transport->send(session->transport, bytes, len, &count);
    if (outcome != TLS_TRANSPORT_OK || count == 0 || count > len) {
        return wire_stopped(&session->wire, outcome, 1);
    }
    session->wire.sent_len += count;
    return (int)count;
}

int wire_flush(struct tls_session *session)
{
    struct flight *flight = &session->wire.flight;
    while (flight->len > 0) {
        int sent = send_some(session, flight->bytes, flight->len);
        if (sent < 0) {
            return sent;
        }
        flight->len -= (size_t)sent;
        memmove(flight->bytes, flight->bytes + sent, flight->len);
    }
    return 0;
}

static void gather(struct wire *wire, const uint8_t *bytes, size_t len)
{
    memcpy(wire->flight.bytes + wire->flight.len, bytes, len);
    wire->flight.len += len;
    wire->used.flight_end = later(wire->used.flight_end, wire->flight.bytes + wire->flight.len);
}

/* Gathers a record, or more if the library had to wait. Too long for that, it goes by itself. */
static int send_in_flight(struct tls_session *session, const uint8_t *bytes, size_t len)
{
    struct wire *wire = &session->wire;
    if (len > FLIGHT_CAP - wire->flight.len) {
        int code = wire_flush(session);
        if (code != 0) {
            return code;
        }
    }
    if (len > FLIGHT_CAP) {
        return send_some(session, bytes, len);
    }
    gather(wire, bytes, len);
    return (int)len;
}

int wire_send(void *data, const unsigned char *bytes, size_t len)
{
    struct tls_session *session = data;
    bool in_handshake = !session->established && session->close == CLOSE_NOT_BEGUN;
    watch_output(&session->wire, bytes, len);
    session->wire.used.out_end = later(session->wire.used.out_end, bytes + len);
    int taken = in_handshake ? send_in_flight(session, bytes, len) : send_some(session, bytes, len);
    if (taken > 0) {
        session->wire.watched_len -= (size_t)taken;
    }
    return taken;
}

bool wire_has_room(struct tls_session *session, size_t len)
{
    struct tls_transport *transport = session->transport;
    if (transport->sendable == NULL || transport->sendable(transport) >= len) {
        return true;
    }
    (void)wire_stopped(&session->wire, TLS_TRANSPORT_WANT_WRITE, len);
    return false;
}

/* True if all of len bytes are there. A part of a record is left where it is. */
static bool wire_is_there(struct tls_session *session, size_t len)
{
    struct tls_transport *transport = session->transport;
    if (transport->receivable == NULL || transport->receivable(transport) >= len) {
        return true;
    }
    (void)wire_stopped(&session->wire, TLS_TRANSPORT_WANT_READ, len);
    return false;
}

/* True if what a record of len bytes brings could be sent back at once: see reads_need_room. */
static bool wire_may_read(struct tls_session *session, size_t len)
{
    struct wire *wire = &session->wire;
    if (!wire->needs_room || wire->read_cap == 0) {
        return true;
    }
    if (len > wire->read_cap && wire->read_cap < TLS_CONTENT_MAX) {
        (void)wire_stopped(wire, TLS_TRANSPORT_WANT_WRITE, 1);
        return false;
    }
    return wire_has_room(session, wire->unanswered_len + len + ROOM_FOR_HEADERS);
}

int wire_receive(void *data, unsigned char *buf, size_t cap)
{
    struct tls_session *session = data;
    size_t count = 0;
    int flushed = wire_flush(session);
    if (flushed != 0) {
        return flushed;
    }
    /* A peer that sends records without data for ever must not keep us from the other sessions:
     * the transport is still readable, so the event loop comes back here in its turn. */
    if (session->wire.budget_len < cap) {
        return wire_stopped(&session->wire, TLS_TRANSPORT_WANT_READ, cap);
    }
    /* The library asks for a record's header, and then for all the rest of it. */
    if (!wire_is_there(session, cap) || !wire_may_read(session, cap)) {
        bool writes = session->wire.want == TLS_WANT_WRITE;
        return writes ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_WANT_READ;
    }
    enum tls_transport_outcome outcome =
        session->transport->receive(session->transport, buf, cap, &count);
    if (outcome != TLS_TRANSPORT_OK || count == 0 || count > cap) {
        bool can_tell = session->transport->receivable != NULL;
        return wire_stopped(&session->wire, outcome, can_tell ? cap : 1);
    }
    session->wire.used.in_end = later(session->wire.used.in_end, buf + count);
    session->wire.budget_len -= count;
    session->wire.received_len += count;
    return (int)count;
}
