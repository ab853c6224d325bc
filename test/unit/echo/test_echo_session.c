/* A session of the server: byte-exact, patient with wants, and never without an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "echo_session.h"
#include "fake_ports.h"

static const struct echo_server_config config = {
    .max_sessions = 1,
    .handshake_timeout_ms = 5000,
    .idle_timeout_ms = 60000,
    .record_timeout_ms = 30000,
    .close_timeout_ms = 1000,
};

static struct echo_service service;
static struct echo_session session, other; /* with one buffer between them */

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    memset(&session, 0, sizeof(session));
    memset(&other, 0, sizeof(other));
    memset(&service, 0, sizeof(service));
    service.config = &config;
    assert_true(echo_buffers_open(&service.buffers, 1));
    return 0;
}

/* Nothing may be left behind, whatever a test did. */
static int tear_down(void **state)
{
    echo_session_abort(&session, &service);
    echo_session_abort(&other, &service);
    assert_non_null(service.buffers.free);
    echo_buffers_close(&service.buffers);
    return fake_tear_down(state);
}

static void start(void)
{
    struct net_address peer = {NET_FAMILY_IPV4, {198, 18, 0, 1}, 51234};
    echo_session_start(&session, &service, fake_socket(), &peer, 3);
}

static bool has_ended(void)
{
    return session.connection.phase == CONNECTION_NONE;
}

static void assert_written(const char *text)
{
    assert_int_equal(fake.written_len, strlen(text));
    assert_memory_equal(fake.written, text, strlen(text));
}

static void test_echoes_what_came(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello ", 0};
    fake.script.read[1] = (struct fake_step){TLS_OK, "server", 0};
    start();
    echo_session_step(&session, &service);
    assert_written("hello server");
    assert_int_equal(session.connection.wants, NET_EVENT_READ);
    assert_int_equal(fake_log_count("server handshake_ok session=3 peer=198.18.0.1:51234"), 1);
}

static void test_want_is_retried_with_the_same_bytes(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "not lost", 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.write[1] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    fake.script.write[2] = (struct fake_step){TLS_OK, NULL, 3};
    start();
    echo_session_step(&session, &service);
    assert_int_equal(session.connection.wants, NET_EVENT_WRITE);
    echo_session_step(&session, &service);
    assert_int_equal(session.connection.wants, NET_EVENT_READ);
    echo_session_step(&session, &service);
    assert_written("not lost");
}

static void test_does_not_read_while_a_write_waits(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "first", 0};
    fake.script.read[1] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    fake.script.read[2] = (struct fake_step){TLS_OK, "second", 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.write[1] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    start();
    echo_session_step(&session, &service);
    echo_session_step(&session, &service);
    assert_int_equal(fake.reads, 2);
    echo_session_step(&session, &service);
    assert_written("firstsecond");
}

static void test_half_close_echoes_all_before_close_notify(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "last words", 0};
    fake.script.read[1] = (struct fake_step){TLS_CLOSED, NULL, 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    start();
    echo_session_step(&session, &service);
    assert_int_equal(fake.closes, 0);
    echo_session_step(&session, &service);
    assert_written("last words");
    assert_int_equal(fake.closes, 1);
    assert_int_equal(fake.shutdowns, 1);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("closed session=3 reason=clean bytes_in=10 bytes_out=10"), 1);
}

static void test_truncation_is_named_and_still_echoed(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "cut", 0};
    fake.script.read[1] = (struct fake_step){TLS_TRUNCATED, NULL, 0};
    start();
    echo_session_step(&session, &service);
    assert_written("cut");
    assert_int_equal(fake_log_count("closed session=3 reason=truncated"), 1);
}

static void test_waits_for_the_peers_fin(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_CLOSED, NULL, 0};
    fake.script.drain = NET_WANT_READ;
    start();
    echo_session_step(&session, &service);
    assert_false(has_ended());
    assert_int_equal(session.connection.phase, CONNECTION_DRAINING);
    fake.now_us += 999000;
    echo_session_step(&session, &service);
    assert_false(has_ended());
    fake.now_us += 1000;
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("reason=clean"), 1);
}

