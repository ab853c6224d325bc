/* One set of record buffers for all sessions of a context, and the little that outlasts a call.
 *
 * The library keeps two buffers of 16 KB for each session. But one thread makes one call at a time,
 * and between two calls there is next to nothing in them: the counter of incoming records, perhaps
 * the header of the next one. So the buffers belong to the context; each call puts back what the
 * last one left, and keeps aside what the next one needs.
 *
 * Knows private fields of the library, like internals.c. */
#include "common.h"
#include "ssl_misc.h"

#include <string.h>

#include "backend.h"
#include "mbedtls/platform.h"

struct record_buffers {
    unsigned char in[MBEDTLS_SSL_IN_BUFFER_LEN];
    unsigned char out[MBEDTLS_SSL_OUT_BUFFER_LEN];
    unsigned char flight[FLIGHT_CAP];
};

struct record_buffers *record_buffers_new(void)
{
    return mbedtls_calloc(1, sizeof(struct record_buffers));
}

void record_buffers_free(struct record_buffers *buffers)
{
    mbedtls_free(buffers);
}

size_t record_buffers_len(void)
{
    return sizeof(struct record_buffers);
}

int record_buffers_setup(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config,
                         struct record_buffers *buffers)
{
    ssl->in_buf = buffers->in;
    ssl->out_buf = buffers->out;
    return mbedtls_ssl_setup(ssl, config);
}

uint8_t *record_buffers_flight(struct record_buffers *buffers)
{
    return buffers->flight;
}

void record_buffers_take_back(mbedtls_ssl_context *ssl)
{
    ssl->in_buf = NULL;
    ssl->out_buf = NULL;
}

/* ---- What is in them ------------------------------------------------------------------------- */

static const unsigned char *later(const unsigned char *a, const unsigned char *b)
{
    return a > b ? a : b;
}

/* Bytes at the front of the input buffer that the next call needs. The first eight count the
 * records; a handshake message in several records is put together where it lies. */
static size_t input_len(const mbedtls_ssl_context *ssl)
{
    const unsigned char *end = ssl->in_buf + MBEDTLS_SSL_SEQUENCE_NUMBER_LEN;
    if (ssl->in_left > 0 || ssl->badmac_seen_or_in_hsfraglen > 0) {
        end = later(end, ssl->in_hdr + ssl->in_left);
    }
    if (mbedtls_ssl_check_pending(ssl) != 0) {
        const unsigned char *rest = ssl->in_offt != NULL ? ssl->in_offt : ssl->in_msg;
        end = later(end, rest + ssl->in_msglen);
    }
    return (size_t)(end - ssl->in_buf);
}

/* Sealed bytes that the transport has not taken. */
static unsigned char *output(const mbedtls_ssl_context *ssl)
{
    return ssl->out_hdr - ssl->out_left;
}

/* ---- From call to call ----------------------------------------------------------------------- */

static unsigned char *kept_bytes(struct kept *kept)
{
    return kept->block != NULL ? kept->block : kept->head;
}

void record_buffers_begin(mbedtls_ssl_context *ssl, struct kept *kept, struct wire *wire)
{
    const unsigned char *bytes = kept_bytes(kept);
    struct flight *flight = &wire->flight;
    memcpy(ssl->in_buf, bytes, kept->in_len);
    wire->used.in_end = ssl->in_buf + kept->in_len;
    wire->used.out_end = ssl->out_buf;
    if (ssl->out_left > 0) {
        memcpy(output(ssl), bytes + kept->in_len, ssl->out_left);
        wire->used.out_end = ssl->out_hdr;
    }
    memcpy(flight->bytes, bytes + kept->in_len + ssl->out_left, flight->len);
    wire->used.flight_end = flight->bytes + flight->len;
    mbedtls_free(kept->block);
    *kept = (struct kept){.in_len = 0};
}

static bool keep(const mbedtls_ssl_context *ssl, struct kept *kept, const struct flight *flight)
{
    kept->in_len = input_len(ssl);
    size_t len = kept->in_len + ssl->out_left + flight->len;
    if (len > sizeof(kept->head)) {
        kept->block = mbedtls_calloc(1, len);
        if (kept->block == NULL) {
            kept->in_len = 0;
            return false;
        }
    }
    memcpy(kept_bytes(kept), ssl->in_buf, kept->in_len);
    if (ssl->out_left > 0) {
        memcpy(kept_bytes(kept) + kept->in_len, output(ssl), ssl->out_left);
    }
    memcpy(kept_bytes(kept) + kept->in_len + ssl->out_left, flight->bytes, flight->len);
    return true;
}

/* From buf to end, but all of it if end is not known to be the last byte that was used. */
static void wipe(unsigned char *buf, size_t cap, const unsigned char *end)
{
    size_t len = end != NULL ? (size_t)(end - buf) : cap;
    mbedtls_platform_zeroize(buf, len);
}

bool record_buffers_end(mbedtls_ssl_context *ssl, struct kept *kept, struct wire *wire)
{
    struct flight *flight = &wire->flight;
    bool done = keep(ssl, kept, flight);
    if (!done) {
        ssl->in_left = 0;
        ssl->out_left = 0;
        flight->len = 0;
    }
    wipe(ssl->in_buf, MBEDTLS_SSL_IN_BUFFER_LEN, wire->used.in_end);
    wipe(ssl->out_buf, MBEDTLS_SSL_OUT_BUFFER_LEN, wire->used.out_end);
    wipe(flight->bytes, FLIGHT_CAP, wire->used.flight_end);
    return done;
}
