/* The life of one echo session: handshake, echo, orderly end. */
#include "echo_session.h"

#include <string.h>

#include "clock_port.h"
#include "echo_log.h"
#include "echo_names.h"

#define MODULE "server"

/* Buffers echoed in one step before the others get their turn. */
#define TURNS_MAX 4

/* Reads into one buffer at most: a peer of many tiny records costs a turn no more than another. */
#define READS_MAX 16

/* A session that has no place to receive into yet is looked at no more often. */
#define HELD_BACK_LOOK_US 100000

static uint64_t deadline_after(uint32_t timeout_ms)
{
    return clock_now_us() + (uint64_t)timeout_ms * 1000;
}

static bool buffer_is_empty(const struct echo_session *session)
{
    return session->begin == session->end;
}

static bool buffer_is_full(const struct echo_session *session)
{
    return session->end == ECHO_BUFFER_LEN;
}

/* Or leaves the line for one. */
static void give_buffer_back(struct echo_session *session, struct echo_service *service)
{
    echo_buffers_return(&service->buffers, &session->borrower, session->end);
    session->begin = session->end = 0;
}

/* ---- The end --------------------------------------------------------------------------------- */

static void session_end(struct echo_session *session, struct echo_service *service)
{
    if (session->reason != NULL) {
        echo_log_closed(MODULE, &session->connection, session->reason);
    }
    service->counters.bytes_in += session->connection.bytes_in;
    service->counters.bytes_out += session->connection.bytes_out;
    connection_end(&session->connection);
    give_buffer_back(session, service);
    /* The next session in this slot must not find the bytes of this one. */
    memset(session, 0, sizeof(*session));
}

static void session_close(struct echo_session *session, struct echo_service *service)
{
    if (connection_close(&session->connection)) {
        session_end(session, service);
    }
}

static void session_start_close(struct echo_session *session, struct echo_service *service,
                                const char *reason)
{
    session->reason = reason;
    session->runnable = false;
    if (buffer_is_empty(session)) { /* else a write is pending, which has only lent it to TLS */
        give_buffer_back(session, service);
    }
    connection_start_close(&session->connection, false,
                           deadline_after(service->config->close_timeout_ms));
    session_close(session, service);
}

/* ---- Trust ----------------------------------------------------------------------------------- */

/* False: the peer is not to be trusted any more, and the session is being ended. */
static bool session_is_trusted(struct echo_session *session, struct echo_service *service)
{
    unsigned verify = connection_recheck(&session->connection);
    if (verify == 0) {
        return true;
    }
    echo_log_trust_lost(LOG_LEVEL_WARN, MODULE, &session->connection, verify);
    session_start_close(session, service, "refused");
    return false;
}

/* ---- The deadline while data may flow -------------------------------------------------------- */

/* The peer owes the rest of a record, and it is not us who keep it waiting. */
static bool session_awaits_record(const struct echo_session *session, enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ && !session->borrower.waits &&
           tls_record_is_begun(session->connection.session);
}

static uint64_t record_deadline(const struct echo_session *session,
                                const struct echo_service *service)
{
    return session->record_us + (uint64_t)service->config->record_timeout_ms * 1000;
}

static uint64_t session_deadline(const struct echo_session *session,
                                 const struct echo_service *service)
{
    uint64_t idle_us = session->progress_us + (uint64_t)service->config->idle_timeout_ms * 1000;
    uint64_t record_us = session->record_us != 0 ? record_deadline(session, service) : UINT64_MAX;
    return record_us < idle_us ? record_us : idle_us;
}

/* Every byte of data puts the idle deadline off; that of a record once begun is put off by none. */
static void session_set_deadline(struct echo_session *session, const struct echo_service *service,
                                 enum tls_outcome outcome)
{
    if (!session_awaits_record(session, outcome)) {
        session->record_us = 0;
    } else if (session->record_us < session->progress_us) { /* the one before is complete */
        session->record_us = clock_now_us();
    }
    session->connection.deadline_us = session_deadline(session, service);
}

/* ---- Handshake ------------------------------------------------------------------------------- */

static void handshake_failed(struct echo_session *session, struct echo_service *service,
                             const char *reason)
{
    service->counters.handshakes_failed++;
    echo_log_handshake_failed(LOG_LEVEL_WARN, MODULE, &session->connection, reason);
}

static void handshake_done(struct echo_session *session, struct echo_service *service)
{
    struct tls_session_info info;
    service->counters.handshakes++;
    if (tls_session_info(session->connection.session, &info) && info.resumed) {
        service->counters.resumed++;
    }
    echo_log_handshake_ok(MODULE, &session->connection);
    echo_log_peer_certificate(MODULE, &session->connection);
    session->progress_us = clock_now_us();
    session_set_deadline(session, service, TLS_OK);
}