static void test_failed_handshake_flushes_the_alert(void **state)
{
    (void)state;
    fake.script.handshake[0] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    fake.script.handshake[1] = (struct fake_step){TLS_UNTRUSTED, NULL, 0};
    fake.script.close[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    start();
    echo_session_step(&session, &service);
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("handshake_failed session=3"), 1);
    assert_int_equal(fake_log_count("reason=untrusted"), 1);
    assert_int_equal(session.connection.wants, NET_EVENT_WRITE);
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake.closes, 2);
    assert_int_equal(fake_log_count("closed"), 0);
    assert_int_equal(service.counters.handshakes_failed, 1);
}

static void test_silent_handshake_ends_at_its_deadline(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FAKE_STEPS_MAX; i++) {
        fake.script.handshake[i] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    }
    start();
    echo_session_step(&session, &service);
    fake.now_us += 4999999;
    echo_session_step(&session, &service);
    assert_false(has_ended());
    fake.now_us += 1;
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("deadline session=3 phase=handshake ms=5000.000"), 1);
    assert_int_equal(fake_log_count("handshake_failed session=3"), 1);
}

static void test_idle_session_is_told_goodbye(void **state)
{
    (void)state;
    start();
    echo_session_step(&session, &service);
    fake.now_us += 60000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake.closes, 1);
    assert_int_equal(fake_log_count("deadline session=3 phase=idle ms=60000.000"), 1);
    assert_int_equal(fake_log_count("closed session=3 reason=deadline"), 1);
}

static void test_each_byte_puts_off_the_idle_deadline(void **state)
{
    (void)state;
    start();
    echo_session_step(&session, &service);
    fake.now_us += 59000000;
    fake.script.read[1] = (struct fake_step){TLS_OK, "x", 0};
    fake.reads = 1;
    echo_session_step(&session, &service);
    fake.now_us += 59000000;
    echo_session_step(&session, &service);
    assert_false(has_ended());
}

static void test_record_once_begun_has_a_deadline_of_its_own(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello", 0};
    fake.script.record_is_begun = true;
    start();
    echo_session_step(&session, &service);
    fake.now_us += 29999000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline"), 0);
    fake.now_us += 1000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=record ms=30000.000"), 1);
    assert_int_equal(fake_log_count("closed session=3 reason=deadline"), 1);
}

static void test_time_without_memory_for_a_record_is_not_the_peers(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello", 0};
    fake.script.record_is_begun = true;
    start();
    echo_session_step(&session, &service);
    fake.now_us += 30000000;
    fake.held_back_us = 10000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline"), 0);
    assert_true(session.connection.deadline_us >= fake.now_us + 10000000);
    assert_true(session.connection.deadline_us <= fake.now_us + 10200000);
    fake.now_us = session.connection.deadline_us;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=record"), 1);
}

static void test_each_record_has_the_whole_time(void **state)
{
    (void)state;
    fake.script.record_is_begun = true;
    start();
    for (unsigned i = 0; i < 4; i++) { /* each time one is complete, and the next one begun */
        fake.script.read[fake.reads] = (struct fake_step){TLS_OK, "hello", 0};
        echo_session_step(&session, &service);
        fake.now_us += 29000000;
    }
    fake.script.record_is_begun = false; /* the last one came, without data in it */
    echo_session_step(&session, &service);
    fake.now_us += 29000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline"), 0);
    fake.now_us += 2000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=idle ms=60000.000"), 1);
}

static void test_record_that_we_keep_waiting_has_no_deadline(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.record_is_begun = true;
    start();
    echo_session_step(&session, &service);
    fake.now_us += 59999000;
    assert_true(session.connection.deadline_us > fake.now_us);
    fake.now_us += 1000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=write ms=60000.000"), 1);
}

static void test_stalled_write_has_a_deadline_of_its_own_name(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "x", 0};
    for (unsigned i = 0; i < FAKE_STEPS_MAX; i++) {
        fake.script.write[i] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
        fake.script.close[i] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    }
    start();
    echo_session_step(&session, &service);
    fake.now_us += 60000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=write"), 1);
    assert_false(has_ended());
    fake.now_us += 1000000;
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("closed session=3 reason=deadline"), 1);
}

/* Of a peer that does not read nothing is read: the session's buffer is empty, and yet it is the
 * write that has stalled. */
static void test_no_room_to_answer_is_a_stalled_write(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FAKE_STEPS_MAX; i++) {
        fake.script.read[i] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    }
    fake.script.want_len = 5000;
    start();
    echo_session_step(&session, &service);
    assert_null(session.borrower.buffer);
    struct net_wait_item item = connection_wait_item(&session.connection);
    assert_int_equal(item.events, NET_EVENT_WRITE);
    assert_int_equal(item.write_len, 5000);
    fake.now_us += 60000000;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=write"), 1);
}

