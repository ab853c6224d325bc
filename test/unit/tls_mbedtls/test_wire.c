/* Does the wire notice the alerts that the library makes, and report what stopped it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backend.h"
#include "mbedtls/net_sockets.h"

/* A transport that takes as much as it is told to, and then says so. */
struct scripted {
    struct tls_transport transport; /* first, so that it is found from the pointer */
    size_t takes_len;
    enum tls_transport_outcome then;
};

static enum tls_transport_outcome scripted_move(struct scripted *self, size_t len, size_t *count)
{
    *count = len < self->takes_len ? len : self->takes_len;
    self->takes_len -= *count;
    return *count > 0 ? TLS_TRANSPORT_OK : self->then;
}

static enum tls_transport_outcome scripted_send(struct tls_transport *self, const uint8_t *bytes,
                                                size_t len, size_t *count)
{
    (void)bytes;
    return scripted_move((struct scripted *)self, len, count);
}

static enum tls_transport_outcome scripted_receive(struct tls_transport *self, uint8_t *buf,
                                                   size_t cap, size_t *count)
{
    (void)buf;
    return scripted_move((struct scripted *)self, cap, count);
}

static struct scripted transport;
static struct tls_session session;

static int set_up(void **state)
{
    (void)state;
    transport = (struct scripted){.transport = {scripted_send, scripted_receive},
                                  .takes_len = SIZE_MAX,
                                  .then = TLS_TRANSPORT_WANT_WRITE};
    memset(&session, 0, sizeof(session));
    session.transport = &transport.transport;
    session.established = true;
    session.wire.alert = TLS_NO_ALERT;
    session.wire.budget_len = 1000;
    return 0;
}

static const uint8_t fatal[] = {21, 3, 3, 0, 2, 2, 48};
static const uint8_t warning[] = {21, 3, 3, 0, 2, 1, 90};

static void test_plain_alert(void **state)
{
    (void)state;
    assert_int_equal(wire_send(&session, fatal, sizeof(fatal)), sizeof(fatal));
    assert_true(session.wire.alert_made);
    assert_int_equal(session.wire.alert, 48);
}

static void test_warning_is_no_failure(void **state)
{
    (void)state;
    assert_int_equal(wire_send(&session, warning, sizeof(warning)), sizeof(warning));
    assert_false(session.wire.alert_made);
}

/* The library gives again what was not taken, with new records behind it. */
static void test_alert_behind_a_partly_sent_record(void **state)
{
    (void)state;
    uint8_t bytes[5 + 40 + sizeof(fatal)] = {22, 3, 3, 0, 40, 21, 3, 3, 0, 2, 2, 99};
    transport.takes_len = 7;
    assert_int_equal(wire_send(&session, bytes, 45), 7);
    assert_int_equal(wire_send(&session, bytes + 7, 38), MBEDTLS_ERR_SSL_WANT_WRITE);
    assert_int_equal(session.wire.want, TLS_WANT_WRITE);
    assert_false(session.wire.alert_made);
    memcpy(bytes + 45, fatal, sizeof(fatal));
    assert_int_equal(wire_send(&session, bytes + 7, 38 + sizeof(fatal)),
                     MBEDTLS_ERR_SSL_WANT_WRITE);
    assert_true(session.wire.alert_made);
    assert_int_equal(session.wire.alert, 48);
}

static void test_sealed_alert_of_tls_1_3(void **state)
{
    (void)state;
    const uint8_t sealed[5 + 19] = {23, 3, 3, 0, 19};
    session.wire.sending_data = true; /* two bytes of data look the same */
    assert_int_equal(wire_send(&session, sealed, sizeof(sealed)), sizeof(sealed));
    assert_false(session.wire.alert_made);
    session.wire.sending_data = false;
    assert_int_equal(wire_send(&session, sealed, sizeof(sealed)), sizeof(sealed));
    assert_true(session.wire.alert_made);
    assert_int_equal(session.wire.alert, TLS_NO_ALERT);
}

static void test_sealed_alert_of_tls_1_2(void **state)
{
    (void)state;
    const uint8_t sealed[5 + 26] = {21, 3, 3, 0, 26};
    assert_int_equal(wire_send(&session, sealed, sizeof(sealed)), sizeof(sealed));
    assert_true(session.wire.alert_made);
    assert_int_equal(session.wire.alert, TLS_NO_ALERT);
}

static void assert_stops(enum tls_transport_outcome with, enum tls_outcome want,
                         enum tls_outcome end)
{
    uint8_t buf[8];
    (void)set_up(NULL);
    transport.takes_len = 0;
    transport.then = with;
    assert_true(wire_receive(&session, buf, sizeof(buf)) < 0);
    assert_int_equal(session.wire.want, want);
    assert_int_equal(session.wire.end, end);
}

static void test_what_stops_it(void **state)
{
    (void)state;
    assert_stops(TLS_TRANSPORT_WANT_READ, TLS_WANT_READ, TLS_OK);
    assert_stops(TLS_TRANSPORT_WANT_WRITE, TLS_WANT_WRITE, TLS_OK);
    assert_stops(TLS_TRANSPORT_CLOSED, TLS_OK, TLS_TRUNCATED);
    assert_stops(TLS_TRANSPORT_RESET, TLS_OK, TLS_RESET);
    assert_stops(TLS_TRANSPORT_FAILED, TLS_OK, TLS_FAILED);
    assert_stops(TLS_TRANSPORT_OK, TLS_OK, TLS_FAILED); /* no bytes: it broke its contract */
}

static void test_one_call_receives_no_more_than_its_budget(void **state)
{
    (void)state;
    uint8_t buf[400];
    assert_int_equal(wire_receive(&session, buf, 400), 400);
    assert_int_equal(wire_receive(&session, buf, 400), 400);
    assert_int_equal(wire_receive(&session, buf, 400), MBEDTLS_ERR_SSL_WANT_READ);
    assert_int_equal(session.wire.want, TLS_WANT_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain_alert, set_up),
        cmocka_unit_test_setup(test_warning_is_no_failure, set_up),
        cmocka_unit_test_setup(test_alert_behind_a_partly_sent_record, set_up),
        cmocka_unit_test_setup(test_sealed_alert_of_tls_1_3, set_up),
        cmocka_unit_test_setup(test_sealed_alert_of_tls_1_2, set_up),
        cmocka_unit_test_setup(test_what_stops_it, set_up),
        cmocka_unit_test_setup(test_one_call_receives_no_more_than_its_budget, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