/* True when the handshake is over and data may flow. */
static bool session_handshake(struct echo_session *session, struct echo_service *service)
{
    enum tls_outcome outcome = connection_handshake(&session->connection);
    if (connection_is_want(outcome)) {
        return false;
    }
    if (outcome != TLS_OK) {
        handshake_failed(session, service, tls_outcome_name(outcome));
        session_start_close(session, service, NULL);
        return false;
    }
    handshake_done(session, service);
    return session_is_trusted(session, service); /* the clock may have been set meanwhile */
}

/* ---- Echo ------------------------------------------------------------------------------------ */

/* Reads until nothing more is there, the buffer is full or the peer's data has ended. OK if there
 * is something to echo. */
static enum tls_outcome session_fill(struct echo_session *session)
{
    enum tls_outcome outcome = session->input;
    uint8_t *buffer = session->borrower.buffer->bytes;
    for (unsigned i = 0; i < READS_MAX && outcome == TLS_OK && !buffer_is_full(session); i++) {
        size_t count;
        outcome = connection_read(&session->connection, buffer + session->end,
                                  ECHO_BUFFER_LEN - session->end, &count);
        session->end += count;
    }
    if (outcome != TLS_OK && !connection_is_want(outcome)) {
        session->input = outcome;
    }
    return buffer_is_empty(session) ? outcome : TLS_OK;
}

/* Writes what the buffer holds. While a write waits the buffer is not touched: the write rule, and
 * the back-pressure too, as a peer that does not read is not read from. */
static enum tls_outcome session_flush(struct echo_session *session)
{
    enum tls_outcome outcome = TLS_OK;
    while (outcome == TLS_OK && !buffer_is_empty(session)) {
        size_t count;
        outcome =
            connection_write(&session->connection, session->borrower.buffer->bytes + session->begin,
                             session->end - session->begin, &count);
        session->begin += count;
    }
    return outcome;
}

/* One buffer in, the same buffer out; nobody else's meanwhile, but no longer than it takes. */
static enum tls_outcome session_turn(struct echo_session *session, struct echo_service *service)
{
    if (!echo_buffers_borrow(&service->buffers, &session->borrower)) {
        session->connection.wants = 0; /* neither socket nor library has what it waits for */
        return TLS_WANT_READ;
    }
    enum tls_outcome outcome = TLS_OK;
    if (buffer_is_empty(session)) {
        outcome = session->ending ? TLS_CLOSED : session_fill(session);
    }
    if (outcome == TLS_OK) {
        outcome = session_flush(session);
    }
    if (buffer_is_empty(session)) {
        give_buffer_back(session, service);
    }
    return outcome;
}

static enum tls_outcome session_turns(struct echo_session *session, struct echo_service *service)
{
    const struct connection *connection = &session->connection;
    uint64_t moved_before = connection->bytes_in + connection->bytes_out;
    enum tls_outcome outcome = TLS_OK;
    for (unsigned turn = 0; turn < TURNS_MAX && outcome == TLS_OK; turn++) {
        outcome = session_turn(session, service);
    }
    if (connection->bytes_in + connection->bytes_out != moved_before && !session->ending) {
        session->progress_us = clock_now_us();
    }
    if (!session->ending) {
        session_set_deadline(session, service, outcome);
    }
    return outcome;
}

/* The socket wakes us for what it holds, but not for what the library holds already. */
static bool must_read_on(const struct echo_session *session)
{
    bool may_read = buffer_is_empty(session) && !session->borrower.waits;
    return may_read && tls_has_input(session->connection.session);
}

static void session_echo(struct echo_session *session, struct echo_service *service)
{
    enum tls_outcome outcome = session_turns(session, service);
    if (outcome != TLS_OK && !connection_is_want(outcome)) {
        session_start_close(session, service, echo_close_reason(outcome));
        return;
    }
    if (outcome == TLS_OK) {
        session->connection.wants = NET_EVENT_READ; /* out of turns: the next one is a read */
        session->connection.want_len = 1;
    }
    session->runnable = must_read_on(session);
}

/* ---- Deadlines ------------------------------------------------------------------------------- */

static void handshake_deadline(struct echo_session *session, struct echo_service *service)
{
    const struct connection *connection = &session->connection;
    echo_log_deadline(MODULE, connection->id, "handshake", connection->started_us);
    handshake_failed(session, service, "deadline");
    session_end(session, service);
}