/* ---- One buffer for two sessions ------------------------------------------------------------- */

/* A session keeps the buffer, as its write waits; the other asks for it. */
static void start_two(void)
{
    struct net_address peer = {NET_FAMILY_IPV4, {198, 18, 0, 1}, 51235};
    fake.script.read[1] = (struct fake_step){TLS_OK, "first", 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    echo_session_start(&other, &service, fake_socket(), &peer, 4);
    echo_session_step(&other, &service);
    assert_int_equal(connection_wait_item(&other.connection).events, NET_EVENT_READ);
    start();
    echo_session_step(&session, &service);
    assert_non_null(session.borrower.buffer);
    echo_session_step(&other, &service);
    assert_int_equal(fake.reads, 3);
    assert_int_equal(connection_wait_item(&other.connection).events, 0);
    assert_false(echo_session_is_runnable(&other));
}

static void test_waits_for_a_buffer_and_is_woken(void **state)
{
    (void)state;
    start_two();
    echo_session_step(&session, &service); /* its write is done; to read on, it stands behind */
    assert_written("first");
    assert_true(echo_session_is_runnable(&other));
    assert_false(echo_session_is_runnable(&session));
    fake.script.read[3] = (struct fake_step){TLS_OK, "second", 0};
    echo_session_step(&other, &service);
    assert_written("firstsecond");
    assert_true(echo_session_is_runnable(&session));
}

static void test_deadline_runs_while_it_waits_for_a_buffer(void **state)
{
    (void)state;
    start_two();
    fake.now_us += 60000000;
    fake.script.close[0] = (struct fake_step){TLS_OK, NULL, 0};
    echo_session_step(&other, &service);
    assert_int_equal(fake_log_count("deadline session=4 phase=idle"), 1);
    assert_int_equal(other.connection.phase, CONNECTION_NONE);
    assert_null(service.buffers.line);
}

static void test_end_of_one_gives_the_other_its_buffer(void **state)
{
    (void)state;
    start_two();
    echo_session_abort(&session, &service);
    assert_true(echo_session_is_runnable(&other));
    assert_non_null(other.borrower.buffer);
    for (size_t i = 0; i < ECHO_BUFFER_LEN; i++) {
        assert_int_equal(other.borrower.buffer->bytes[i], 0);
    }
}

static void test_reset_ends_at_once(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_RESET, NULL, 0};
    fake.script.close[0] = (struct fake_step){TLS_RESET, NULL, 0};
    start();
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("closed session=3 reason=reset"), 1);
}

static void test_endless_input_leaves_the_others_their_turn(void **state)
{
    (void)state;
    fake.script.reads_forever = true;
    fake.script.has_input = true;
    start();
    echo_session_step(&session, &service);
    assert_true(session.runnable);
    assert_true(fake.reads <= 64);
    fake.script.has_input = false;
    echo_session_step(&session, &service);
    assert_false(session.runnable);
    assert_int_equal(session.connection.wants, NET_EVENT_READ);
}

static void test_never_sleeps_on_what_the_library_holds(void **state)
{
    (void)state;
    fake.script.has_input = true;
    fake.script.read[0] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    start();
    echo_session_step(&session, &service);
    assert_true(session.runnable);
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.read[1] = (struct fake_step){TLS_OK, "x", 0};
    echo_session_step(&session, &service);
    assert_false(session.runnable); /* a write waits: nothing will be read before */
}

static void test_peer_is_judged_again_when_the_clock_was_set(void **state)
{
    (void)state;
    start();
    echo_session_step(&session, &service);
    echo_session_recheck(&session, &service);
    assert_int_equal(fake.session_rechecks, 0);
    fake.wall.steps++;
    echo_session_recheck(&session, &service);
    echo_session_recheck(&session, &service);
    assert_int_equal(fake.session_rechecks, 1);
    assert_false(has_ended());
    fake.wall.steps++;
    fake.session_verify = TLS_VERIFY_NOT_YET_VALID;
    echo_session_recheck(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake.closes, 1);
    assert_int_equal(fake_log_count("trust_lost session=3 verify=not_yet_valid clock=system"), 1);
    assert_int_equal(fake_log_count("closed session=3 reason=refused"), 1);
}

