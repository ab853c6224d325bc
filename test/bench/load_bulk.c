/* The load "bulk": one session that sends messages while it reads their echo. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

/* What may be under way: more bytes than fit into any server's window, but not so many messages
 * that a kernel which keeps each in a buffer of its own has no room for them and drops some. */
#define IN_FLIGHT_LEN (256 * 1024)
#define IN_FLIGHT_MESSAGES 256
#define CHUNK_LEN 65536
#define STALL_MS 20000

struct bulk {
    struct load_stream stream;
    size_t size;
    char *message;           /* size bytes, over and over */
    char chunk[CHUNK_LEN];   /* what was read last */
    uint64_t sent, received; /* bytes */
    bool is_ending;          /* no new message is begun */
};

static void fill(char *bytes, size_t len)
{
    uint32_t state = 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (char)(state >> 24);
    }
}

static bool may_send(const struct bulk *bulk)
{
    uint64_t under_way = bulk->sent - bulk->received;
    bool is_within = bulk->sent % bulk->size != 0;
    bool has_room = under_way < IN_FLIGHT_LEN && under_way < IN_FLIGHT_MESSAGES * bulk->size;
    return is_within || (!bulk->is_ending && has_room);
}

/* False: the stream takes no more now. */
static bool send_some(struct bulk *bulk)
{
    size_t at = (size_t)(bulk->sent % bulk->size);
    ssize_t count = load_stream_write(&bulk->stream, bulk->message + at, bulk->size - at);
    if (count < 0) {
        load_fail("the stream ended while it was sent to");
    }
    bulk->sent += (uint64_t)count;
    return count > 0;
}

static void check(const struct bulk *bulk, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t at = (size_t)((bulk->received + done) % bulk->size);
        size_t part = bulk->size - at < len - done ? bulk->size - at : len - done;
        if (memcmp(bulk->chunk + done, bulk->message + at, part) != 0) {
            load_fail("the echo differs after %llu bytes", (unsigned long long)bulk->received);
        }
        done += part;
    }
}

/* False: there is nothing to read now. */
static bool receive_some(struct bulk *bulk)
{
    ssize_t count = load_stream_read(&bulk->stream, bulk->chunk, sizeof bulk->chunk);
    if (count < 0) {
        load_fail("the stream ended while its echo was awaited");
    }
    check(bulk, (size_t)count);
    bulk->received += (uint64_t)count;
    return count > 0;
}

static void await(const struct bulk *bulk, bool wants_write)
{
    struct pollfd item = {.fd = bulk->stream.fd,
                          .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};
    if (poll(&item, 1, STALL_MS) == 0) {
        load_fail("the server stalled after %llu bytes", (unsigned long long)bulk->received);
    }
}

static void turn(struct bulk *bulk)
{
    bool is_full = false;
    bool has_moved = false;
    for (unsigned i = 0; i < 16 && !is_full && may_send(bulk); i++) {
        is_full = !send_some(bulk);
        has_moved = has_moved || !is_full;
    }
    for (unsigned i = 0; i < 16 && receive_some(bulk); i++) {
        has_moved = true;
    }
    if (!has_moved) {
        await(bulk, is_full);
    }
}

static struct bulk *open_bulk(struct load_context *context)
{
    struct bulk *bulk = calloc(1, sizeof *bulk);
    char *message = malloc(context->options->size);
    if (bulk == NULL || message == NULL) {
        load_fail("out of memory");
    }
    bulk->size = context->options->size;
    bulk->message = message;
    fill(bulk->message, bulk->size);
    load_stream_open(context, &bulk->stream, false);
    load_stream_echo(&bulk->stream, bulk->message, bulk->chunk, 1); /* tickets have come now */
    load_stream_set_nonblocking(&bulk->stream);
    return bulk;
}

void load_bulk(struct load_context *context, struct load_result *result)
{
    const struct load_options *options = context->options;
    struct bulk *bulk = open_bulk(context);
    load_result_note(result, &bulk->stream);
    load_ready();
    double begin_s = load_now_s();
    /* The time may be over just when nothing is under way: then there is nothing to wait for. */
    while (!bulk->is_ending || bulk->received < bulk->sent) {
        turn(bulk);
        bulk->is_ending = load_now_s() - begin_s >= options->seconds ||
                          bulk->sent / bulk->size >= options->count_max;
    }
    result->seconds = load_now_s() - begin_s;
    result->bytes = bulk->received;
    result->count = bulk->received / bulk->size;
    load_result_print(result);
    load_linger();
    load_stream_drop(&bulk->stream);
    free(bulk->message);
    free(bulk);
}