/* No later than now. */
static uint64_t put_off(uint64_t since_us, uint64_t by_us)
{
    uint64_t now_us = clock_now_us();
    return since_us + by_us < now_us ? since_us + by_us : now_us;
}

/* The time in which we had no memory for what the peer wants to send is not his. True: there was
 * such a time since this was last looked at, and the deadline is in the future again. */
static bool session_puts_deadline_off(struct echo_session *session,
                                      const struct echo_service *service)
{
    uint64_t held_back_us = net_held_back_us(session->connection.socket);
    uint64_t by_us = held_back_us - session->held_back_us;
    if (by_us == 0) {
        return false;
    }
    by_us += HELD_BACK_LOOK_US;
    session->held_back_us = held_back_us;
    session->progress_us = put_off(session->progress_us, by_us);
    if (session->record_us != 0) {
        session->record_us = put_off(session->record_us, by_us);
    }
    session->connection.deadline_us = session_deadline(session, service);
    return session->connection.deadline_us > clock_now_us();
}

static void open_deadline(struct echo_session *session, struct echo_service *service)
{
    /* The end of all sessions waits for nobody's memory. */
    if (!session->ending && session_puts_deadline_off(session, service)) {
        return;
    }
    /* With reads_need_room a peer that does not read is not read from to begin with. */
    bool writes = !buffer_is_empty(session) || session->connection.wants == NET_EVENT_WRITE;
    bool reads = session->record_us != 0 &&
                 session->connection.deadline_us == record_deadline(session, service);
    const char *phase = writes ? "write" : reads ? "record" : "idle";
    echo_log_deadline(MODULE, session->connection.id, phase,
                      reads ? session->record_us : session->progress_us);
    session_start_close(session, service, "deadline");
}

/* A peer that has our close_notify and does not end its side has had its time, and nothing is lost.
 * One that did not even take the close_notify is another matter. */
static void close_deadline(struct echo_session *session, struct echo_service *service)
{
    if (session->connection.phase == CONNECTION_NOTIFYING && session->reason != NULL) {
        session->reason = "deadline";
    }
    session_end(session, service);
}

static void deadline_passed(struct echo_session *session, struct echo_service *service)
{
    if (session->connection.phase == CONNECTION_HANDSHAKE) {
        handshake_deadline(session, service);
    } else if (session->connection.phase == CONNECTION_OPEN) {
        open_deadline(session, service);
    } else {
        close_deadline(session, service);
    }
}

/* ---- What the server calls ------------------------------------------------------------------- */

void echo_session_start(struct echo_session *session, struct echo_service *service,
                        struct net_socket *socket, const struct net_address *peer, unsigned id)
{
    static const struct tls_session_config server_side = {.reads_need_room = true};
    struct connection *connection = &session->connection;
    connection->peer = *peer;
    connection->id = id;
    enum tls_outcome outcome = connection_start(connection, socket, service->context, &server_side);
    connection->deadline_us = deadline_after(service->config->handshake_timeout_ms);
    if (outcome != TLS_OK) {
        handshake_failed(session, service, tls_outcome_name(outcome));
        session_end(session, service);
    }
}

void echo_session_step(struct echo_session *session, struct echo_service *service)
{
    const struct connection *connection = &session->connection;
    if (clock_now_us() >= connection->deadline_us) {
        deadline_passed(session, service);
    } else if (connection_is_closing(connection)) {
        session_close(session, service);
    } else if (connection->phase == CONNECTION_OPEN || session_handshake(session, service)) {
        /* The last flight of a handshake may have brought data along: look for it at once. */
        session_echo(session, service);
    }
}

bool echo_session_is_runnable(const struct echo_session *session)
{
    return session->runnable || session->borrower.was_granted;
}

void echo_session_recheck(struct echo_session *session, struct echo_service *service)
{
    if (session->connection.phase == CONNECTION_OPEN) {
        (void)session_is_trusted(session, service);
    }
}

void echo_session_drain(struct echo_session *session, struct echo_service *service)
{
    if (session->connection.phase == CONNECTION_HANDSHAKE) {
        session->reason = "refused";
        session_end(session, service);
    } else if (session->connection.phase == CONNECTION_OPEN) {
        session->ending = true;
        session->progress_us = clock_now_us();
        session->connection.deadline_us = deadline_after(service->config->close_timeout_ms);
        session_echo(session, service);
    }
}

void echo_session_abort(struct echo_session *session, struct echo_service *service)
{
    if (session->connection.phase == CONNECTION_NONE) {
        return;
    }
    if (!connection_is_closing(&session->connection)) {
        session->reason = "refused";
    }
    session_end(session, service);
}
