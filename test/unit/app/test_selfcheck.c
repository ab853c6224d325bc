/* Does each fault end in one ERROR line of its own and the right exit status? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "selfcheck.h"

static struct cert_blob blob;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&blob, 0, sizeof(blob));
    blob.server.chain_count = 2;
    blob.client.chain_count = 1;
    fake.check_report = (struct tls_identity_report){
        .subject = "CN=tls-echo server",
        .not_before = "2026-01-31T12:00:00Z",
        .not_after = "2027-01-31T12:00:00Z",
        .key_type = "EC-P256",
    };
    return 0;
}

static unsigned count_in_log(const char *text)
{
    unsigned count = 0;
    for (const char *at = strstr(fake.console, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

/* Asserts that the check ended with status and one ERROR line, for check, that has the words. */
static void assert_failed(enum exit_status got, enum exit_status status, const char *check,
                          const char *words)
{
    char pair[64];
    (void)snprintf(pair, sizeof(pair), "selfcheck result=failed check=%s reason=", check);
    assert_int_equal(got, status);
    assert_int_equal(count_in_log("] ERROR app    selfcheck"), 1);
    assert_int_equal(count_in_log(pair), 1);
    assert_int_equal(count_in_log(words), 1);
    assert_int_equal(count_in_log(" hint=\""), 1);
    assert_int_equal(count_in_log("..."), 0);
}

static enum exit_status check(enum tls_role role)
{
    struct selfcheck_report report;
    return selfcheck_identity(role, &blob, &report);
}

static void good_identity_is_ok(void **state)
{
    (void)state;
    struct selfcheck_report report;
    assert_int_equal(selfcheck_identity(TLS_SERVER, &blob, &report), EXIT_STATUS_OK);
    assert_int_equal(fake.checked_role, TLS_SERVER);
    assert_int_equal(fake.console_writes, 0);
    selfcheck_log_ok(&report);
    assert_string_equal(fake.console,
                        "[    0.000000] INFO  app    selfcheck result=ok clock=system "
                        "subject=\"CN=tls-echo server\" key=EC-P256 "
                        "not_before=2026-01-31T12:00:00Z not_after=2027-01-31T12:00:00Z\n");
}

static void client_may_have_no_identity(void **state)
{
    (void)state;
    struct selfcheck_report report;
    blob.client.chain_count = 0;
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    assert_int_equal(selfcheck_identity(TLS_CLIENT, &blob, &report), EXIT_STATUS_OK);
    assert_int_equal(fake.checks, 0);
    selfcheck_log_ok(&report);
    assert_int_equal(count_in_log("result=ok clock=lower-bound identity=none"), 1);
}

static void blob_failure_is_65(void **state)
{
    (void)state;
    assert_failed(selfcheck_fail_blob("embedded certificates: corrupt", false),
                  EXIT_STATUS_BAD_BLOB, "blob", "\"embedded certificates: corrupt\"");
    setup(NULL);
    assert_failed(selfcheck_fail_blob("a.bin: corrupt", true), EXIT_STATUS_BAD_BLOB, "blob",
                  "--certs");
}

struct parse_case {
    size_t index;
    const char *words;
};

