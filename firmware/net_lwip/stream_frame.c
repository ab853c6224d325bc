/* Cuts a byte stream into Ethernet frames. */
#include "stream_frame.h"

#include <string.h>

uint8_t *stream_reader_space(struct stream_reader *reader, size_t *room)
{
    size_t left_len = reader->end - reader->start;
    /* Move what is left to the front, unless the longest frame fits behind it anyway. */
    if (reader->start > STREAM_READER_LEN / 2 || left_len == 0) {
        memmove(reader->bytes, reader->bytes + reader->start, left_len);
        reader->start = 0;
        reader->end = left_len;
    }
    *room = STREAM_READER_LEN - reader->end;
    return reader->bytes + reader->end;
}

void stream_reader_add(struct stream_reader *reader, size_t len)
{
    reader->end += len;
}

static size_t read_header(const uint8_t *header)
{
    return (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
}

enum stream_frame stream_reader_take(struct stream_reader *reader, const uint8_t **frame,
                                     size_t *len)
{
    size_t here_len = reader->end - reader->start;
    if (here_len < STREAM_HEADER_LEN) {
        return STREAM_FRAME_NONE;
    }
    size_t frame_len = read_header(reader->bytes + reader->start);
    if (frame_len == 0 || frame_len > STREAM_FRAME_MAX) {
        return STREAM_FRAME_BAD;
    }
    if (here_len - STREAM_HEADER_LEN < frame_len) {
        return STREAM_FRAME_NONE;
    }
    *frame = reader->bytes + reader->start + STREAM_HEADER_LEN;
    *len = frame_len;
    reader->start += STREAM_HEADER_LEN + frame_len;
    return STREAM_FRAME_OK;
}

void stream_write_header(uint8_t header[STREAM_HEADER_LEN], size_t len)
{
    header[0] = (uint8_t)(len >> 24);
    header[1] = (uint8_t)(len >> 16);
    header[2] = (uint8_t)(len >> 8);
    header[3] = (uint8_t)len;
}
