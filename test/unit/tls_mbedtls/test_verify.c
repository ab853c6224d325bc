/* Are peers refused for the right reason, with the right alert, and is nobody let in by mistake? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "doubles.h"
#include "link.h"

static struct link link;

static void test_reasons_of_flags(void **state)
{
    (void)state;
    assert_int_equal(verify_reasons(0), 0);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_EXPIRED), TLS_VERIFY_EXPIRED);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_FUTURE), TLS_VERIFY_NOT_YET_VALID);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_NOT_TRUSTED), TLS_VERIFY_UNKNOWN_CA);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_MD),
                     TLS_VERIFY_WEAK);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_REVOKED), TLS_VERIFY_OTHER);
    assert_int_equal(verify_reasons(MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | 0x40000000),
                     TLS_VERIFY_BAD_USAGE | TLS_VERIFY_OTHER);
    /* "Not checked" has every bit set: none of them means anything. */
    assert_int_equal(verify_reasons(UINT32_MAX), TLS_VERIFY_OTHER);
}

static enum tls_outcome shake_as(const struct link_options *options, unsigned *verify)
{
    enum tls_outcome client, server;
    link_open(&link, options);
    link_shake(&link, &client, &server);
    *verify = tls_session_error(link.client)->verify;
    link_close(&link);
    return client;
}

static void assert_name(const char *identity, const char *name, bool accepted)
{
    unsigned verify;
    struct link_options options = {.server_identity = identity, .server_name = name};
    for (int version = 0; version < 2; version++) {
        options.tls_1_2_only = version == 1;
        assert_int_equal(shake_as(&options, &verify), accepted ? TLS_OK : TLS_UNTRUSTED);
        assert_int_equal(verify, accepted ? 0 : TLS_VERIFY_WRONG_NAME);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_name("server", "server.test", true);
    assert_name("server", "SERVER.test", true);
    assert_name("server", "a.wild.test", true);
    assert_name("server", "a.b.wild.test", false);
    assert_name("server", "wild.test", false);
    assert_name("server", "server", false);
    assert_name("cn_only", "server.test", false);
}

static void test_addresses(void **state)
{
    (void)state;
    assert_name("server", "198.18.0.2", true);
    assert_name("server", "198.18.0.3", false);
    assert_name("server", "2001:db8::2", true);
    assert_name("server", "2001:0DB8:0:0:0:0:0:2", true);
    assert_name("server", "2001:db8::3", false);
    assert_name("cn_only", "198.18.0.2", false);
}

/* The wall clock before and after the certificate's life. */
static void test_dates(void **state)
{
    (void)state;
    unsigned verify;
    struct link_options options = {0};
    double_wall_s = 0;
    (void)tls_mbedtls_time(&double_wall_s);
    int64_t now = double_wall_s;
    double_wall_s = now + INT64_C(4000) * 86400;
    assert_int_equal(shake_as(&options, &verify), TLS_UNTRUSTED);
    assert_int_equal(verify, TLS_VERIFY_EXPIRED);
    double_wall_s = now - 86400;
    assert_int_equal(shake_as(&options, &verify), TLS_UNTRUSTED);
    assert_int_equal(verify, TLS_VERIFY_NOT_YET_VALID);
    double_wall_s = now;
}

/* Servers run the library in its "optional" mode: nobody may get in by that. */
static void assert_client(const char *identity, enum tls_peer_auth auth, bool tls_1_2_only,
                          unsigned verify, int alert)
{
    enum tls_outcome client, server;
    struct link_options options = {
        .peer_auth = auth, .client_identity = identity, .tls_1_2_only = tls_1_2_only};
    link_open(&link, &options);
    link_shake(&link, &client, &server);
    const struct tls_error *error = tls_session_error(link.server);
    assert_int_equal(server, verify == 0 ? TLS_OK : TLS_UNTRUSTED);
    assert_int_equal(error->verify, verify);
    assert_int_equal(error->alert, alert);
    if (verify != 0) {
        /* In TLS 1.2 that is during the handshake: the client never believes it to be over. */
        assert_int_equal(client, tls_1_2_only ? TLS_WANT_READ : TLS_OK);
        assert_int_equal(tls_close(link.server), TLS_OK);
        assert_int_equal(tls_handshake(link.client), tls_1_2_only ? TLS_ALERT : TLS_OK);
    }
    link_close(&link);
}

static void test_clients(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool tls_1_2 = i == 1;
        int missing =
            tls_1_2 ? MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE : MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED;
        assert_client("client", TLS_PEER_AUTH_REQUIRED, tls_1_2, 0, TLS_NO_ALERT);
        assert_client("client", TLS_PEER_AUTH_OPTIONAL, tls_1_2, 0, TLS_NO_ALERT);
        assert_client(NULL, TLS_PEER_AUTH_OPTIONAL, tls_1_2, 0, TLS_NO_ALERT);
        assert_client(NULL, TLS_PEER_AUTH_REQUIRED, tls_1_2, TLS_VERIFY_MISSING, missing);
        assert_client("server", TLS_PEER_AUTH_REQUIRED, tls_1_2, TLS_VERIFY_BAD_USAGE,
                      MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT);
        assert_client("server", TLS_PEER_AUTH_OPTIONAL, tls_1_2, TLS_VERIFY_BAD_USAGE,
                      MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT);
    }
}

/* The last gate, asked directly: a session that never saw a certificate. */
static void test_final_gate(void **state)
{
    (void)state;
    struct link_options options = {.peer_auth = TLS_PEER_AUTH_REQUIRED};
    link_open(&link, &options);
    assert_int_equal(verify_final_refusal(link.server), MBEDTLS_X509_BADCERT_MISSING);
    assert_int_equal(verify_final_refusal(link.client), MBEDTLS_X509_BADCERT_MISSING);
    link.server->peer_known = true; /* a certificate came, but it was never checked */
    assert_int_not_equal(verify_final_refusal(link.server), 0);
    link_close(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons_of_flags), cmocka_unit_test(test_names),
        cmocka_unit_test(test_addresses),        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_clients),          cmocka_unit_test(test_final_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
