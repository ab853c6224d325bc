/* Tests which TCP segments become one long frame, and what its headers then say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "frame_checksum.h"
#include "frame_join.h"

#define MSS 100
#define ETHERNET_LEN 14
#define FRAME_CAP 2000

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_PSH = 8, FLAG_ACK = 16 };

/* A segment of a connection; of one family. */
struct segment {
    uint8_t bytes[FRAME_CAP];
    size_t len, ip_len, tcp_start;
};

static void store_be(uint8_t *at, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        at[i] = (uint8_t)(value >> 8 * (count - 1 - i));
    }
}

static uint32_t load_be(const uint8_t *at, size_t count)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void set_lengths(struct segment *s)
{
    bool is_ip6 = s->ip_len == 40;
    store_be(s->bytes + ETHERNET_LEN + (is_ip6 ? 4 : 2), 2,
             (uint32_t)(s->len - ETHERNET_LEN - (is_ip6 ? 40 : 0)));
}

static struct segment make(bool is_ip6, uint32_t seq, size_t payload_len, uint8_t flags)
{
    struct segment s = {.ip_len = is_ip6 ? 40 : 20};
    uint8_t *ip = s.bytes + ETHERNET_LEN;
    s.tcp_start = ETHERNET_LEN + s.ip_len;
    s.len = s.tcp_start + 20 + payload_len;
    memset(s.bytes, 0x11, ETHERNET_LEN);
    store_be(s.bytes + 12, 2, is_ip6 ? 0x86dd : 0x0800);
    if (is_ip6) {
        memset(ip, 0, 8);
        ip[0] = 0x60;
        ip[6] = 6;
        ip[7] = 255;
        memset(ip + 8, 0x21, 16);
        memset(ip + 24, 0x22, 16);
    } else {
        memcpy(ip, (const uint8_t[]){0x45, 0, 0,   0,  0, 7, 0,   0,  255, 6,
                                     0,    0, 198, 18, 0, 2, 198, 18, 0,   1},
               20);
    }
    uint8_t *tcp = s.bytes + s.tcp_start;
    store_be(tcp, 2, 8433);
    store_be(tcp + 2, 2, 40000);
    store_be(tcp + 4, 4, seq);
    store_be(tcp + 8, 4, 0x01020304);
    tcp[12] = 0x50;
    tcp[13] = flags;
    store_be(tcp + 14, 2, 32120);
    set_lengths(&s);
    return s;
}

static bool start(struct frame_join *join, const struct segment *s)
{
    return frame_join_start(join, s->bytes, s->len, s->len);
}

static bool add(struct frame_join *join, const struct segment *s)
{
    return frame_join_add(join, s->bytes, s->len, s->len);
}

/* Two full segments and a short one with PSH and FIN: one frame, which says what the last one said.
 */
static void check_joined(bool is_ip6)
{
    struct frame_join join;
    const uint32_t seq = UINT32_MAX - MSS; /* it wraps */
    struct segment parts[] = {make(is_ip6, seq, MSS, FLAG_ACK),
                              make(is_ip6, seq + MSS, MSS, FLAG_ACK),
                              make(is_ip6, seq + 2 * MSS, 7, FLAG_ACK | FLAG_PSH | FLAG_FIN),
                              make(is_ip6, seq + 2 * MSS + 7, 7, FLAG_ACK)};
    assert_true(start(&join, &parts[0]));
    assert_true(add(&join, &parts[1]));
    assert_true(add(&join, &parts[2]));
    assert_false(add(&join, &parts[3]));
    assert_int_equal(join.segments, 3);
    assert_int_equal(join.segment_len, MSS);
    assert_int_equal(join.payload_len, 2 * MSS + 7);
    assert_int_equal(join.is_ip6, is_ip6);
    assert_int_equal(join.headers_len, parts[0].tcp_start + 20);
    frame_join_finish(&join);
    const uint8_t *ip = join.headers + ETHERNET_LEN, *tcp = join.headers + join.tcp_start;
    uint32_t tcp_len = 20 + 2 * MSS + 7;
    assert_int_equal(load_be(ip + (is_ip6 ? 4 : 2), 2), is_ip6 ? tcp_len : tcp_len + 20);
    assert_int_equal(load_be(tcp + 4, 4), seq);
    assert_int_equal(tcp[13], FLAG_ACK | FLAG_PSH | FLAG_FIN);
    if (!is_ip6) {
        assert_int_equal(frame_checksum_fold(frame_checksum_sum(ip, 20)), 0xffff);
    }
}

static void joins_segments_in_a_row(void **state)
{
    (void)state;
    check_joined(false);
    check_joined(true);
}

/* With the pseudo-header's sum in its place, whoever sums the whole gets a checksum that is right.
 */
