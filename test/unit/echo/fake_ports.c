/* The seams, played by a script. */
#include "fake_ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock_port.h"
#include "control_port.h"
#include "entropy_port.h"
#include "log_port.h"
#include "memory_port.h"
#include "watchdog_port.h"

struct fake_state fake;

struct net_socket {
    bool shut;
    const struct fake_address *peer; /* NULL: it is connected */
    uint32_t number;                 /* of net_watch */
    struct net_socket *next_watched;
};

static struct net_socket *watched;

struct tls_session {
    bool closed;
    struct tls_error error;
};

struct tls_context {
    int unused;
};

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.now_us = 1000000;
    fake.net_state = NET_STATE_UP;
    fake.wall = (struct clock_wall){.unix_s = 1800000000, .source = CLOCK_SOURCE_SYSTEM};
    fake.wait_us = 1000;
}

int fake_tear_down(void **state)
{
    (void)state;
    assert_int_equal(fake.sessions, 0);
    assert_int_equal(fake.sockets, 0);
    return 0;
}

struct net_socket *fake_socket(void)
{
    struct net_socket *socket = calloc(1, sizeof(*socket));
    assert_non_null(socket);
    fake.sockets++;
    return socket;
}

void fake_type(const char *text)
{
    fake.typed = text;
    fake.typed_len = strlen(text);
}

unsigned fake_log_count(const char *text)
{
    unsigned count = 0;
    for (const char *at = strstr(fake.log, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

/* ---- clock, log, memory, control, entropy, watchdog --------------------------------------------
 */

uint64_t clock_now_us(void)
{
    return fake.now_us;
}

uint64_t clock_cpu_us(void)
{
    return fake.cpu_us;
}

struct clock_wall clock_wall(void)
{
    return fake.wall;
}

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    size_t used = strlen(fake.log);
    va_list args;
    (void)level;
    used += (size_t)snprintf(fake.log + used, sizeof(fake.log) - used, "%s %s ", module, event);
    va_start(args, format);
    used += (size_t)vsnprintf(fake.log + used, sizeof(fake.log) - used, format, args);
    va_end(args);
    (void)snprintf(fake.log + used, sizeof(fake.log) - used, "\n");
}

void log_set_level(enum log_level level)
{
    fake.log_level = level;
}

const char *log_quote(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "\"%s\"", text);
    return out;
}

void *memory_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void memory_free(void *p)
{
    free(p);
}

size_t memory_used_len(void)
{
    return 0;
}

size_t memory_peak_len(void)
{
    return 0;
}

unsigned control_stop_count(void)
{
    return fake.stop_count;
}

void control_request_stop(void)
{
    fake.stop_count++;
}

void control_request_restart(void)
{
    fake.restart = true;
    fake.stop_count++;
}

bool control_start_input(void)
{
    return !fake.input_fails;
}

size_t control_take_input(char *out)
{
    size_t len = fake.typed_len < CONTROL_INPUT_MAX ? fake.typed_len : CONTROL_INPUT_MAX;
    if (len > 0) {
        memcpy(out, fake.typed, len);
        fake.typed += len;
        fake.typed_len -= len;
    }
    return len;
}

bool control_start_lines(void)
{
    return true;
}

enum control_line control_take_line(char *out, size_t cap, size_t *len)
{
    (void)out, (void)cap;
    *len = 0;
    return CONTROL_LINE_END;
}

bool entropy_fill(uint8_t *buf, size_t len)
{
    memset(buf, 0x5a, len);
    return true;
}

uint64_t watchdog_timeout_us(void)
{
    return fake.watchdog_us;
}

void watchdog_feed(void)
{
    fake.feeds++;
}

void watchdog_tell_ready(void)
{
    fake.readies++;
}

/* ---- net ---------------------------------------------------------------------------------------
 */

enum net_outcome net_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                          size_t *count)
{
    (void)socket, (void)bytes;
    *count = len;
    return NET_OK;
}

enum net_outcome net_receive(struct net_socket *socket, uint8_t *buf, size_t cap, size_t *count)
{
    (void)buf, (void)cap;
    *count = 0;
    if (!socket->shut) {
        return NET_WANT_READ;
    }
    return fake.script.drain == NET_OK ? NET_CLOSED : fake.script.drain;
}

enum net_outcome net_shutdown(struct net_socket *socket)
{
    socket->shut = true;
    fake.shutdowns++;
    return NET_OK;
}

static void unwatch(struct net_socket *socket)
{
    struct net_socket **at = &watched;
    while (*at != NULL && *at != socket) {
        at = &(*at)->next_watched;
    }
    if (*at != NULL) {
        *at = socket->next_watched;
    }
}

void net_socket_close(struct net_socket *socket)
{
    if (socket != NULL) {
        unwatch(socket);
        fake.sockets--;
        free(socket);
    }
}

void net_socket_abort(struct net_socket *socket)
{
    net_socket_close(socket);
}

