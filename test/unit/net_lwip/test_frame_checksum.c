/* Tests the completion of checksums that a sender left to its hardware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "frame_checksum.h"

#define TCP_START 34
#define TCP_CHECKSUM 16
#define FRAME_LEN 57 /* an odd payload: 3 bytes */

/* Ethernet, IPv4 198.18.0.1 to 198.18.0.2, TCP with "abc"; its checksum is left as 0. */
static void make_frame(uint8_t frame[FRAME_LEN])
{
    static const uint8_t ip[] = {0x45, 0, 0,   43, 0, 1, 0x40, 0,  64, 6,
                                 0,    0, 198, 18, 0, 1, 198,  18, 0,  2};
    static const uint8_t tcp[] = {0x1e, 0x61, 0x80, 0, 0, 0, 0, 1, 0,   0,   0,  2,
                                  0x50, 0x18, 0x7d, 0, 0, 0, 0, 0, 'a', 'b', 'c'};
    memset(frame, 0, FRAME_LEN);
    frame[12] = 0x08;
    memcpy(frame + 14, ip, sizeof(ip));
    memcpy(frame + TCP_START, tcp, sizeof(tcp));
}

/* An independent sum, one byte at a time: of the pseudo-header, and all of the segment if whole. */
static uint16_t reference_sum(const uint8_t *frame, int whole)
{
    uint32_t sum = 6 + FRAME_LEN - TCP_START;
    for (size_t i = 26; i < 34; i++) {
        sum += i % 2 == 0 ? (uint32_t)frame[i] * 256 : frame[i];
    }
    for (size_t i = TCP_START; whole && i < FRAME_LEN; i++) {
        sum += i % 2 == 0 ? (uint32_t)frame[i] * 256 : frame[i];
    }
    while (sum > 0xffff) {
        sum = sum % 0x10000 + sum / 0x10000;
    }
    return (uint16_t)sum;
}

static void put_checksum(uint8_t *frame, uint16_t value)
{
    frame[TCP_START + TCP_CHECKSUM] = (uint8_t)(value >> 8);
    frame[TCP_START + TCP_CHECKSUM + 1] = (uint8_t)value;
}

static void completes_a_marked_frame(void **state)
{
    (void)state;
    uint8_t frame[FRAME_LEN];
    make_frame(frame);
    put_checksum(frame, reference_sum(frame, 0));
    assert_true(frame_checksum_complete(frame, sizeof(frame), TCP_START, TCP_CHECKSUM));
    assert_int_equal(reference_sum(frame, 1), 0xffff); /* what a receiver finds: right */
}

static void refuses_places_outside(void **state)
{
    (void)state;
    static const size_t places[][2] = {{57, 0},  {58, 0},     {34, 22},
                                       {34, 23}, {34, 65535}, {65535, 0}};
    uint8_t frame[FRAME_LEN], before[FRAME_LEN];
    make_frame(frame);
    memcpy(before, frame, sizeof(frame));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        assert_false(frame_checksum_complete(frame, sizeof(frame), places[i][0], places[i][1]));
        assert_memory_equal(frame, before, sizeof(frame));
    }
}

#define TCP6_START 54
#define FRAME6_LEN 77

/* Ethernet, IPv6 2001:db8::1 to 2001:db8::2, TCP with "abc"; its checksum is the pseudo-header's
 * sum: 2 * (2001 + 0db8) + 1 + 2 + 6 + 23. */
