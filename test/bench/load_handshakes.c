/* The load "handshakes": whole connections, one after the other. */
#include <string.h>

#include "load.h"

#define MESSAGE_MAX 65536

static char message[MESSAGE_MAX], reply[MESSAGE_MAX];

static void exchange(const struct load_options *options, struct load_stream *stream)
{
    if (!options->any_reply) {
        load_stream_echo(stream, message, reply, options->size);
        return;
    }
    if (load_stream_write(stream, message, options->size) <= 0 ||
        load_stream_read(stream, reply, sizeof reply) <= 0) {
        load_fail("the server did not answer");
    }
}

static void connect_once(struct load_context *context, struct load_result *result)
{
    struct load_stream stream;
    load_stream_open(context, &stream, context->options->resumed);
    exchange(context->options, &stream);
    if (result->count == 0) {
        load_result_note(result, &stream);
    }
    result->resumed += load_stream_is_resumed(&stream);
    result->unclean += !load_stream_finish(&stream);
    result->count++;
}

void load_handshakes(struct load_context *context, struct load_result *result)
{
    const struct load_options *options = context->options;
    struct load_result before = {.count = 0};
    /* The first ones warm up, and bring the ticket. */
    memset(message, 'm', sizeof message);
    message[options->size - 1] = '\n'; /* some servers answer whole lines alone */
    connect_once(context, &before);
    connect_once(context, &before);
    load_ready();
    double begin_s = load_now_s(), now_s = begin_s;
    while (now_s - begin_s < options->seconds && result->count < options->count_max) {
        double since_s = now_s;
        connect_once(context, result);
        now_s = load_now_s();
        load_result_add_latency(result, now_s - since_s);
    }
    result->seconds = now_s - begin_s;
    load_result_print(result);
    load_linger();
}