static void check_sum(bool is_ip6)
{
    struct frame_join join;
    struct segment s = make(is_ip6, 5, MSS, FLAG_ACK);
    uint8_t *tcp = s.bytes + s.tcp_start;
    memset(tcp + 20, 0xab, MSS);
    assert_true(start(&join, &s));
    frame_join_finish(&join);
    memcpy(s.bytes, join.headers, join.headers_len);
    assert_true(frame_checksum_is_whole(s.bytes, s.len, s.tcp_start, 16));
    assert_true(frame_checksum_complete(s.bytes, s.len, s.tcp_start, 16));
    const uint8_t *addresses = s.bytes + ETHERNET_LEN + (is_ip6 ? 8 : 12);
    uint64_t sum = 6 + 20 + MSS + frame_checksum_sum(addresses, is_ip6 ? 32 : 8) +
                   frame_checksum_sum(tcp, 20 + MSS);
    assert_int_equal(frame_checksum_fold(sum), 0xffff);
}

static void leaves_the_checksum_half_made(void **state)
{
    (void)state;
    check_sum(false);
    check_sum(true);
}

/* ---- What stays apart ------------------------------------------------------------------------ */

/* Which byte of the second segment is changed, and how. */
struct change {
    size_t at;
    uint8_t bits;
};

static bool joins_with(bool is_ip6, struct change change)
{
    struct frame_join join, before;
    struct segment first = make(is_ip6, 1000, MSS, FLAG_ACK);
    struct segment second = make(is_ip6, 1000 + MSS, MSS, FLAG_ACK);
    second.bytes[change.at] ^= change.bits;
    memset(&join, 0, sizeof(join));
    assert_true(start(&join, &first));
    before = join;
    bool is_joined = add(&join, &second);
    if (!is_joined) {
        assert_memory_equal(&join, &before, sizeof(join));
    }
    return is_joined;
}

/* Each bit of the second's headers decides, but for the few that follow from where it stands. */
static void check_each_bit(bool is_ip6)
{
    size_t tcp_start = ETHERNET_LEN + (is_ip6 ? 40 : 20);
    for (size_t at = 0; at < tcp_start + 20; at++) {
        size_t in_ip = at - ETHERNET_LEN, in_tcp = at - tcp_start;
        bool is_free4 = !is_ip6 && at >= ETHERNET_LEN &&
                        (in_ip == 4 || in_ip == 5 || in_ip == 10 || in_ip == 11);
        bool is_free = is_free4 || (at >= tcp_start && (in_tcp == 16 || in_tcp == 17));
        for (unsigned bit = 0; bit < 8; bit++) {
            struct change change = {at, (uint8_t)(1u << bit)};
            bool is_last = at == tcp_start + 13 && (1u << bit == FLAG_PSH || 1u << bit == FLAG_FIN);
            if (joins_with(is_ip6, change) != (is_free || is_last)) {
                fail_msg("byte %zu, bit %u", at, bit);
            }
        }
    }
}

static void keeps_apart_what_differs(void **state)
{
    (void)state;
    check_each_bit(false);
    check_each_bit(true);
}

static void ends_with_a_short_or_pushed_segment(void **state)
{
    (void)state;
    struct frame_join join;
    struct segment first = make(false, 0, MSS, FLAG_ACK);
    struct segment longer = make(false, MSS, MSS + 1, FLAG_ACK);
    struct segment empty = make(false, MSS, 0, FLAG_ACK);
    struct segment shorter = make(false, MSS, MSS - 1, FLAG_ACK);
    struct segment next = make(false, 2 * MSS - 1, 1, FLAG_ACK);
    assert_true(start(&join, &first));
    assert_false(add(&join, &longer));
    assert_false(add(&join, &empty));
    assert_true(add(&join, &shorter));
    assert_false(add(&join, &next));
    struct segment pushed = make(false, 0, MSS, FLAG_ACK | FLAG_PSH);
    struct segment second = make(false, MSS, MSS, FLAG_ACK);
    assert_true(start(&join, &pushed));
    assert_false(add(&join, &second));
}

static void ends_where_a_packet_must(void **state)
{
    (void)state;
    struct frame_join join;
    struct segment part = make(false, 0, 1460, FLAG_ACK);
    uint32_t seq = 0;
    assert_true(start(&join, &part));
    do {
        seq += 1460;
        store_be(part.bytes + part.tcp_start + 4, 4, seq);
    } while (add(&join, &part));
    assert_int_equal(join.segments, 44); /* 40 + 44 * 1460 is the most below 65,536 */
    frame_join_finish(&join);
    assert_int_equal(load_be(join.headers + ETHERNET_LEN + 2, 2), 40 + 44 * 1460);
}

