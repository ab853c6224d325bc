/* A wire in memory between two TLS sessions, on which every fault can be had.
 *
 * It keeps all bytes ever sent, so a test can look at them; what a receiver may see of them is a
 * matter of positions in that stream. Limits hold for each direction, faults of calls for each end.
 * A wire starts without any limit or fault. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls_port.h"

#define WIRE_NO_LIMIT SIZE_MAX

struct wire_direction {
    uint8_t *bytes; /* all that was ever sent */
    size_t bytes_cap;
    size_t sent_len, delivered_len, received_len;
    bool ended; /* the sender has ended the stream */

    size_t capacity;      /* sent and not yet received, at most */
    size_t send_chunk;    /* taken in one call, at most */
    size_t receive_chunk; /* given in one call, at most */
    size_t send_limit;    /* sent in all, at most: want-write from there on */
    size_t receive_limit; /* received in all, at most: want-read from there on */
    size_t cut_at;        /* the receiver sees the end of stream here; the rest is lost */
    size_t flip_at;       /* the byte sent here arrives with one bit flipped */
    bool delayed;         /* what is sent arrives only with wire_deliver */
};

struct wire_end {
    struct tls_transport transport; /* first, so that the end is found from it */
    struct wire *wire;
    struct wire_direction *out, *in;
    size_t call_count;
    size_t reset_at_call; /* the connection is reset in this call, counted from 0 */
    bool want_first;      /* every send and receive is preceded by one that wants */
    bool wanted_send, wanted_receive;
};

struct wire {
    struct wire_direction to_server, to_client;
    struct wire_end client, server;
    bool reset;
    size_t progress;       /* grows whenever a byte moves or a fault happens */
    const char *violation; /* what a backend did that transports do not allow, or NULL */
};

void wire_open(struct wire *wire);
void wire_close(struct wire *wire);

/* From now on both transports tell what is receivable and sendable. The capacity of both directions
 * must then be at least TLS_RECORD_MAX_LEN. */
void wire_tell(struct wire *wire);

/* What a poll would say of an end: can it give, or take, len bytes, or has it ended? */
bool wire_is_readable(const struct wire_end *end, size_t len);
bool wire_is_writable(const struct wire_end *end, size_t len);

/* Ends the stream of what end sends (FIN). */
void wire_end_stream(struct wire_end *end);

/* What is sent to end from now on is taken and lost, as by a host that is gone. */
void wire_drain(struct wire_end *end);

/* Delivers 1 to most bytes to each end that waits for some. False: nothing was under way. */
bool wire_deliver(struct wire *wire, size_t most);

/* Puts bytes on the wire as if end's session had sent them. */
void wire_inject(struct wire_end *end, const uint8_t *bytes, size_t len);

#endif
