/* Does a handshake's flight go out in as few pieces as make sense, and does none of it get lost
 * when the transport has no room? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "doubles.h"
#include "link.h"

#define STEPS_MAX 10000
/* Headers of record and message, version, random and session id come first: RFC 8446 section 4.1.3.
 */
#define SERVER_HELLO_SUITE (5 + 4 + 2 + 32 + 33)
#define ALERT_RECORD_LEN 7
#define SIGNATURE_AND_FINISHED_MAX 200

static struct link link, other;
static const struct link_options plain;
static const struct link_options tls_1_2 = {.tls_1_2_only = true};
static const struct link_options mutual = {.peer_auth = TLS_PEER_AUTH_REQUIRED,
                                           .client_identity = "client"};

/* ---- Pieces ---------------------------------------------------------------------------------- */

static void assert_pieces(const struct link_options *options, unsigned to_client,
                          unsigned to_server)
{
    link_open_and_shake(&link, options);
    assert_int_equal(link.to_client.sends, to_client);
    assert_int_equal(link.to_server.sends, to_server);
    link_close(&link);
}

/* The server's flight goes before and after its signature, and then there is the ticket. */
static void test_tls_1_3(void **state)
{
    (void)state;
    assert_pieces(&plain, 3, 2);
}

/* The certificate, too, goes before. */
static void test_what_goes_before_the_signature(void **state)
{
    (void)state;
    link_open(&link, &plain);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    assert_int_equal(tls_handshake(link.server), TLS_WANT_READ);
    assert_int_equal(link.to_client.sends, 2);
    assert_in_range(link.to_client.piece_len, 1, SIGNATURE_AND_FINISHED_MAX);
    link_close(&link);
}

/* And the client's before and after its own. */
static void test_tls_1_3_with_two_signatures(void **state)
{
    (void)state;
    assert_pieces(&mutual, 3, 3);
}

static void test_tls_1_2(void **state)
{
    (void)state;
    assert_pieces(&tls_1_2, 3, 2);
}

/* The library's alert does not wait for tls_close: nobody has to call that. */
static void test_alert_goes_at_once(void **state)
{
    (void)state;
    link_open(&link, &plain);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    assert_int_equal(tls_handshake(link.server), TLS_WANT_READ);
    link.to_client.bytes[SERVER_HELLO_SUITE] ^= 0xff; /* none that was offered */
    size_t before_len = link.to_server.sent_len;
    assert_int_equal(tls_handshake(link.client), TLS_FAILED);
    assert_int_equal(link.to_server.sent_len - before_len, ALERT_RECORD_LEN);
    link_close(&link);
}

/* ---- Room ------------------------------------------------------------------------------------ */

static enum tls_outcome shake_with_room(struct link *pair, size_t room_len)
{
    pair->to_client.room_len = room_len;
    pair->to_server.room_len = room_len;
    enum tls_outcome client = tls_handshake(pair->client);
    enum tls_outcome server = tls_handshake(pair->server);
    return client == TLS_OK ? server : client;
}

static bool is_under_way(enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
}

static void assert_shakes_with_room(const struct link_options *options, size_t room_len)
{
    enum tls_outcome outcome = TLS_WANT_READ;
    link_open(&link, options);
    for (int step = 0; step < STEPS_MAX && is_under_way(outcome); step++) {
        outcome = shake_with_room(&link, room_len);
    }
    assert_int_equal(outcome, TLS_OK);
    link_close(&link);
}

static void test_any_room(void **state)
{
    (void)state;
    for (size_t room_len = 1; room_len < 2000; room_len += 1 + room_len / 4) {
        assert_shakes_with_room(&plain, room_len);
        assert_shakes_with_room(&mutual, room_len);
        assert_shakes_with_room(&tls_1_2, room_len);
    }
}

/* Two servers of one context in turn, each with a part of its flight not taken. */
static void test_flights_do_not_mix(void **state)
{
    (void)state;
    enum tls_outcome a = TLS_WANT_READ, b = TLS_WANT_READ;
    link_open(&link, &plain);
    link_open(&other, &mutual);
    struct tls_context *own = other.server_context;
    tls_session_free(other.server);
    other.server = NULL;
    other.server_context = link.server_context;
    link_reopen(&other, &mutual);
    for (int step = 0; step < STEPS_MAX && (a != TLS_OK || b != TLS_OK); step++) {
        a = shake_with_room(&link, 50);
        b = shake_with_room(&other, 70);
    }
    assert_int_equal(a, TLS_OK);
    assert_int_equal(b, TLS_OK);
    tls_session_free(other.server);
    tls_session_free(other.client);
    tls_context_close(own);
    tls_context_close(other.client_context);
    link_close(&link);
}

static void test_no_memory_to_keep_a_flight(void **state)
{
    (void)state;
    link_open(&link, &plain);
    assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
    link.to_client.room_len = 0;
    assert_int_equal(tls_handshake(link.server), TLS_WANT_WRITE);
    link.to_client.room_len = 100;
    double_allocations_left = 0;
    assert_int_equal(tls_handshake(link.server), TLS_NO_MEMORY);
    double_allocations_left = -1;
    assert_int_equal(tls_close(link.server), TLS_OK);
    link_close(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_1_3),
        cmocka_unit_test(test_what_goes_before_the_signature),
        cmocka_unit_test(test_tls_1_3_with_two_signatures),
        cmocka_unit_test(test_tls_1_2),
        cmocka_unit_test(test_alert_goes_at_once),
        cmocka_unit_test(test_any_room),
        cmocka_unit_test(test_flights_do_not_mix),
        cmocka_unit_test(test_no_memory_to_keep_a_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
