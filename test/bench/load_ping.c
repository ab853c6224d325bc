/* The load "ping": many sessions, at most one message under way in each; in turn. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "load.h"

#define EVENTS_MAX 256
#define STALL_MS 20000
#define MESSAGE_MAX 65536

struct ping_session {
    struct load_stream stream;
    double since_s;        /* when its message was sent */
    size_t sent, received; /* of it */
    bool is_waiting;       /* a message is under way */
};

struct ping {
    struct ping_session *sessions;
    unsigned count, next; /* the session whose turn it is */
    unsigned under_way;
    size_t size;
    int epoll_fd;
    bool is_ending;
    struct load_result *result;
};

static char message[MESSAGE_MAX], reply[MESSAGE_MAX];

/* ---- One message ---- */

static void send_rest(const struct ping *ping, struct ping_session *session)
{
    while (session->sent < ping->size) {
        ssize_t count = load_stream_write(&session->stream, message + session->sent,
                                          ping->size - session->sent);
        if (count < 0) {
            load_fail("a session ended while it was sent to");
        }
        if (count == 0) {
            return;
        }
        session->sent += (size_t)count;
    }
}

static void begin_message(struct ping *ping, struct ping_session *session)
{
    session->since_s = load_now_s();
    session->sent = session->received = 0;
    session->is_waiting = true;
    ping->under_way++;
    send_rest(ping, session);
}

static void begin_next(struct ping *ping)
{
    struct ping_session *session = &ping->sessions[ping->next];
    ping->next = (ping->next + 1) % ping->count;
    if (!session->is_waiting) {
        begin_message(ping, session);
    }
}

static void end_message(struct ping *ping, struct ping_session *session)
{
    load_result_add_latency(ping->result, load_now_s() - session->since_s);
    ping->result->count++;
    ping->result->bytes += ping->size;
    session->is_waiting = false;
    ping->under_way--;
    if (!ping->is_ending) {
        begin_next(ping);
    }
}

static void receive_rest(struct ping *ping, struct ping_session *session)
{
    ssize_t count;
    while ((count = load_stream_read(&session->stream, reply, sizeof reply)) > 0) {
        size_t left = ping->size - session->received;
        if (!session->is_waiting || (size_t)count > left ||
            memcmp(reply, message + session->received, (size_t)count) != 0) {
            load_fail("the echo differs from the message");
        }
        session->received += (size_t)count;
        if (session->received == ping->size) {
            end_message(ping, session);
            return;
        }
    }
    if (count < 0) {
        load_fail("a session ended while its echo was awaited");
    }
}

/* ---- All sessions ---- */

static void open_sessions(struct ping *ping, struct load_context *context)
{
    for (unsigned i = 0; i < ping->count; i++) {
        struct ping_session *session = &ping->sessions[i];
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = session};
        load_stream_open(context, &session->stream, false);
        load_stream_echo(&session->stream, message, reply, 16);
        load_stream_set_nonblocking(&session->stream);
        if (epoll_ctl(ping->epoll_fd, EPOLL_CTL_ADD, session->stream.fd, &event) != 0) {
            load_fail("epoll refuses a session");
        }
    }
    load_result_note(ping->result, &ping->sessions[0].stream);
}

static void serve_events(struct ping *ping)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(ping->epoll_fd, events, EVENTS_MAX, STALL_MS);
    if (count == 0) {
        load_fail("the server stalled after %llu messages",
                  (unsigned long long)ping->result->count);
    }
    for (int i = 0; i < count; i++) {
        struct ping_session *session = events[i].data.ptr;
        if (session->is_waiting) {
            send_rest(ping, session);
        }
        receive_rest(ping, session);
    }
}

static void exchange(struct ping *ping, const struct load_options *options)
{
    unsigned in_flight = options->in_flight != 0 ? options->in_flight : ping->count;
    double begin_s = load_now_s();
    for (unsigned i = 0; i < in_flight && i < ping->count; i++) {
        begin_next(ping);
    }
    while (ping->under_way > 0) {
        serve_events(ping);
        ping->is_ending =
            load_now_s() - begin_s >= options->seconds || ping->result->count >= options->count_max;
    }
    ping->result->seconds = load_now_s() - begin_s;
}

void load_ping(struct load_context *context, struct load_result *result)
{
    const struct load_options *options = context->options;
    struct ping ping = {.count = options->sessions, .size = options->size, .result = result};
    ping.sessions = calloc(ping.count, sizeof *ping.sessions);
    ping.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (ping.sessions == NULL || ping.epoll_fd < 0) {
        load_fail("out of memory");
    }
    memset(message, 'm', sizeof message);
    open_sessions(&ping, context);
    load_ready();
    if (options->seconds > 0) {
        exchange(&ping, options);
    }
    load_result_print(result);
    load_linger();
    for (unsigned i = 0; i < ping.count; i++) {
        load_stream_drop(&ping.sessions[i].stream);
    }
    free(ping.sessions);
}