void net_get_status(struct net *net, struct net_status *out)
{
    (void)net;
    memset(out, 0, sizeof(*out));
    out->state = fake.net_state;
    out->ip = fake.ip;
    if (fake.now_us >= fake.ip6_comes_us) {
        out->ip6 = fake.ip6;
    }
}

void net_get_stats(struct net *net, struct net_stats *out)
{
    (void)net;
    memset(out, 0, sizeof(*out));
}

enum net_outcome net_listen(struct net *net, uint16_t port, unsigned backlog,
                            struct net_socket **out)
{
    (void)net, (void)port, (void)backlog;
    *out = fake.listen_outcome == NET_OK ? fake_socket() : NULL;
    return fake.listen_outcome;
}

enum net_outcome net_accept(struct net_socket *listener, struct net_socket **out,
                            struct net_address *peer)
{
    (void)listener;
    if (fake.accepts_left == 0) {
        return NET_WANT_READ;
    }
    fake.accepts_left--;
    *out = fake_socket();
    *peer = (struct net_address){NET_FAMILY_IPV4, {198, 18, 0, 1}, 50000};
    return NET_OK;
}

static struct fake_address *address_of(const struct net_address *peer)
{
    for (size_t i = 0; i < NET_ADDRESSES_MAX; i++) {
        struct fake_address *address = &fake.addresses[i];
        if (address->address.family == peer->family &&
            memcmp(address->address.bytes, peer->bytes, sizeof(peer->bytes)) == 0) {
            return address;
        }
    }
    return NULL;
}

static bool lacks_own_address(const struct net_address *peer)
{
    return peer->family == NET_FAMILY_IPV6 &&
           (fake.ip6.family == NET_FAMILY_NONE || fake.now_us < fake.ip6_comes_us);
}

enum net_outcome net_connect(struct net *net, const struct net_address *peer,
                             struct net_socket **out)
{
    struct fake_address *address = address_of(peer);
    (void)net;
    *out = NULL;
    if (lacks_own_address(peer)) {
        return NET_UNREACHABLE;
    }
    if (address != NULL) {
        address->begun++;
        address->begun_us = fake.now_us;
    }
    if (address != NULL && address->begin != NET_OK) {
        return address->begin;
    }
    *out = fake_socket();
    (*out)->peer = address;
    return NET_OK;
}

size_t net_receivable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

size_t net_sendable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

uint64_t net_held_back_us(struct net_socket *socket)
{
    (void)socket;
    return fake.held_back_us;
}

enum net_outcome net_connect_result(struct net_socket *socket)
{
    const struct fake_address *peer = socket->peer;
    if (peer == NULL) {
        return NET_OK;
    }
    return fake.now_us < peer->begun_us + peer->answers_us ? NET_WANT_WRITE : peer->result;
}

enum net_outcome net_resolve(struct net *net, const char *name, struct net_addresses *out)
{
    (void)net, (void)name;
    *out = (struct net_addresses){1, {{NET_FAMILY_IPV4, {198, 18, 0, 2}, 0}}};
    for (size_t i = 0; i < NET_ADDRESSES_MAX && fake.addresses[i].address.family != NET_FAMILY_NONE;
         i++) {
        out->list[i] = fake.addresses[i].address;
        out->count = i + 1;
    }
    return NET_OK;
}

/* Time passes only here. */
static void pass_time(uint64_t deadline_us)
{
    if (fake.waits_to_deadline && deadline_us != NET_NO_DEADLINE) {
        fake.now_us = deadline_us > fake.now_us ? deadline_us : fake.now_us;
    } else {
        fake.now_us += fake.wait_us;
    }
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    (void)net;
    fake.last_deadline_us = deadline_us;
    for (size_t i = 0; i < count; i++) {
        bool is_ready = items[i].socket != NULL && !fake.waits_to_deadline;
        items[i].ready = is_ready ? items[i].events : 0;
    }
    pass_time(deadline_us);
    if (++fake.waits == fake.set_clock_at_wait) {
        fake.wall.source = CLOCK_SOURCE_SNTP;
        fake.wall.steps++;
    }
    if (fake.waits_left > 0 && --fake.waits_left == 0) {
        fake.stop_count = 1;
    }
}

void net_watch(const struct net_wait_item *item, uint32_t number)
{
    struct net_socket *socket = item->socket;
    unwatch(socket);
    if (item->events != 0) {
        socket->number = number;
        socket->next_watched = watched;
        watched = socket;
    }
}

size_t net_wait_watched(struct net *net, uint32_t *numbers, size_t cap, uint64_t deadline_us)
{
    size_t count = 0;
    while (watched != NULL && count < cap && !fake.waits_to_deadline) {
        numbers[count++] = watched->number;
        unwatch(watched);
    }
    net_wait(net, NULL, 0, deadline_us);
    return count;
}

/* ---- TLS ---------------------------------------------------------------------------------------
 */

