/* Are the records that the library reports oddly told as what they are? Empty ones, tickets,
 * warnings, and alerts that it could not make because other output was pending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "link.h"

static struct link link;
static uint8_t buf[1000];
static const struct link_options plain;
static const struct link_options tls_1_2 = {.tls_1_2_only = true};

static void assert_reads(struct tls_session *session, const char *text)
{
    size_t len;
    assert_int_equal(link_read(session, buf, sizeof(buf), &len), TLS_OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(buf, text, len);
}

static void assert_reads_nothing(struct tls_session *session, enum tls_outcome outcome)
{
    size_t len = 1;
    assert_int_equal(link_read(session, buf, sizeof(buf), &len), outcome);
    assert_int_equal(len, 0);
}

#define EMPTY_RECORDS_MAX 32 /* in a row */
#define UNEXPECTED_MESSAGE 10

static void send_empty_records(struct tls_session *session, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(mbedtls_ssl_write(&session->ssl, buf, 0), 0);
    }
}

/* The library says 0 after two, as it does at the end of the stream. */
static void assert_empty_records_are_nothing(const struct link_options *options, int count)
{
    link_open_and_shake(&link, options);
    send_empty_records(link.client, count);
    assert_reads_nothing(link.server, TLS_WANT_READ);
    assert_false(tls_has_input(link.server));
    link_write(link.client, "data");
    assert_reads(link.server, "data");
    send_empty_records(link.client, count);
    link_write(link.client, "more");
    assert_reads(link.server, "more");
    send_empty_records(link.client, count);
    link.to_server.ended = true;
    assert_reads_nothing(link.server, TLS_TRUNCATED);
    assert_reads_nothing(link.server, TLS_TRUNCATED);
    link_write(link.server, "the other direction is still there");
    assert_int_equal(tls_close(link.server), TLS_OK);
    link_close(&link);
}

static void test_empty_records(void **state)
{
    (void)state;
    for (int count = 1; count <= EMPTY_RECORDS_MAX; count++) {
        assert_empty_records_are_nothing(&plain, count);
        assert_empty_records_are_nothing(&tls_1_2, count);
    }
}

/* The library takes more in a row for an attack, by a patch of ours. */
static void test_flood_of_empty_records(void **state)
{
    (void)state;
    link_open_and_shake(&link, &plain);
    send_empty_records(link.client, EMPTY_RECORDS_MAX + 1);
    assert_reads_nothing(link.server, TLS_FAILED);
    assert_int_equal(tls_session_error(link.server)->alert, UNEXPECTED_MESSAGE);
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_reads_nothing(link.client, TLS_ALERT);
    link_close(&link);
}

/* However many warnings there are, one read comes to its end, and the data is not lost. */
static void test_flood_of_warnings(void **state)
{
    (void)state;
    link_open_and_shake(&link, &plain);
    for (int i = 0; i < 8000; i++) {
        assert_int_equal(mbedtls_ssl_send_alert_message(&link.client->ssl,
                                                        MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                                        MBEDTLS_SSL_ALERT_MSG_USER_CANCELED),
                         0);
    }
    link_write(link.client, "data");
    size_t len = 0;
    int calls = 0;
    while (link_read(link.server, buf, sizeof(buf), &len) == TLS_WANT_READ) {
        calls++;
    }
    assert_in_range(calls, 2, 10);
    assert_int_equal(len, 4);
    link_close(&link);
}

/* RFC 8446 section 6.1: user_canceled is ignored, close_notify counts. */
static void test_warnings(void **state)
{
    (void)state;
    link_open_and_shake(&link, &plain);
    assert_int_equal(mbedtls_ssl_send_alert_message(&link.client->ssl,
                                                    MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                                    MBEDTLS_SSL_ALERT_MSG_USER_CANCELED),
                     0);
    assert_reads_nothing(link.server, TLS_WANT_READ);
    assert_int_equal(tls_close(link.client), TLS_OK);
    link.to_server.ended = true;
    assert_reads_nothing(link.server, TLS_CLOSED);
    assert_reads_nothing(link.server, TLS_CLOSED);
    assert_int_equal(tls_session_error(link.server)->outcome, TLS_OK);
    link_close(&link);
}

