/* The load generator's parts: options, one stream, the loads, and the report. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

/* ---- Options (load.c) ---- */

struct load_options {
    const char *load; /* "handshakes", "bulk" or "ping" */
    const char *host; /* IPv4 address */
    uint16_t port;
    const char *ca;    /* file with the CA that the server's certificate must come from */
    const char *name;  /* that stands in the server's certificate */
    const char *tls;   /* "1.2", "1.3", or "none": bare TCP */
    const char *group; /* "X25519", "P-256" */
    const char *cipher;
    bool resumed;   /* handshakes: by ticket */
    bool any_reply; /* handshakes: the server answers, but does not echo */
    unsigned sessions;
    unsigned in_flight; /* ping: messages under way at a time, one a session; 0: in all */
    size_t size;        /* of a message, in bytes */
    double seconds;     /* that the measured part lasts; 0: it has none */
    unsigned count_max; /* handshakes or messages; the load ends earlier then */
    unsigned limit_s;   /* after which the program gives up */
};

/* ---- Time and ending (load.c) ---- */

double load_now_s(void);
/* CPU time of this program, so far and when it was ready. */
double load_cpu_s(void);
double load_ready_cpu_s(void);

/* Reports {"event": "failed"} with these words, and exits. */
void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Says {"event": "ready"} and waits for a line on standard input: what came before is not measured.
 */
void load_ready(void);

/* Waits for another line, or its end, while the sessions stay open. */
void load_linger(void);

/* ---- Streams (load_stream.c) ---- */

struct load_context {
    const struct load_options *options;
    struct ssl_ctx_st *ssl;         /* NULL: bare TCP */
    struct ssl_session_st *session; /* the newest ticket, or NULL */
};

struct load_stream {
    int fd;
    struct ssl_st *ssl; /* NULL: bare TCP */
};

/* The context is borrowed by the streams. Fails the program. */
void load_context_open(struct load_context *context, const struct load_options *options);
void load_context_close(struct load_context *context);

/* Connects and shakes hands; resume: with the newest ticket. Blocking, for seconds at most. Fails
 * the program. */
void load_stream_open(struct load_context *context, struct load_stream *out, bool resume);
/* Bytes moved, 0: not now (a non-blocking stream), -1: the stream ended. */
ssize_t load_stream_read(struct load_stream *stream, void *buf, size_t cap);
ssize_t load_stream_write(struct load_stream *stream, const void *bytes, size_t len);
/* One message there and back, blocking. Fails the program if it comes back changed. */
void load_stream_echo(struct load_stream *stream, const void *message, void *reply, size_t len);
void load_stream_set_nonblocking(struct load_stream *stream);
/* True if the last handshake was a resumption. */
bool load_stream_is_resumed(const struct load_stream *stream);
/* Ends TLS in order, waits for the peer to do so, and closes. False: the peer did not end in order.
 */
bool load_stream_finish(struct load_stream *stream);
/* Closes without a word. */
void load_stream_drop(struct load_stream *stream);

/* ---- What was measured (load_report.c) ---- */

struct load_result {
    double seconds;
    uint64_t count; /* handshakes or messages */
    uint64_t bytes; /* that came back */
    uint64_t resumed;
    uint64_t unclean; /* handshakes whose session the server did not end in order */
    float *latencies_us;
    size_t latency_count;
    char version[16], cipher[48], group[24]; /* as negotiated */
};

/* What the first stream negotiated; a stream of bare TCP leaves them empty. */
void load_result_note(struct load_result *result, const struct load_stream *stream);
/* Keeps one latency, unless there are too many. */
void load_result_add_latency(struct load_result *result, double seconds);
/* One line of JSON on standard output: {"event": "done", ...}. */
void load_result_print(struct load_result *result);

/* ---- Loads: each measures between load_ready and its return ---- */

void load_handshakes(struct load_context *context, struct load_result *result);
void load_bulk(struct load_context *context, struct load_result *result);
void load_ping(struct load_context *context, struct load_result *result);

#endif