/* Single ones: they start, so that their checksum is left out, but nothing follows. */
static void starts_alone_with_what_is_special(void **state)
{
    (void)state;
    static const uint8_t flags[] = {
        FLAG_SYN,        FLAG_SYN | FLAG_ACK, FLAG_RST, FLAG_RST | FLAG_ACK, FLAG_FIN | FLAG_ACK,
        FLAG_ACK | 0x40, FLAG_ACK | 0x80};
    struct frame_join join;
    for (size_t i = 0; i < sizeof(flags); i++) {
        struct segment special = make(false, 0, MSS, flags[i]);
        struct segment next = make(false, MSS, MSS, FLAG_ACK);
        assert_true(start(&join, &special));
        assert_false(add(&join, &next));
    }
    struct segment ack = make(true, 0, 0, FLAG_ACK), data = make(true, 0, MSS, FLAG_ACK);
    assert_true(start(&join, &ack));
    assert_false(add(&join, &data));
    struct segment options = make(false, 0, MSS, FLAG_ACK);
    options.bytes[options.tcp_start + 12] = 0x60;
    assert_true(start(&join, &options));
    assert_int_equal(join.headers_len, options.tcp_start + 24);
    assert_int_equal(join.payload_len, MSS - 4);
    assert_false(add(&join, &data));
}

/* What an answer makes needless: the same connection, and no less acknowledged. */
static void covers_an_acknowledgement_by_data(void **state)
{
    (void)state;
    for (unsigned family = 0; family < 2; family++) {
        struct frame_join join;
        struct segment ack = make(family == 1, 7, 0, FLAG_ACK);
        struct segment data = make(family == 1, 7, MSS, FLAG_ACK | FLAG_PSH);
        uint8_t *tcp = data.bytes + data.tcp_start;
        assert_true(start(&join, &ack));
        assert_true(frame_join_is_ack(&join));
        assert_true(frame_join_is_covered(&join, data.bytes, data.len, data.len));
        store_be(tcp + 8, 4, 0x01020305); /* more */
        assert_true(frame_join_is_covered(&join, data.bytes, data.len, data.len));
        store_be(tcp + 8, 4, 0x01020303); /* less */
        assert_false(frame_join_is_covered(&join, data.bytes, data.len, data.len));
        store_be(tcp + 8, 4, 0x01020304);
        tcp[4] ^= 1; /* not what comes next */
        assert_false(frame_join_is_covered(&join, data.bytes, data.len, data.len));
        tcp[4] ^= 1;
        tcp[1] ^= 1; /* another connection */
        assert_false(frame_join_is_covered(&join, data.bytes, data.len, data.len));
        assert_false(frame_join_is_covered(&join, ack.bytes, ack.len, ack.len));
        assert_true(start(&join, &data));
        assert_false(frame_join_is_ack(&join));
    }
}

/* None of TCP, or not all of it: these come with their checksum made. */
static void does_not_start_with_others(void **state)
{
    (void)state;
    struct frame_join join;
    for (unsigned kind = 0; kind < 8; kind++) {
        struct segment s = make(kind >= 6, 0, MSS, FLAG_ACK);
        size_t linear_len = s.len;
        switch (kind) {
        case 0: /* UDP */
            s.bytes[ETHERNET_LEN + 9] = 17;
            break;
        case 1: /* ARP */
            store_be(s.bytes + 12, 2, 0x0806);
            break;
        case 2: /* a fragment */
            s.bytes[ETHERNET_LEN + 6] = 0x20;
            break;
        case 3: /* a length that is not the frame's */
            s.bytes[ETHERNET_LEN + 3] ^= 1;
            break;
        case 4: /* headers in pieces */
            linear_len = s.tcp_start + 19;
            break;
        case 5: /* a TCP header that is too short */
            s.bytes[s.tcp_start + 12] = 0x40;
            break;
        case 6: /* an extension header */
            s.bytes[ETHERNET_LEN + 6] = 0;
            break;
        default:
            s.bytes[ETHERNET_LEN] = 0x50;
            break;
        }
        if (frame_join_start(&join, s.bytes, linear_len, s.len)) {
            fail_msg("kind %u", kind);
        }
    }
}

/* Cut anywhere: nothing outside is read. The sanitizers watch. */
static void stands_any_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < ETHERNET_LEN + 60; len++) {
        struct frame_join join;
        struct segment whole = make(len % 2 == 0, 0, 0, FLAG_ACK);
        uint8_t *bytes = test_malloc(len + 1);
        memcpy(bytes, whole.bytes, len);
        bool is_whole = len == whole.len;
        assert_int_equal(frame_join_start(&join, bytes, len, len), is_whole);
        test_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_segments_in_a_row),
        cmocka_unit_test(leaves_the_checksum_half_made),
        cmocka_unit_test(keeps_apart_what_differs),
        cmocka_unit_test(ends_with_a_short_or_pushed_segment),
        cmocka_unit_test(ends_where_a_packet_must),
        cmocka_unit_test(starts_alone_with_what_is_special),
        cmocka_unit_test(covers_an_acknowledgement_by_data),
        cmocka_unit_test(does_not_start_with_others),
        cmocka_unit_test(stands_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