/* Nothing but a whole message that the library holds counts as input. */
static void test_part_of_a_record_is_no_input(void **state)
{
    (void)state;
    link_open_and_shake(&link, &plain);
    assert_reads_nothing(link.client, TLS_WANT_READ); /* its ticket */
    size_t before_len = link.to_client.sent_len;
    link_write(link.server, "some data");
    size_t whole_len = link.to_client.sent_len;
    for (link.to_client.sent_len = before_len; link.to_client.sent_len < whole_len;
         link.to_client.sent_len++) {
        assert_reads_nothing(link.client, TLS_WANT_READ);
        assert_false(tls_has_input(link.client));
    }
    size_t len;
    assert_int_equal(link_read(link.client, buf, 4, &len), TLS_OK);
    assert_true(tls_has_input(link.client));
    assert_int_equal(link_read(link.client, buf, 5, &len), TLS_OK);
    assert_false(tls_has_input(link.client));
    link_close(&link);
}

/* ---- Pending output ----------------------------------------------------------------------------
 */

/* An older record waits: the write must not be told as done when only that has left. */
static void test_write_is_done_when_its_own_bytes_are(void **state)
{
    (void)state;
    static const uint8_t data[] = {'d', 'a', 't', 'a'};
    size_t count;
    link_open_and_shake(&link, &plain);
    link.to_client.room_len = 3;
    session_begin(link.server);
    assert_int_equal(mbedtls_ssl_send_alert_message(&link.server->ssl,
                                                    MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                                    MBEDTLS_SSL_ALERT_MSG_USER_CANCELED),
                     MBEDTLS_ERR_SSL_WANT_WRITE);
    assert_int_equal(session_done(link.server, TLS_WANT_WRITE), TLS_WANT_WRITE);
    link.to_client.room_len = 24 - 3; /* the alert, and not a byte more */
    assert_int_equal(tls_write(link.server, data, 4, &count), TLS_WANT_WRITE);
    assert_int_equal(count, 0);
    link.to_client.room_len = SIZE_MAX;
    assert_int_equal(tls_write(link.server, data, 4, &count), TLS_OK);
    assert_int_equal(count, 4);
    assert_reads(link.client, "data");
    assert_reads_nothing(link.client, TLS_WANT_READ); /* and only once */
    link_close(&link);
}

/* The record leaves during another call: the next write must not send it again. */
static void test_write_that_a_close_has_flushed(void **state)
{
    (void)state;
    static const uint8_t data[] = {'d', 'a', 't', 'a'};
    size_t count;
    link_open_and_shake(&link, &plain);
    link.to_client.room_len = 3;
    assert_int_equal(tls_write(link.server, data, 4, &count), TLS_WANT_WRITE);
    link.to_client.room_len = SIZE_MAX;
    session_begin(link.server);
    assert_int_equal(internals_flush(&link.server->ssl), 0);
    assert_int_equal(session_done(link.server, TLS_OK), TLS_OK);
    assert_int_equal(tls_write(link.server, data, 4, &count), TLS_OK);
    assert_int_equal(count, 4);
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_reads(link.client, "data");
    assert_reads_nothing(link.client, TLS_CLOSED);
    link_close(&link);
}

/* A ticket cannot be dealt with before pending data has left: the loop must wait for room, not run
 * round on what it takes for input. */
static void test_ticket_behind_a_pending_write(void **state)
{
    (void)state;
    static const uint8_t data[] = {'d', 'a', 't', 'a'};
    size_t count;
    link_open_and_shake(&link, &plain);
    link.to_server.room_len = 3;
    assert_int_equal(tls_write(link.client, data, 4, &count), TLS_WANT_WRITE);
    assert_reads_nothing(link.client, TLS_WANT_WRITE);
    assert_false(tls_has_input(link.client));
    link.to_server.room_len = SIZE_MAX;
    assert_reads_nothing(link.client, TLS_WANT_READ);
    assert_int_equal(tls_write(link.client, data, 4, &count), TLS_OK);
    assert_reads(link.server, "data");
    assert_reads_nothing(link.server, TLS_WANT_READ);
    link_close(&link);
}

