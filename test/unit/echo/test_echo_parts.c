/* The small parts of the echo logic: words, payloads, the rate limit, one exchange. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "echo_exchange.h"
#include "echo_names.h"
#include "fake_ports.h"
#include "rate_limit.h"

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void test_alert_names_are_the_rfcs(void **state)
{
    (void)state;
    assert_string_equal(tls_alert_name(TLS_NO_ALERT), "none");
    assert_string_equal(tls_alert_name(40), "handshake_failure");
    assert_string_equal(tls_alert_name(116), "certificate_required");
    assert_string_equal(tls_alert_name(7), "unknown");
}

static void test_verify_names(void **state)
{
    char text[TLS_VERIFY_TEXT_MAX], small[8];
    (void)state;
    assert_string_equal(tls_verify_names(text, sizeof(text), 0), "none");
    assert_string_equal(
        tls_verify_names(text, sizeof(text), TLS_VERIFY_EXPIRED | TLS_VERIFY_UNKNOWN_CA),
        "expired,unknown_ca");
    assert_string_equal(tls_verify_names(text, sizeof(text), 0x1ff),
                        "expired,not_yet_valid,unknown_ca,wrong_name,missing,weak,bad_usage,"
                        "key_mismatch,other");
    assert_string_equal(tls_verify_names(small, sizeof(small), 0x1ff), "expired");
}

static void test_outcome_names(void **state)
{
    (void)state;
    assert_string_equal(tls_outcome_name(TLS_TRUNCATED), "truncated");
    assert_string_equal(tls_outcome_name((enum tls_outcome)99), "failed");
    assert_string_equal(net_outcome_name(NET_UNREACHABLE), "unreachable");
    assert_string_equal(net_outcome_name((enum net_outcome)99), "failed");
}

static void test_address_text(void **state)
{
    char text[NET_ADDRESS_TEXT_MAX];
    struct net_address v4 = {NET_FAMILY_IPV4, {198, 18, 0, 1}, 51234};
    struct net_address v6 = {NET_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 8433};
    struct net_address none = {0};
    (void)state;
    assert_string_equal(net_address_text(text, &v4), "198.18.0.1:51234");
    assert_string_equal(net_address_text(text, &v6), "[2001:db8::1]:8433");
    v4.port = 0;
    assert_string_equal(net_address_text(text, &v4), "198.18.0.1");
    assert_string_equal(net_address_text(text, &none), "none");
}

/* RFC 5952 section 4. */
static void test_ipv6_text_is_canonical(void **state)
{
    static const struct {
        uint8_t bytes[16];
        const char *text;
    } cases[] = {
        {{0}, "::"},
        {{[15] = 1}, "::1"},
        {{0, 1}, "1::"},
        {{0x20, 1, 0xd, 0xb8, [9] = 1, [15] = 1}, "2001:db8::1:0:0:1"},
        {{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, "2001:db8:0:1:1:1:1:1"},
        {{0x20, 1, 0, 0, 0, 0, 0, 1, [15] = 1}, "2001:0:0:1::1"},
        {{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 0, 0}, "1:2:3:4:5:6::"},
        {{0xff, 0xee, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0xab, 0xcd}, "ffee:2:3:4:5:6:7:abcd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_address address = {.family = NET_FAMILY_IPV6};
        char text[NET_ADDRESS_TEXT_MAX];
        memcpy(address.bytes, cases[i].bytes, sizeof(address.bytes));
        assert_string_equal(net_address_text(text, &address), cases[i].text);
    }
}

static void test_payload_is_the_same_from_any_offset(void **state)
{
    struct payload payload = {.seed = 42, .len = 1000};
    uint8_t whole[1000], part[100];
    uint64_t at = 0;
    (void)state;
    assert_int_equal(payload_fill(&payload, 0, whole, sizeof(whole)), 1000);
    assert_int_equal(payload_fill(&payload, 333, part, sizeof(part)), 100);
    assert_memory_equal(part, whole + 333, 100);
    assert_int_equal(payload_fill(&payload, 950, part, sizeof(part)), 50);
    assert_true(payload_matches(&payload, 0, whole, 1000, &at));
    whole[700] ^= 1;
    assert_false(payload_matches(&payload, 0, whole, 1000, &at));
    assert_int_equal(at, 700);
}

static void test_payload_refuses_more_than_was_sent(void **state)
{
    struct payload payload = {.text = (const uint8_t *)"abc", .len = 3};
    uint64_t at = 0;
    (void)state;
    assert_true(payload_matches(&payload, 0, (const uint8_t *)"abc", 3, &at));
    assert_false(payload_matches(&payload, 0, (const uint8_t *)"abcd", 4, &at));
    assert_int_equal(at, 3);
}

static void test_rate_limit_counts_per_second_and_address(void **state)
{
    struct rate_limit table = {0};
    struct net_address one = {NET_FAMILY_IPV4, {198, 18, 0, 1}, 1000};
    struct net_address two = {NET_FAMILY_IPV4, {198, 18, 0, 2}, 1000};
    (void)state;
    assert_true(rate_limit_allows(&table, 2, &one, 0));
    one.port++; /* another port is the same address */
    assert_true(rate_limit_allows(&table, 2, &one, 500000));
    assert_false(rate_limit_allows(&table, 2, &one, 999999));
    assert_true(rate_limit_allows(&table, 2, &two, 999999));
    assert_true(rate_limit_allows(&table, 2, &one, 1000000));
    assert_true(rate_limit_allows(&table, 0, &one, 1000000));
}

static void test_rate_limit_counts_an_ipv6_network_as_one(void **state)
{
    struct rate_limit table = {0};
    struct net_address one = {NET_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 1000};
    struct net_address same = {NET_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [8] = 0xff, [15] = 9}, 1000};
    struct net_address other = {NET_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [7] = 1, [15] = 1}, 1000};
    struct net_address ip4 = {NET_FAMILY_IPV4, {0x20, 1, 0xd, 0xb8}, 1000};
    (void)state;
    assert_true(rate_limit_allows(&table, 1, &one, 0));
    assert_false(rate_limit_allows(&table, 1, &same, 0));
    assert_true(rate_limit_allows(&table, 1, &other, 0));
    assert_true(rate_limit_allows(&table, 1, &ip4, 0));
}