static void what_does_not_parse_is_named_and_65(void **state)
{
    (void)state;
    static const struct parse_case cases[] = {
        {0, "certificate 1 of the server's chain does not parse: bad DER"},
        {1, "certificate 2 of the server's chain does not parse: bad DER"},
        {2, "the server's private key does not parse: bad DER"},
        {3, "a CA certificate does not parse: bad DER"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(NULL);
        fake.check_outcome = TLS_FAILED;
        fake.check_report.certificate = cases[i].index;
        strcpy(fake.check_text, "bad DER");
        assert_failed(check(TLS_SERVER), EXIT_STATUS_BAD_BLOB, "parse", cases[i].words);
    }
}

static void no_memory_is_70(void **state)
{
    (void)state;
    fake.check_outcome = TLS_NO_MEMORY;
    assert_failed(check(TLS_SERVER), EXIT_STATUS_INTERNAL, "parse", "out of memory");
}

struct verify_case {
    unsigned verify;
    enum exit_status status;
    const char *check, *words;
};

static void each_flaw_has_its_own_reason(void **state)
{
    (void)state;
    static const struct verify_case cases[] = {
        {TLS_VERIFY_KEY_MISMATCH, EXIT_STATUS_BAD_BLOB, "key",
         "the private key is not the one of the certificate"},
        {TLS_VERIFY_WEAK, EXIT_STATUS_BAD_BLOB, "strength", "weaker"},
        {TLS_VERIFY_BAD_USAGE, EXIT_STATUS_BAD_BLOB, "usage", "not meant for this role"},
        {TLS_VERIFY_MISSING, EXIT_STATUS_BAD_BLOB, "chain", "there is no certificate"},
        {TLS_VERIFY_EXPIRED, EXIT_STATUS_CONFIG, "dates",
         "last day is 2027-01-31T12:00:00Z, now is 2027-01-15T08:00:00Z by the system clock"},
        {TLS_VERIFY_NOT_YET_VALID, EXIT_STATUS_CONFIG, "dates",
         "first day is 2026-01-31T12:00:00Z, now is 2027-01-15T08:00:00Z by the system clock"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(NULL);
        fake.check_report.verify = cases[i].verify;
        assert_failed(check(TLS_SERVER), cases[i].status, cases[i].check, cases[i].words);
    }
}

static void unknown_ca_is_a_warning(void **state)
{
    (void)state;
    fake.check_report.verify = TLS_VERIFY_UNKNOWN_CA;
    assert_int_equal(check(TLS_SERVER), EXIT_STATUS_OK);
    assert_int_equal(count_in_log("WARN  app    selfcheck result=warning check=chain reason="), 1);
    assert_int_equal(count_in_log("does not lead to the embedded CA"), 1);
    assert_int_equal(fake.console_writes, 1);
}

static void a_lower_bound_can_only_tell_what_has_expired(void **state)
{
    (void)state;
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    fake.check_report.verify = TLS_VERIFY_NOT_YET_VALID;
    assert_int_equal(check(TLS_SERVER), EXIT_STATUS_OK);
    assert_int_equal(count_in_log("result=warning check=dates reason="), 1);
    setup(NULL);
    fake.wall.source = CLOCK_SOURCE_LOWER_BOUND;
    fake.check_report.verify = TLS_VERIFY_EXPIRED;
    assert_failed(check(TLS_SERVER), EXIT_STATUS_CONFIG, "dates", "by the lower-bound clock");
}

static void all_faults_are_shown_and_the_first_one_counts(void **state)
{
    (void)state;
    fake.check_report.verify = TLS_VERIFY_EXPIRED | TLS_VERIFY_KEY_MISMATCH;
    assert_int_equal(check(TLS_SERVER), EXIT_STATUS_BAD_BLOB);
    assert_int_equal(count_in_log("ERROR app    selfcheck result=failed"), 2);
}

static void entropy_must_be_there_and_not_repeat(void **state)
{
    (void)state;
    fake.entropy_fails = true;
    assert_failed(check(TLS_SERVER), EXIT_STATUS_CONFIG, "entropy", "no random bytes");
    setup(NULL);
    fake.entropy_repeats = true;
    assert_failed(check(TLS_CLIENT), EXIT_STATUS_CONFIG, "entropy", "repeats itself");
}

static void window_must_hold_more_than_a_record(void **state)
{
    (void)state;
    fake.limits.window_len = TLS_RECORD_MAX_LEN + 1;
    assert_int_equal(selfcheck_net(NULL, 16), EXIT_STATUS_OK);
    assert_int_equal(fake.console_writes, 0);
    fake.limits.window_len = TLS_RECORD_MAX_LEN;
    assert_failed(selfcheck_net(NULL, 16), EXIT_STATUS_CONFIG, "window", "18437 bytes cannot hold");
}

static void pools_must_hold_all_sessions_and_some(void **state)
{
    (void)state;
    fake.limits.connections_max = 16 + SELFCHECK_CONNECTIONS_SLACK;
    assert_int_equal(selfcheck_net(NULL, 16), EXIT_STATUS_OK);
    assert_failed(selfcheck_net(NULL, 17), EXIT_STATUS_CONFIG, "pools",
                  "17 sessions need 19 connections, the IP stack has 18");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_identity_is_ok, setup),
        cmocka_unit_test_setup(client_may_have_no_identity, setup),
        cmocka_unit_test_setup(blob_failure_is_65, setup),
        cmocka_unit_test_setup(what_does_not_parse_is_named_and_65, setup),
        cmocka_unit_test_setup(no_memory_is_70, setup),
        cmocka_unit_test_setup(each_flaw_has_its_own_reason, setup),
        cmocka_unit_test_setup(unknown_ca_is_a_warning, setup),
        cmocka_unit_test_setup(a_lower_bound_can_only_tell_what_has_expired, setup),
        cmocka_unit_test_setup(all_faults_are_shown_and_the_first_one_counts, setup),
        cmocka_unit_test_setup(entropy_must_be_there_and_not_repeat, setup),
        cmocka_unit_test_setup(window_must_hold_more_than_a_record, setup),
        cmocka_unit_test_setup(pools_must_hold_all_sessions_and_some, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