/* A bad record arrives while data is pending: the library only flushes where it should alert. */
static void test_alert_owed_because_output_was_pending(void **state)
{
    (void)state;
    static const uint8_t data[] = {'d', 'a', 't', 'a'};
    size_t count;
    link_open_and_shake(&link, &plain);
    link.to_client.room_len = 3;
    assert_int_equal(tls_write(link.server, data, 4, &count), TLS_WANT_WRITE);
    link_write(link.client, "garbled");
    link.to_server.bytes[link.to_server.sent_len - 1] ^= 1;
    assert_reads_nothing(link.server, TLS_FAILED);
    const struct tls_error *error = tls_session_error(link.server);
    assert_int_equal(error->alert, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC);
    assert_true(error->alert_sent);
    assert_int_equal(tls_close(link.server), TLS_WANT_WRITE);
    link.to_client.room_len = SIZE_MAX;
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_reads(link.client, "data");
    assert_reads_nothing(link.client, TLS_ALERT);
    assert_int_equal(tls_session_error(link.client)->alert, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC);
    link_close(&link);
}

/* Nothing pending: the library makes the alert itself, and close must not make a second one. */
static void test_alert_made_by_the_library(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        link_open_and_shake(&link, i == 0 ? &plain : &tls_1_2);
        link_write(link.client, "garbled");
        link.to_server.bytes[link.to_server.sent_len - 1] ^= 1;
        size_t before = link.to_client.sent_len;
        assert_reads_nothing(link.server, TLS_FAILED);
        size_t after = link.to_client.sent_len;
        assert_true(after > before);
        assert_int_equal(tls_close(link.server), TLS_OK);
        assert_int_equal(link.to_client.sent_len, after);
        assert_reads_nothing(link.client, TLS_ALERT);
        link_close(&link);
    }
}

/* The library would make its alert again and again until there is room, and say nothing else. */
static void test_blocked_alert_is_made_once(void **state)
{
    (void)state;
    struct link_options options = {.min_version = TLS_VERSION_1_3};
    link_open(&link, &options);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    link.to_server.bytes[5 + 4] ^= 1; /* the version behind both headers */
    link.to_client.room_len = 0;
    assert_int_equal(tls_handshake(link.server), TLS_FAILED);
    assert_int_equal(tls_session_error(link.server)->alert, MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION);
    assert_int_equal(tls_handshake(link.server), TLS_FAILED);
    assert_int_equal(tls_close(link.server), TLS_WANT_WRITE);
    link.to_client.room_len = SIZE_MAX;
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_int_equal(link.to_client.sent_len, 7);
    assert_int_equal(tls_handshake(link.client), TLS_ALERT);
    link_close(&link);
}