static void test_clock_set_during_the_handshake(void **state)
{
    (void)state;
    fake.script.handshake[0] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    fake.script.read[0] = (struct fake_step){TLS_OK, "hello", 0};
    fake.session_verify = TLS_VERIFY_EXPIRED;
    start();
    echo_session_step(&session, &service);
    fake.wall.steps++;
    echo_session_recheck(&session, &service);
    assert_int_equal(fake.session_rechecks, 0);
    echo_session_step(&session, &service);
    assert_int_equal(fake.session_rechecks, 1);
    assert_written("");
    assert_int_equal(fake_log_count("closed session=3 reason=refused"), 1);
}

static void test_drain_finishes_what_was_read(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "unsent", 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.write[1] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    start();
    echo_session_step(&session, &service);
    echo_session_drain(&session, &service);
    assert_int_equal(fake.closes, 0);
    echo_session_step(&session, &service);
    assert_written("unsent");
    assert_int_equal(fake.closes, 1);
    assert_true(has_ended());
}

static void test_drain_waits_for_nobodys_memory(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "unsent", 0};
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    fake.script.write[1] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    start();
    echo_session_step(&session, &service);
    echo_session_drain(&session, &service);
    fake.held_back_us = 10000000;
    fake.now_us = session.connection.deadline_us;
    echo_session_step(&session, &service);
    assert_int_equal(fake_log_count("deadline session=3 phase=write"), 1);
    assert_int_equal(fake_log_count("closed session=3 reason=deadline"), 1);
}

static void test_drain_gives_up_a_handshake(void **state)
{
    (void)state;
    fake.script.handshake[0] = (struct fake_step){TLS_WANT_READ, NULL, 0};
    start();
    echo_session_step(&session, &service);
    echo_session_drain(&session, &service);
    assert_true(has_ended());
    assert_int_equal(fake_log_count("closed session=3 reason=refused"), 1);
}

static void test_nothing_of_a_session_stays_in_its_slot(void **state)
{
    (void)state;
    static const struct echo_session empty;
    fake.script.read[0] = (struct fake_step){TLS_OK, "secret", 0};
    fake.script.read[1] = (struct fake_step){TLS_CLOSED, NULL, 0};
    start();
    echo_session_step(&session, &service);
    assert_true(has_ended());
    assert_memory_equal(&session, &empty, sizeof(session));
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(test_echoes_what_came),
        SESSION_TEST(test_want_is_retried_with_the_same_bytes),
        SESSION_TEST(test_does_not_read_while_a_write_waits),
        SESSION_TEST(test_half_close_echoes_all_before_close_notify),
        SESSION_TEST(test_truncation_is_named_and_still_echoed),
        SESSION_TEST(test_waits_for_the_peers_fin),
        SESSION_TEST(test_failed_handshake_flushes_the_alert),
        SESSION_TEST(test_silent_handshake_ends_at_its_deadline),
        SESSION_TEST(test_idle_session_is_told_goodbye),
        SESSION_TEST(test_each_byte_puts_off_the_idle_deadline),
        SESSION_TEST(test_record_once_begun_has_a_deadline_of_its_own),
        SESSION_TEST(test_time_without_memory_for_a_record_is_not_the_peers),
        SESSION_TEST(test_each_record_has_the_whole_time),
        SESSION_TEST(test_record_that_we_keep_waiting_has_no_deadline),
        SESSION_TEST(test_stalled_write_has_a_deadline_of_its_own_name),
        SESSION_TEST(test_no_room_to_answer_is_a_stalled_write),
        SESSION_TEST(test_waits_for_a_buffer_and_is_woken),
        SESSION_TEST(test_deadline_runs_while_it_waits_for_a_buffer),
        SESSION_TEST(test_end_of_one_gives_the_other_its_buffer),
        SESSION_TEST(test_reset_ends_at_once),
        SESSION_TEST(test_endless_input_leaves_the_others_their_turn),
        SESSION_TEST(test_never_sleeps_on_what_the_library_holds),
        SESSION_TEST(test_peer_is_judged_again_when_the_clock_was_set),
        SESSION_TEST(test_clock_set_during_the_handshake),
        SESSION_TEST(test_drain_finishes_what_was_read),
        SESSION_TEST(test_drain_waits_for_nobodys_memory),
        SESSION_TEST(test_drain_gives_up_a_handshake),
        SESSION_TEST(test_nothing_of_a_session_stays_in_its_slot),
    };
    return cmocka_run_group_tests_name("echo_session", tests, NULL, NULL);
}
