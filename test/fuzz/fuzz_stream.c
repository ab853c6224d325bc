/* The framing of stream: netifs, fed in pieces: the frames must be those of a reader that sees all
 * at once. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_doubles.h"
#include "stream_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a reader of the whole stream would be. */
struct reference {
    const uint8_t *bytes;
    size_t len;
};

/* The next frame of the reference; false: there is no whole one, or nonsense. */
static bool reference_take(struct reference *reference, const uint8_t **frame, size_t *len)
{
    if (reference->len < STREAM_HEADER_LEN) {
        return false;
    }
    const uint8_t *at = reference->bytes;
    *len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (*len == 0 || *len > STREAM_FRAME_MAX || *len > reference->len - STREAM_HEADER_LEN) {
        return false;
    }
    *frame = at + STREAM_HEADER_LEN;
    reference->bytes += STREAM_HEADER_LEN + *len;
    reference->len -= STREAM_HEADER_LEN + *len;
    return true;
}

static bool take_frames(struct stream_reader *reader, struct reference *reference)
{
    const uint8_t *frame = NULL, *wanted = NULL;
    size_t len = 0, wanted_len = 0;
    enum stream_frame got;
    while ((got = stream_reader_take(reader, &frame, &len)) == STREAM_FRAME_OK) {
        FUZZ_CHECK(reference_take(reference, &wanted, &wanted_len));
        FUZZ_CHECK(len == wanted_len && memcmp(frame, wanted, len) == 0);
    }
    return got == STREAM_FRAME_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.bytes = data, .len = size};
    size_t piece_max = 1 + (size_t)fuzz_take_byte(&input) * 16u;
    struct reference reference = {.bytes = input.bytes, .len = input.len};
    struct stream_reader *reader = calloc(1, sizeof(*reader));
    bool go_on = true;
    FUZZ_CHECK(reader != NULL);
    while (go_on && input.len > 0) {
        size_t room = 0, taken;
        uint8_t *space = stream_reader_space(reader, &room);
        FUZZ_CHECK(room > 0);
        const uint8_t *piece = fuzz_take_bytes(&input, room < piece_max ? room : piece_max, &taken);
        memcpy(space, piece, taken);
        stream_reader_add(reader, taken);
        go_on = take_frames(reader, &reference);
    }
    free(reader);
    return 0;
}