/* A client refuses the server while its transport has no room for the alert. */
static void test_blocked_alert_of_the_handshake(void **state)
{
    (void)state;
    struct link_options options = {.server_name = "other.test"};
    enum tls_outcome outcome;
    link_open(&link, &options);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    assert_int_equal(tls_handshake(link.server), TLS_WANT_READ);
    link.to_server.room_len = 0;
    size_t before = link.to_server.sent_len;
    do {
        outcome = tls_handshake(link.client);
        link.to_server.room_len = outcome == TLS_WANT_WRITE ? 6 : 0; /* the CCS record */
    } while (outcome == TLS_WANT_WRITE);
    assert_int_equal(outcome, TLS_UNTRUSTED);
    link.to_server.room_len = 0;
    assert_int_equal(tls_close(link.client), TLS_WANT_WRITE);
    link.to_server.room_len = SIZE_MAX;
    assert_int_equal(tls_close(link.client), TLS_OK);
    assert_true(link.to_server.sent_len > before);
    assert_int_equal(tls_handshake(link.server), TLS_ALERT);
    assert_int_equal(tls_session_error(link.server)->alert, MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
    link_close(&link);
}

/* A session that is given up in the middle of its handshake says so. */
static void test_close_in_the_handshake(void **state)
{
    (void)state;
    link_open(&link, &tls_1_2);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    assert_int_equal(tls_close(link.client), TLS_OK);
    assert_int_equal(tls_handshake(link.client), TLS_MISUSE);
    assert_int_equal(tls_handshake(link.server), TLS_CLOSED);
    assert_int_equal(tls_session_error(link.server)->outcome, TLS_CLOSED);
    assert_int_equal(tls_close(link.server), TLS_OK);
    link_close(&link);
}

#define INTERNAL_ERROR 80

static void assert_ends_for_its_keys(struct tls_session *session, enum tls_outcome outcome,
                                     struct tls_session *peer)
{
    assert_int_equal(outcome, TLS_FAILED);
    assert_non_null(strstr(tls_session_error(session)->text, "counter would wrap"));
    assert_int_equal(tls_close(session), TLS_OK);
    assert_reads_nothing(peer, TLS_ALERT);
    assert_int_equal(tls_session_error(peer)->alert, INTERNAL_ERROR);
}

/* RFC 8446 section 5.5. One byte below the limit all is well. */
static void assert_keys_are_used_up(const struct link_options *options)
{
    size_t count;
    link_open_and_shake(&link, options);
    link.server->wire.sent_len = AES_GCM_LIMIT_LEN - 1;
    link_write(link.server, "the last one");
    assert_reads(link.client, "the last one");
    enum tls_outcome outcome = tls_write(link.server, (const uint8_t *)"more", 4, &count);
    assert_int_equal(count, 0);
    assert_ends_for_its_keys(link.server, outcome, link.client);

    link_reopen(&link, options);
    link_shake(&link, &outcome, &outcome);
    link.server->wire.received_len = AES_GCM_LIMIT_LEN - 1;
    link_write(link.client, "the last one");
    assert_reads(link.server, "the last one");
    link_write(link.client, "more");
    outcome = link_read(link.server, buf, sizeof(buf), &count);
    assert_ends_for_its_keys(link.server, outcome, link.client);
    link_close(&link);
}

static void test_keys_of_aes_gcm_are_used_up(void **state)
{
    (void)state;
    assert_keys_are_used_up(&plain);
    assert_keys_are_used_up(&tls_1_2);
}

static void test_keys_of_chacha_have_no_limit(void **state)
{
    static const int suites[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};
    enum tls_outcome client, server;
    (void)state;
    link_open(&link, &plain);
    mbedtls_ssl_conf_ciphersuites(&link.client_context->config, suites);
    link_shake(&link, &client, &server);
    assert_int_equal(server, TLS_OK);
    link.server->wire.sent_len = link.server->wire.received_len = UINT64_MAX / 2;
    link_write(link.server, "on and on");
    assert_reads(link.client, "on and on");
    link_write(link.client, "on and on");
    assert_reads(link.server, "on and on");
    link_close(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_records),
        cmocka_unit_test(test_flood_of_empty_records),
        cmocka_unit_test(test_flood_of_warnings),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_part_of_a_record_is_no_input),
        cmocka_unit_test(test_write_is_done_when_its_own_bytes_are),
        cmocka_unit_test(test_write_that_a_close_has_flushed),
        cmocka_unit_test(test_ticket_behind_a_pending_write),
        cmocka_unit_test(test_blocked_alert_is_made_once),
        cmocka_unit_test(test_alert_owed_because_output_was_pending),
        cmocka_unit_test(test_alert_made_by_the_library),
        cmocka_unit_test(test_blocked_alert_of_the_handshake),
        cmocka_unit_test(test_close_in_the_handshake),
        cmocka_unit_test(test_keys_of_aes_gcm_are_used_up),
        cmocka_unit_test(test_keys_of_chacha_have_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