static void make_frame6(uint8_t frame[FRAME6_LEN])
{
    static const uint8_t ip[] = {0x60, 0, 0, 0, 0, 23, 6, 64};
    static const uint8_t tcp[] = {0x1e, 0x61, 0x80, 0, 0,    0,    0, 1, 0,   0,   0,  2,
                                  0x50, 0x18, 0x7d, 0, 0x5b, 0x92, 0, 0, 'a', 'b', 'c'};
    memset(frame, 0, FRAME6_LEN);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    memcpy(frame + 14, ip, sizeof(ip));
    for (size_t i = 0; i < 2; i++) {
        memcpy(frame + 22 + 16 * i, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
        frame[37 + 16 * i] = (uint8_t)(1 + i);
    }
    memcpy(frame + TCP6_START, tcp, sizeof(tcp));
}

/* What a receiver finds: ones all over if the checksum is right. */
static uint16_t whole_sum6(const uint8_t *frame)
{
    uint32_t sum = 6 + FRAME6_LEN - TCP6_START;
    for (size_t i = 22; i < FRAME6_LEN; i++) {
        sum += i % 2 == 0 ? (uint32_t)frame[i] * 256 : frame[i];
    }
    while (sum > 0xffff) {
        sum = sum % 0x10000 + sum / 0x10000;
    }
    return (uint16_t)sum;
}

static void completes_an_unmarked_ipv6_frame(void **state)
{
    (void)state;
    uint8_t frame[FRAME6_LEN], before[FRAME6_LEN];
    make_frame6(frame);
    frame_checksum_complete_unmarked(frame, sizeof(frame));
    assert_int_equal(whole_sum6(frame), 0xffff);
    memcpy(before, frame, sizeof(frame));
    frame_checksum_complete_unmarked(frame, sizeof(frame)); /* it is right now */
    assert_memory_equal(frame, before, sizeof(frame));
}

static void leaves_other_ipv6_frames_alone(void **state)
{
    (void)state;
    for (size_t len = 0; len < FRAME6_LEN; len++) { /* cut anywhere */
        uint8_t frame[FRAME6_LEN], before[FRAME6_LEN];
        make_frame6(frame);
        memcpy(before, frame, sizeof(frame));
        frame_checksum_complete_unmarked(frame, len);
        assert_memory_equal(frame, before, sizeof(frame));
    }
    uint8_t frame[FRAME6_LEN], before[FRAME6_LEN];
    make_frame6(frame);
    frame[20] = 44; /* a fragment */
    memcpy(before, frame, sizeof(frame));
    frame_checksum_complete_unmarked(frame, sizeof(frame));
    assert_memory_equal(frame, before, sizeof(frame));
}

static void completes_an_unmarked_frame(void **state)
{
    (void)state;
    uint8_t frame[FRAME_LEN];
    make_frame(frame);
    put_checksum(frame, reference_sum(frame, 0));
    frame_checksum_complete_unmarked(frame, sizeof(frame));
    assert_int_equal(reference_sum(frame, 1), 0xffff);
}

static void leaves_other_frames_alone(void **state)
{
    (void)state;
    uint8_t frame[FRAME_LEN], before[FRAME_LEN];
    for (unsigned kind = 0; kind < 5; kind++) {
        make_frame(frame);
        put_checksum(frame, reference_sum(frame, 0));
        switch (kind) {
        case 0: /* a right checksum */
            put_checksum(frame, 0);
            put_checksum(frame, (uint16_t)~reference_sum(frame, 1));
            break;
        case 1: /* a wrong one: lwIP is to see that */
            put_checksum(frame, 0x1234);
            break;
        case 2: /* a fragment */
            frame[20] |= 0x20;
            break;
        case 3: /* not IPv4 */
            frame[13] = 0x06;
            break;
        default: /* an IP length beyond the frame */
            frame[17] = 44;
            break;
        }
        memcpy(before, frame, sizeof(frame));
        frame_checksum_complete_unmarked(frame, sizeof(frame));
        assert_memory_equal(frame, before, sizeof(frame));
    }
}

/* Nothing outside the frame is read or written, however short it is cut: the sanitizers watch. */
static void stands_any_length(void **state)
{
    (void)state;
    uint8_t whole[FRAME_LEN];
    make_frame(whole);
    put_checksum(whole, reference_sum(whole, 0));
    for (size_t len = 1; len < FRAME_LEN; len++) {
        uint8_t *frame = test_malloc(len);
        memcpy(frame, whole, len);
        frame_checksum_complete_unmarked(frame, len);
        assert_memory_equal(frame, whole, len);
        test_free(frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes_a_marked_frame),
        cmocka_unit_test(refuses_places_outside),
        cmocka_unit_test(completes_an_unmarked_frame),
        cmocka_unit_test(completes_an_unmarked_ipv6_frame),
        cmocka_unit_test(leaves_other_ipv6_frames_alone),
        cmocka_unit_test(leaves_other_frames_alone),
        cmocka_unit_test(stands_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
