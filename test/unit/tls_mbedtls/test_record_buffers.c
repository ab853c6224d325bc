/* Does a session keep nothing in the record buffers that others use, and little of its own? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto_driver.h"
#include "doubles.h"
#include "link.h"
#include "memory_port.h"

/* What one session may take while it waits for its peer, with malloc's rounding: the measure of RAM
 * for all of them. */
#define IDLE_MAX_LEN 4500
#define HANDSHAKE_MAX_LEN 8192

static struct link link;
static uint8_t buf[TLS_CONTENT_MAX];
static const struct link_options plain;
static const struct link_options tls_1_2 = {.tls_1_2_only = true};
static const struct link_options mutual = {.peer_auth = TLS_PEER_AUTH_REQUIRED,
                                           .client_identity = "client"};

static void assert_wiped(const struct tls_context *context)
{
    const uint8_t *bytes = (const uint8_t *)context->buffers;
    for (size_t i = 0; i < record_buffers_len(); i++) {
        if (bytes[i] != 0) {
            fail_msg("byte %zu of the record buffers is 0x%02x", i, bytes[i]);
        }
    }
}

static size_t receivable(struct tls_transport *self)
{
    const struct pipe *in = ((struct link_end *)self)->in;
    return in->sent_len - in->taken_len;
}

/* ---- How much a session takes ---------------------------------------------------------------- */

static void drop_client(void)
{
    tls_session_free(link.client);
    link.client = NULL;
}

static size_t server_session_len(void)
{
    size_t before = memory_used_len();
    tls_session_free(link.server);
    link.server = NULL;
    return before - memory_used_len();
}

static void assert_idle_session_is_small(const struct link_options *options, const char *name)
{
    link_open_and_shake(&link, options);
    drop_client();
    size_t len = server_session_len();
    print_message("%s: an idle session of a server takes %zu bytes\n", name, len);
    assert_in_range(len, 1000, IDLE_MAX_LEN + crypto_driver_memory.session_len);
    link_close(&link);
}

static void test_idle_session(void **state)
{
    (void)state;
    assert_idle_session_is_small(&plain, "TLS 1.3");
    assert_idle_session_is_small(&tls_1_2, "TLS 1.2");
    assert_idle_session_is_small(&mutual, "TLS 1.3 with the client's certificate");
}

/* Whatever step of its handshake the server waits in. */
static void test_session_in_handshake(void **state)
{
    (void)state;
    enum tls_outcome client, server = TLS_WANT_READ;
    size_t most = 0;
    for (int steps = 1; server == TLS_WANT_READ; steps++) {
        link_open(&link, &mutual);
        for (int step = 0; step < steps; step++) {
            client = tls_handshake(link.client);
            server = tls_handshake(link.server);
        }
        assert_true(client == TLS_OK || client == TLS_WANT_READ);
        drop_client();
        size_t len = server_session_len();
        most = len > most ? len : most;
        link_close(&link);
    }
    print_message("a session in its handshake takes at most %zu bytes\n", most);
    assert_in_range(most, 1000, HANDSHAKE_MAX_LEN + crypto_driver_memory.session_len);
}

/* ---- What stays in the buffers --------------------------------------------------------------- */

static void write_pattern(struct tls_session *session, size_t len)
{
    size_t count;
    memset(buf, 'x', len);
    assert_int_equal(tls_write(session, buf, len, &count), TLS_OK);
    assert_int_equal(count, len);
}

static void assert_reads_pattern(struct tls_session *session, size_t cap, size_t expected)
{
    size_t count;
    memset(buf, 0, sizeof(buf));
    assert_int_equal(tls_read(session, buf, cap, &count), TLS_OK);
    assert_int_equal(count, expected);
    assert_int_equal(buf[0], 'x');
    assert_int_equal(buf[count - 1], 'x');
}

static void test_buffers_are_wiped(void **state)
{
    (void)state;
    enum tls_outcome client = TLS_WANT_READ, server = TLS_WANT_READ;
    link_open(&link, &mutual);
    while (client != TLS_OK || server != TLS_OK) {
        client = tls_handshake(link.client);
        assert_wiped(link.client_context);
        server = tls_handshake(link.server);
        assert_wiped(link.server_context);
    }
    write_pattern(link.client, 5000);
    assert_wiped(link.client_context);
    assert_reads_pattern(link.server, 100, 100); /* the rest is still with the library */
    assert_wiped(link.server_context);
    assert_reads_pattern(link.server, 5000, 4900);
    assert_wiped(link.server_context);
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_wiped(link.server_context);
    link_close(&link);
}

static void test_buffers_are_wiped_after_a_failure(void **state)
{
    (void)state;
    size_t count;
    link_open_and_shake(&link, &plain);
    write_pattern(link.client, 5000);
    link.to_server.bytes[link.to_server.sent_len - 1] ^= 1;
    assert_int_equal(tls_read(link.server, buf, sizeof(buf), &count), TLS_FAILED);
    assert_wiped(link.server_context);
    link_close(&link);
}

