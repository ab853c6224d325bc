/* The buffers that data passes through on its way back: a few for many sessions, in order of
 * asking.
 *
 * A session has one from its read to the end of its write, which is one step wherever the transport
 * can tell how much room it has: one buffer then serves all. A session whose write has to wait
 * keeps its buffer meanwhile; when all are kept, others wait in line. */
#ifndef ECHO_BUFFERS_H
#define ECHO_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"
#include "tls_port.h"

/* A full TLS record's content, so that a full record in is a full record out. */
#define ECHO_BUFFER_LEN TLS_CONTENT_MAX

/* More than that are of no use: where the stack can tell its room, none is ever kept. */
#define ECHO_BUFFERS_MAX 4

struct echo_buffer {
    struct echo_buffer *next; /* in the list of free ones */
    uint8_t bytes[ECHO_BUFFER_LEN];
};

/* One who borrows; its owner embeds it, all zero at first. */
struct echo_borrower {
    struct echo_buffer *buffer; /* NULL: has none */
    bool waits;                 /* stands in the line */
    bool was_granted;           /* left the line with a buffer, and has not borrowed it since */
    struct echo_borrower *next; /* in the line */
};

struct echo_buffers {
    struct echo_buffer *all; /* owned */
    struct echo_buffer *free;
    struct echo_borrower *line; /* first come, first served */
    bool has_granted;           /* since somebody last looked, who resets this */
};

/* Makes count (at least one) buffers; false: no memory. */
PORT_MUST_USE bool echo_buffers_open(struct echo_buffers *buffers, unsigned count);
void echo_buffers_close(struct echo_buffers *buffers);

/* True: borrower->buffer is there. False: it waits in line, and will be granted one when its turn
 * comes; asking again does not change its place. */
PORT_MUST_USE bool echo_buffers_borrow(struct echo_buffers *buffers,
                                       struct echo_borrower *borrower);

/* Takes the buffer back, used_len bytes of which are wiped, and grants it to the first in line; or
 * ends the borrower's waiting. Safe on one that has nothing and does not wait. */
void echo_buffers_return(struct echo_buffers *buffers, struct echo_borrower *borrower,
                         size_t used_len);

#endif