static void test_rate_limit_forgets_the_oldest(void **state)
{
    struct rate_limit table = {0};
    struct net_address peer = {NET_FAMILY_IPV4, {198, 18, 0, 0}, 0};
    (void)state;
    for (unsigned i = 0; i <= RATE_LIMIT_ADDRESSES; i++) {
        peer.bytes[3] = (uint8_t)i;
        assert_true(rate_limit_allows(&table, 1, &peer, (uint64_t)i * 1000000));
    }
    assert_false(rate_limit_allows(&table, 1, &peer, RATE_LIMIT_ADDRESSES * 1000000ull));
}

static struct connection connection;
static struct echo_exchange exchange;

static void open_connection(const char *text)
{
    static const struct tls_session_config config = {.server_name = "x"};
    struct payload payload = {.text = (const uint8_t *)text, .len = strlen(text)};
    memset(&connection, 0, sizeof(connection));
    assert_int_equal(connection_start(&connection, fake_socket(), NULL, &config), TLS_OK);
    echo_exchange_start(&exchange, &payload);
}

static enum echo_exchange_result step_and_end(void)
{
    enum echo_exchange_result result = echo_exchange_step(&exchange, &connection);
    connection_end(&connection);
    return result;
}

static void test_exchange_sends_and_compares(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hel", 0};
    fake.script.read[1] = (struct fake_step){TLS_OK, "lo", 0};
    open_connection("hello");
    assert_int_equal(step_and_end(), ECHO_EXCHANGE_DONE);
    assert_memory_equal(fake.written, "hello", 5);
}

static void test_exchange_waits_for_both_directions(void **state)
{
    (void)state;
    fake.script.write[0] = (struct fake_step){TLS_WANT_WRITE, NULL, 0};
    open_connection("hello");
    assert_int_equal(echo_exchange_step(&exchange, &connection), ECHO_EXCHANGE_WAITING);
    assert_int_equal(exchange.waits.events, NET_EVENT_READ | NET_EVENT_WRITE);
    assert_false(exchange.runnable);
    fake.script.read[1] = (struct fake_step){TLS_OK, "hello", 0};
    assert_int_equal(step_and_end(), ECHO_EXCHANGE_DONE);
}

static void test_exchange_finds_the_differing_byte(void **state)
{
    (void)state;
    fake.script.read[0] = (struct fake_step){TLS_OK, "hexlo", 0};
    open_connection("hello");
    assert_int_equal(step_and_end(), ECHO_EXCHANGE_DIFFERS);
    assert_int_equal(exchange.differs_at, 2);
}

static void test_exchange_reads_what_came_before_the_end(void **state)
{
    (void)state;
    fake.script.write[0] = (struct fake_step){TLS_RESET, NULL, 0};
    fake.script.write[1] = (struct fake_step){TLS_RESET, NULL, 0};
    fake.script.read[0] = (struct fake_step){TLS_OK, "he", 0};
    fake.script.read[1] = (struct fake_step){TLS_ALERT, NULL, 0};
    open_connection("hello");
    assert_int_equal(step_and_end(), ECHO_EXCHANGE_ENDED);
    assert_int_equal(exchange.outcome, TLS_ALERT);
    assert_int_equal(exchange.received, 2);
}

#define PARTS_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PARTS_TEST(test_alert_names_are_the_rfcs),
        PARTS_TEST(test_verify_names),
        PARTS_TEST(test_outcome_names),
        PARTS_TEST(test_address_text),
        PARTS_TEST(test_ipv6_text_is_canonical),
        PARTS_TEST(test_payload_is_the_same_from_any_offset),
        PARTS_TEST(test_payload_refuses_more_than_was_sent),
        PARTS_TEST(test_rate_limit_counts_per_second_and_address),
        PARTS_TEST(test_rate_limit_counts_an_ipv6_network_as_one),
        PARTS_TEST(test_rate_limit_forgets_the_oldest),
        PARTS_TEST(test_exchange_sends_and_compares),
        PARTS_TEST(test_exchange_waits_for_both_directions),
        PARTS_TEST(test_exchange_finds_the_differing_byte),
        PARTS_TEST(test_exchange_reads_what_came_before_the_end),
    };
    return cmocka_run_group_tests_name("echo_parts", tests, NULL, NULL);
}