/* The library prepares a message and then cannot go on: nothing was sent that would tell how much
 * of the buffer it has used. */
static void test_buffers_are_wiped_when_memory_is_short(void **state)
{
    (void)state;
    for (long left = 0; left < 300; left++) {
        link_open(&link, &mutual);
        for (int step = 0; step < 10; step++) {
            double_allocations_left = left;
            enum tls_outcome client = tls_handshake(link.client);
            assert_wiped(link.client_context);
            enum tls_outcome server = tls_handshake(link.server);
            assert_wiped(link.server_context);
            double_allocations_left = -1;
            step = client != TLS_WANT_READ && server != TLS_WANT_READ ? 10 : step;
        }
        link_close(&link);
    }
}

/* Of a transport that can tell, no part of a record is taken: nothing has to be kept for it. */
static void test_part_of_a_record_stays_in_the_transport(void **state)
{
    (void)state;
    size_t count;
    link_open_and_shake(&link, &plain);
    link.server_end.transport.receivable = receivable;
    size_t blocks = memory_block_count();
    size_t before = link.to_server.sent_len;
    write_pattern(link.client, 5000);
    size_t end = link.to_server.sent_len;
    for (size_t there = before; there < end; there += 7) {
        link.to_server.sent_len = there;
        assert_int_equal(tls_read(link.server, buf, sizeof(buf), &count), TLS_WANT_READ);
        assert_in_range(link.to_server.taken_len - before, 0, 5);
        assert_int_equal(memory_block_count(), blocks);
        assert_wiped(link.server_context);
    }
    link.to_server.sent_len = end;
    assert_reads_pattern(link.server, sizeof(buf), 5000);
    assert_int_equal(memory_block_count(), blocks);
    link_close(&link);
}

/* Of one that cannot, what was taken is kept aside; without memory for that, the session is over.
 */
static void test_no_memory_to_keep_a_part(void **state)
{
    (void)state;
    size_t count;
    link_open_and_shake(&link, &plain);
    write_pattern(link.client, 5000);
    link.to_server.sent_len -= 1;
    double_allocations_left = 0;
    assert_int_equal(tls_read(link.server, buf, sizeof(buf), &count), TLS_NO_MEMORY);
    double_allocations_left = -1;
    assert_int_equal(tls_session_error(link.server)->outcome, TLS_NO_MEMORY);
    link.to_server.sent_len += 1;
    assert_int_equal(tls_read(link.server, buf, sizeof(buf), &count), TLS_NO_MEMORY);
    assert_int_equal(tls_close(link.server), TLS_OK);
    assert_wiped(link.server_context);
    link_close(&link);
}

/* Two sessions of one context in turn, each with a part of a record kept. */
static void test_sessions_share_without_mixing(void **state)
{
    (void)state;
    static struct link other;
    size_t count;
    link_open_and_shake(&link, &plain);
    link_open_and_shake(&other, &plain);
    struct tls_context *own = other.server_context;
    /* Both servers on one context, as in the firmware. */
    tls_session_free(other.server);
    other.server = NULL;
    other.server_context = link.server_context;
    link_reopen(&other, &plain);
    enum tls_outcome a, b;
    link_shake(&other, &a, &b);
    assert_int_equal(a, TLS_OK);
    assert_int_equal(b, TLS_OK);
    write_pattern(link.client, 3000);
    memset(buf, 'y', 4000);
    assert_int_equal(tls_write(other.client, buf, 4000, &count), TLS_OK);
    link.to_server.sent_len -= 10;
    other.to_server.sent_len -= 20;
    assert_int_equal(tls_read(link.server, buf, sizeof(buf), &count), TLS_WANT_READ);
    assert_int_equal(tls_read(other.server, buf, sizeof(buf), &count), TLS_WANT_READ);
    link.to_server.sent_len += 10;
    other.to_server.sent_len += 20;
    assert_reads_pattern(link.server, sizeof(buf), 3000);
    assert_int_equal(tls_read(other.server, buf, sizeof(buf), &count), TLS_OK);
    assert_int_equal(count, 4000);
    assert_int_equal(buf[3999], 'y');
    tls_session_free(other.server);
    tls_session_free(other.client);
    tls_context_close(own);
    tls_context_close(other.client_context);
    link_close(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_session),
        cmocka_unit_test(test_session_in_handshake),
        cmocka_unit_test(test_buffers_are_wiped),
        cmocka_unit_test(test_buffers_are_wiped_after_a_failure),
        cmocka_unit_test(test_buffers_are_wiped_when_memory_is_short),
        cmocka_unit_test(test_part_of_a_record_stays_in_the_transport),
        cmocka_unit_test(test_no_memory_to_keep_a_part),
        cmocka_unit_test(test_sessions_share_without_mixing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
