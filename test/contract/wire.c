/* A wire in memory between two TLS sessions, on which every fault can be had: see wire.h. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define FIRST_CAP 8192

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t room_of(const struct wire_direction *direction)
{
    if (direction->sent_len >= direction->cut_at) {
        return direction->send_chunk;
    }
    size_t used = direction->sent_len - direction->received_len;
    size_t room = direction->capacity > used ? direction->capacity - used : 0;
    if (direction->send_limit != WIRE_NO_LIMIT) {
        size_t allowed = direction->send_limit > direction->sent_len
                             ? direction->send_limit - direction->sent_len
                             : 0;
        room = smaller(room, allowed);
    }
    return smaller(room, direction->send_chunk);
}

static size_t available_of(const struct wire_direction *direction)
{
    size_t until = smaller(direction->delivered_len, direction->cut_at);
    until = smaller(until, direction->receive_limit);
    size_t available = until > direction->received_len ? until - direction->received_len : 0;
    return smaller(available, direction->receive_chunk);
}

static bool is_at_end(const struct wire_direction *direction)
{
    if (direction->received_len >= direction->cut_at) {
        return true;
    }
    return direction->ended && direction->received_len == direction->sent_len;
}

static void append(struct wire_direction *direction, const uint8_t *bytes, size_t len)
{
    size_t needed = direction->sent_len + len;
    while (direction->bytes_cap < needed) {
        direction->bytes_cap = direction->bytes_cap == 0 ? FIRST_CAP : 2 * direction->bytes_cap;
        direction->bytes = realloc(direction->bytes, direction->bytes_cap);
        CHECK(direction->bytes != NULL);
    }
    memcpy(direction->bytes + direction->sent_len, bytes, len);
    if (direction->flip_at >= direction->sent_len && direction->flip_at < needed) {
        direction->bytes[direction->flip_at] ^= 0x10;
    }
    direction->sent_len = needed;
    if (!direction->delayed) {
        direction->delivered_len = needed;
    }
}

/* True if this call of the end must want instead of doing its work. */
static bool wants_first(const struct wire_end *end, bool *wanted)
{
    *wanted = end->want_first && !*wanted;
    if (*wanted) {
        ++end->wire->progress;
    }
    return *wanted;
}

/* Counts a call; true if the connection is gone. */
static bool call_is_reset(struct wire_end *end)
{
    if (end->call_count++ == end->reset_at_call) {
        end->wire->reset = true;
    }
    return end->wire->reset;
}

static enum tls_transport_outcome wire_send(struct tls_transport *self, const uint8_t *bytes,
                                            size_t len, size_t *count)
{
    struct wire_end *end = (struct wire_end *)self;
    *count = 0;
    if (len == 0 || end->out->ended) {
        end->wire->violation = len == 0 ? "send of 0 bytes" : "send after the end";
        return TLS_TRANSPORT_FAILED;
    }
    if (call_is_reset(end)) {
        return TLS_TRANSPORT_RESET;
    }
    size_t room = smaller(room_of(end->out), len);
    if (wants_first(end, &end->wanted_send) || room == 0) {
        return TLS_TRANSPORT_WANT_WRITE;
    }
    append(end->out, bytes, room);
    end->wire->progress += room;
    *count = room;
    return TLS_TRANSPORT_OK;
}

static enum tls_transport_outcome wire_receive(struct tls_transport *self, uint8_t *buf, size_t cap,
                                               size_t *count)
{
    struct wire_end *end = (struct wire_end *)self;
    *count = 0;
    if (cap == 0) {
        end->wire->violation = "receive of 0 bytes";
        return TLS_TRANSPORT_FAILED;
    }
    if (call_is_reset(end)) {
        return TLS_TRANSPORT_RESET;
    }
    if (is_at_end(end->in)) {
        return TLS_TRANSPORT_CLOSED;
    }
    size_t available = smaller(available_of(end->in), cap);
    if (wants_first(end, &end->wanted_receive) || available == 0) {
        return TLS_TRANSPORT_WANT_READ;
    }
    memcpy(buf, end->in->bytes + end->in->received_len, available);
    end->in->received_len += available;
    end->wire->progress += available;
    *count = available;
    return TLS_TRANSPORT_OK;
}

