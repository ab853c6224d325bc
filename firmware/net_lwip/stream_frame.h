/* Cuts a byte stream into Ethernet frames, each with a 32-bit big-endian length before it: the wire
 * format of QEMU's "-netdev stream" and of passt. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_HEADER_LEN 4
#define STREAM_FRAME_MAX 65550 /* a length above this, or of 0, is no frame */

/* Room for one frame whole and most of a second: then a read takes many small ones at once. */
#define STREAM_READER_LEN (2 * (STREAM_HEADER_LEN + STREAM_FRAME_MAX))

/* Bytes that came and are not yet taken. All zero is a reader that has nothing. */
struct stream_reader {
    size_t start; /* of the first byte not yet taken */
    size_t end;   /* of the bytes that came */
    uint8_t bytes[STREAM_READER_LEN];
};

/* Where to put the next bytes of the stream. *room is at least 1 if all frames were taken before
 * (NONE came back). They are no longer valid. */
uint8_t *stream_reader_space(struct stream_reader *reader, size_t *room);

/* Says that len bytes were put there. */
void stream_reader_add(struct stream_reader *reader, size_t len);

enum stream_frame { STREAM_FRAME_NONE, STREAM_FRAME_OK, STREAM_FRAME_BAD };

/* Takes the next frame. OK: *frame, *len bytes, valid until stream_reader_space. NONE: more bytes
 * are needed. BAD: this is not the format; nothing after it can be trusted. */
enum stream_frame stream_reader_take(struct stream_reader *reader, const uint8_t **frame,
                                     size_t *len);

/* Writes the header of a frame of len bytes. */
void stream_write_header(uint8_t header[STREAM_HEADER_LEN], size_t len);

#endif
