/* Tests how a byte stream is cut into frames, at every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "stream_frame.h"

static struct stream_reader reader;

static int reset_reader(void **state)
{
    (void)state;
    reader.start = 0;
    reader.end = 0;
    return 0;
}

static void feed(const uint8_t *bytes, size_t len)
{
    size_t room = 0;
    uint8_t *space = stream_reader_space(&reader, &room);
    assert_true(room >= len);
    memcpy(space, bytes, len);
    stream_reader_add(&reader, len);
}

static void expect_frame(const uint8_t *bytes, size_t len)
{
    const uint8_t *frame = NULL;
    size_t frame_len = 0;
    assert_int_equal(stream_reader_take(&reader, &frame, &frame_len), STREAM_FRAME_OK);
    assert_int_equal(frame_len, len);
    assert_memory_equal(frame, bytes, len);
}

static void expect(enum stream_frame outcome)
{
    const uint8_t *frame = NULL;
    size_t len = 0;
    assert_int_equal(stream_reader_take(&reader, &frame, &len), outcome);
}

static void splits_at_every_byte(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd'};
    for (size_t split = 0; split <= sizeof(wire); split++) {
        size_t frames = 0;
        for (size_t part = 0; part < 2; part++) {
            size_t len = part == 0 ? split : sizeof(wire) - split;
            feed(part == 0 ? wire : wire + split, len);
            const uint8_t *frame = NULL;
            size_t frame_len = 0;
            while (stream_reader_take(&reader, &frame, &frame_len) == STREAM_FRAME_OK) {
                assert_int_equal(frame_len, frames == 0 ? 3 : 1);
                assert_int_equal(frame[0], frames == 0 ? 'a' : 'd');
                frames++;
            }
        }
        assert_int_equal(frames, 2);
    }
}

static void takes_one_byte_at_a_time(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0, 0, 0, 2, 'x', 'y'};
    for (size_t i = 0; i < sizeof(wire); i++) {
        expect(STREAM_FRAME_NONE);
        feed(wire + i, 1);
    }
    expect_frame(wire + STREAM_HEADER_LEN, 2);
    expect(STREAM_FRAME_NONE);
}

static void takes_the_longest_frames_for_ever(void **state)
{
    (void)state;
    static uint8_t wire[STREAM_HEADER_LEN + STREAM_FRAME_MAX];
    memset(wire, 0x5a, sizeof(wire));
    stream_write_header(wire, STREAM_FRAME_MAX);
    /* Pieces that never line up with frames: the reader must always find room. */
    size_t sent = 0, frames = 0;
    while (frames < 20) {
        size_t room = 0;
        uint8_t *space = stream_reader_space(&reader, &room);
        assert_true(room >= 1);
        size_t len = room < 7919 ? room : 7919;
        for (size_t i = 0; i < len; i++) {
            space[i] = wire[(sent + i) % sizeof(wire)];
        }
        stream_reader_add(&reader, len);
        sent += len;
        const uint8_t *frame = NULL;
        size_t frame_len = 0;
        while (stream_reader_take(&reader, &frame, &frame_len) == STREAM_FRAME_OK) {
            assert_int_equal(frame_len, STREAM_FRAME_MAX);
            assert_memory_equal(frame, wire + STREAM_HEADER_LEN, frame_len);
            frames++;
        }
    }
}

static void refuses_lengths_out_of_range(void **state)
{
    (void)state;
    static const size_t bad[] = {0, STREAM_FRAME_MAX + 1, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t header[STREAM_HEADER_LEN];
        reset_reader(state);
        stream_write_header(header, bad[i]);
        feed(header, sizeof(header));
        expect(STREAM_FRAME_BAD);
    }
}

static void writes_big_endian_lengths(void **state)
{
    (void)state;
    uint8_t header[STREAM_HEADER_LEN];
    static const uint8_t expected[] = {0x00, 0x01, 0x00, 0x0e};
    stream_write_header(header, 0x1000e);
    assert_memory_equal(header, expected, sizeof(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(splits_at_every_byte, reset_reader),
        cmocka_unit_test_setup(takes_one_byte_at_a_time, reset_reader),
        cmocka_unit_test_setup(takes_the_longest_frames_for_ever, reset_reader),
        cmocka_unit_test_setup(refuses_lengths_out_of_range, reset_reader),
        cmocka_unit_test(writes_big_endian_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