static struct fake_step step_at(const struct fake_step *steps, unsigned *calls)
{
    struct fake_step none = {.outcome = TLS_OK};
    struct fake_step step = *calls < FAKE_STEPS_MAX ? steps[*calls] : none;
    (*calls)++;
    return step;
}

enum tls_outcome tls_session_open(struct tls_context *context,
                                  const struct tls_session_config *config, struct tls_session **out)
{
    (void)context, (void)config;
    *out = calloc(1, sizeof(**out));
    assert_non_null(*out);
    (*out)->error.alert = TLS_NO_ALERT;
    fake.sessions++;
    return TLS_OK;
}

void tls_session_free(struct tls_session *session)
{
    if (session != NULL) {
        fake.sessions--;
        free(session);
    }
}

enum tls_outcome tls_handshake(struct tls_session *session)
{
    (void)session;
    return step_at(fake.script.handshake, &fake.handshakes).outcome;
}

static bool is_scripted(const struct fake_step *step)
{
    return step->outcome != TLS_OK || step->bytes != NULL || step->count != 0;
}

enum tls_outcome tls_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *count)
{
    struct fake_step step = step_at(fake.script.read, &fake.reads);
    (void)session;
    *count = 0;
    if (!is_scripted(&step)) {
        *count = fake.script.reads_forever ? 1 : 0;
        memset(buf, 'x', *count);
        return fake.script.reads_forever ? TLS_OK : TLS_WANT_READ;
    }
    if (step.outcome == TLS_OK) {
        *count = step.bytes != NULL ? strlen(step.bytes) : step.count;
        assert_true(*count <= cap);
        step.bytes != NULL ? memcpy(buf, step.bytes, *count) : memset(buf, 'x', *count);
    }
    return step.outcome;
}

/* The write rule, as the contract has it. */
static void check_write_rule(const uint8_t *bytes, size_t len)
{
    assert_true(len > 0);
    if (fake.waiting) {
        assert_ptr_equal(bytes, fake.wanted_bytes);
        assert_int_equal(len, fake.wanted_len);
    }
}

enum tls_outcome tls_write(struct tls_session *session, const uint8_t *bytes, size_t len,
                           size_t *count)
{
    struct fake_step step = step_at(fake.script.write, &fake.writes);
    assert_false(session->closed);
    check_write_rule(bytes, len);
    *count = 0;
    fake.waiting = step.outcome == TLS_WANT_READ || step.outcome == TLS_WANT_WRITE;
    fake.wanted_bytes = bytes;
    fake.wanted_len = len;
    if (step.outcome == TLS_OK) {
        *count = step.count != 0 && step.count < len ? step.count : len;
        if (fake.written_len + *count <= sizeof(fake.written)) {
            memcpy(fake.written + fake.written_len, bytes, *count);
        }
        fake.written_len += *count;
    }
    return step.outcome;
}

enum tls_outcome tls_close(struct tls_session *session)
{
    session->closed = true;
    return step_at(fake.script.close, &fake.closes).outcome;
}

size_t tls_want_len(const struct tls_session *session)
{
    (void)session;
    return fake.script.want_len;
}

bool tls_has_input(const struct tls_session *session)
{
    (void)session;
    return fake.script.has_input;
}

bool tls_record_is_begun(const struct tls_session *session)
{
    (void)session;
    return fake.script.record_is_begun;
}

bool tls_session_info(const struct tls_session *session, struct tls_session_info *out)
{
    (void)session;
    *out = (struct tls_session_info){"TLSv1.3", "TLS_AES_128_GCM_SHA256", "x25519", "", false};
    return true;
}

bool tls_session_peer(const struct tls_session *session, struct tls_peer_certificate *out)
{
    (void)session;
    memset(out, 0, sizeof(*out));
    return false;
}

bool tls_certificate_describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    memset(out, 0, sizeof(*out));
    if (certificate->len == 0) {
        return false;
    }
    (void)snprintf(out->subject, sizeof(out->subject), "CN=%.*s", (int)certificate->len,
                   (const char *)certificate->bytes);
    (void)snprintf(out->issuer, sizeof(out->issuer), "CN=CA");
    (void)snprintf(out->not_before, sizeof(out->not_before), "2026-01-01T00:00:00Z");
    (void)snprintf(out->not_after, sizeof(out->not_after), "2027-01-01T00:00:00Z");
    out->sha256[0] = 0xab;
    return true;
}

unsigned tls_context_recheck(struct tls_context *context)
{
    (void)context;
    fake.context_rechecks++;
    return fake.identity_verify;
}

unsigned tls_session_recheck(const struct tls_session *session)
{
    (void)session;
    fake.session_rechecks++;
    return fake.session_verify;
}

const struct tls_error *tls_session_error(const struct tls_session *session)
{
    return &session->error;
}

enum tls_outcome tls_session_export(struct tls_session *session, uint8_t *buf, size_t cap,
                                    size_t *len)
{
    (void)session, (void)buf, (void)cap;
    *len = 0;
    return TLS_WANT_READ;
}
