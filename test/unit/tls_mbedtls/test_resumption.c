/* Is a session resumed only where it may be, and a full handshake made wherever it may not? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "doubles.h"
#include "link.h"

static struct link link;
static uint8_t exported[TLS_EXPORT_MAX];
static size_t exported_len;

/* A first conversation, whose ticket is then in exported. */
static void get_ticket(const struct link_options *options)
{
    uint8_t buf[16];
    size_t len;
    link_open_and_shake(&link, options);
    assert_int_equal(link_read(link.client, buf, sizeof(buf), &len), TLS_WANT_READ);
    assert_int_equal(tls_session_export(link.client, exported, sizeof(exported), &exported_len),
                     TLS_OK);
}

/* Another one with it: true if both sides say that it was resumed. It always succeeds. */
static bool resumes(struct link_options options)
{
    enum tls_outcome client, server;
    struct tls_session_info client_info, server_info;
    options.resume = (struct tls_span){exported, exported_len};
    link_reopen(&link, &options);
    link_shake(&link, &client, &server);
    assert_int_equal(client, TLS_OK);
    assert_int_equal(server, TLS_OK);
    assert_true(tls_session_info(link.client, &client_info));
    assert_true(tls_session_info(link.server, &server_info));
    assert_int_equal(client_info.resumed, server_info.resumed);
    return client_info.resumed;
}

static const struct link_options versions[] = {{.tls_1_2_only = false}, {.tls_1_2_only = true}};

static void test_resumes_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t buf[16];
        size_t len;
        get_ticket(&versions[i]);
        for (int times = 0; times < 3; times++) {
            assert_true(resumes(versions[i]));
            assert_int_equal(link_read(link.client, buf, sizeof(buf), &len), TLS_WANT_READ);
            assert_int_equal(
                tls_session_export(link.client, exported, sizeof(exported), &exported_len), TLS_OK);
        }
        link_close(&link);
    }
}

static void test_bound_to_the_name(void **state)
{
    (void)state;
    struct link_options by_address = {.server_name = "198.18.0.2"};
    for (size_t i = 0; i < 2; i++) {
        by_address.tls_1_2_only = versions[i].tls_1_2_only;
        get_ticket(&versions[i]);
        assert_false(resumes(by_address));
        assert_true(resumes(versions[i]));
        link_close(&link);
        get_ticket(&by_address);
        assert_false(resumes(versions[i]));
        assert_true(resumes(by_address));
        link_close(&link);
    }
}

/* The certificate's end is kept with the ticket, also when it was itself had by resumption. */
static void test_not_after_the_certificate_has_expired(void **state)
{
    (void)state;
    get_ticket(&versions[0]);
    assert_true(resumes(versions[0]));
    assert_int_equal(link.client->ticket_validity.to.year, exported[34] * 256 + exported[35]);
    exported[34] = 2000 >> 8;
    exported[35] = 2000 & 0xff;
    assert_false(resumes(versions[0]));
    link_close(&link);
}

static void test_tickets_grow_old(void **state)
{
    (void)state;
    get_ticket(&versions[0]);
    double_now_us += UINT64_C(3590) * 1000000;
    assert_true(resumes(versions[0]));
    double_now_us += UINT64_C(3600) * 1000000;
    assert_false(resumes(versions[0]));
    link_close(&link);
}

/* A ticket with the wall clock moved by wall_s, and age_s seconds later by the other clock. */
static bool resumes_after(const struct link_options *version, int64_t wall_s, uint64_t age_s)
{
    (void)tls_mbedtls_time(NULL); /* the double takes the system's time at the first look */
    int64_t before_s = double_wall_s;
    double_wall_s += 86400; /* far enough from the day the certificates were made */
    get_ticket(version);
    double_wall_s += wall_s;
    double_now_us += age_s * 1000000;
    bool resumed = resumes(*version);
    double_wall_s = before_s;
    link_close(&link);
    return resumed;
}

/* Set on, the wall clock ends no ticket, and set back it revives none. */
static void test_the_wall_clock_does_not_age_tickets(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(resumes_after(&versions[i], INT64_C(3000) * 86400, 0));
        assert_true(resumes_after(&versions[i], -3600, 0));
        assert_true(resumes_after(&versions[i], -3600, 3500));
        assert_false(resumes_after(&versions[i], -7200, 7300));
        assert_false(resumes_after(&versions[i], 0, 7300));
    }
}

/* A context that allows one version only must not be led to the other by a ticket. */
static void test_limits_of_the_version(void **state)
{
    (void)state;
    struct link_options only_1_2 = {.tls_1_2_only = true};
    struct link_options only_1_3 = {.min_version = TLS_VERSION_1_3};
    struct tls_session_info info;
    get_ticket(&only_1_2);
    link_close(&link);
    link_open(&link, &only_1_3);
    assert_false(resumes(only_1_3));
    assert_true(tls_session_info(link.client, &info));
    assert_string_equal(info.version, "TLSv1.3");
    link_close(&link);
    get_ticket(&only_1_3);
    link_close(&link);
    link_open(&link, &only_1_2);
    assert_false(resumes(only_1_2));
    assert_true(tls_session_info(link.client, &info));
    assert_string_equal(info.version, "TLSv1.2");
    link_close(&link);
}

/* Whatever becomes of the bytes, the handshake is made, in full or not. */
static void test_damaged_tickets(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        get_ticket(&versions[i]);
        size_t whole_len = exported_len;
        for (exported_len = 0; exported_len < whole_len; exported_len += 7) {
            assert_false(resumes(versions[i]));
        }
        exported_len = whole_len;
        exported[0] ^= 1;
        assert_false(resumes(versions[i]));
        link_close(&link);
    }
}

static void test_too_little_room(void **state)
{
    (void)state;
    get_ticket(&versions[0]);
    uint8_t small[64];
    size_t len = 1;
    assert_int_equal(tls_session_export(link.client, small, 10, &len), TLS_NO_MEMORY);
    assert_int_equal(len, 0);
    assert_int_equal(tls_session_export(link.client, small, sizeof(small), &len), TLS_NO_MEMORY);
    assert_int_equal(len, 0);
    link_close(&link);
}

/* A client certificate is not asked for again: the ticket could only be had with one. */
static void test_with_client_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct link_options options = versions[i];
        options.peer_auth = TLS_PEER_AUTH_REQUIRED;
        options.client_identity = "client";
        get_ticket(&options);
        assert_true(resumes(options));
        link_close(&link);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumes_again_and_again),
        cmocka_unit_test(test_bound_to_the_name),
        cmocka_unit_test(test_not_after_the_certificate_has_expired),
        cmocka_unit_test(test_tickets_grow_old),
        cmocka_unit_test(test_the_wall_clock_does_not_age_tickets),
        cmocka_unit_test(test_limits_of_the_version),
        cmocka_unit_test(test_damaged_tickets),
        cmocka_unit_test(test_too_little_room),
        cmocka_unit_test(test_with_client_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