static void open_direction(struct wire_direction *direction)
{
    *direction = (struct wire_direction){
        .capacity = WIRE_NO_LIMIT,
        .send_chunk = WIRE_NO_LIMIT,
        .receive_chunk = WIRE_NO_LIMIT,
        .send_limit = WIRE_NO_LIMIT,
        .receive_limit = WIRE_NO_LIMIT,
        .cut_at = WIRE_NO_LIMIT,
        .flip_at = WIRE_NO_LIMIT,
    };
}

static void open_end(struct wire *wire, struct wire_end *end, struct wire_direction *out,
                     struct wire_direction *in)
{
    *end = (struct wire_end){
        .transport = {.send = wire_send, .receive = wire_receive},
        .wire = wire,
        .out = out,
        .in = in,
        .reset_at_call = WIRE_NO_LIMIT,
    };
}

void wire_open(struct wire *wire)
{
    memset(wire, 0, sizeof *wire);
    open_direction(&wire->to_server);
    open_direction(&wire->to_client);
    open_end(wire, &wire->client, &wire->to_server, &wire->to_client);
    open_end(wire, &wire->server, &wire->to_client, &wire->to_server);
}

void wire_close(struct wire *wire)
{
    free(wire->to_server.bytes);
    free(wire->to_client.bytes);
    memset(wire, 0, sizeof *wire);
}

/* True if no byte will come that is not there already. */
static bool has_all(const struct wire_direction *direction)
{
    size_t end =
        direction->ended ? smaller(direction->sent_len, direction->cut_at) : direction->cut_at;
    bool is_delivered = end != WIRE_NO_LIMIT && direction->delivered_len >= end;
    return is_at_end(direction) || (is_delivered && direction->receive_limit >= end);
}

static size_t receivable(struct tls_transport *self)
{
    const struct wire_end *end = (const struct wire_end *)self;
    return end->wire->reset || has_all(end->in) ? SIZE_MAX : available_of(end->in);
}

static size_t sendable(struct tls_transport *self)
{
    const struct wire_end *end = (const struct wire_end *)self;
    return end->wire->reset ? SIZE_MAX : room_of(end->out);
}

void wire_tell(struct wire *wire)
{
    wire->client.transport.receivable = wire->server.transport.receivable = receivable;
    wire->client.transport.sendable = wire->server.transport.sendable = sendable;
}

bool wire_is_readable(const struct wire_end *end, size_t len)
{
    return end->wire->reset || has_all(end->in) || available_of(end->in) >= len;
}

bool wire_is_writable(const struct wire_end *end, size_t len)
{
    return end->wire->reset || room_of(end->out) >= len;
}

void wire_end_stream(struct wire_end *end)
{
    end->out->ended = true;
}

void wire_drain(struct wire_end *end)
{
    end->in->cut_at = smaller(end->in->cut_at, end->in->received_len);
}

static bool deliver(struct wire_direction *direction, size_t most)
{
    size_t waiting = direction->sent_len - direction->delivered_len;
    if (waiting == 0) {
        return false;
    }
    uint32_t bound = (uint32_t)smaller(waiting, most);
    direction->delivered_len += 1 + contract_random(bound);
    return true;
}

bool wire_deliver(struct wire *wire, size_t most)
{
    bool to_server = deliver(&wire->to_server, most);
    bool to_client = deliver(&wire->to_client, most);
    return to_server || to_client;
}

void wire_inject(struct wire_end *end, const uint8_t *bytes, size_t len)
{
    append(end->out, bytes, len);
}
