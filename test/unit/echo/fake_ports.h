/* Scripted stand-ins for the seams below the echo logic: time, net, TLS, log, memory, control,
 * watchdog. */
#ifndef FAKE_PORTS_H
#define FAKE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock_port.h"
#include "net_port.h"
#include "tls_port.h"

#define FAKE_STEPS_MAX 64

struct fake_step {
    enum tls_outcome outcome;
    const char *bytes; /* reads: what comes, with OK */
    size_t
        count; /* reads with bytes NULL: that many bytes 'x'; writes: how many are taken, 0: all */
};

/* What the fake session does call by call. Behind the script: handshakes and writes are OK, reads
 * are WANT_READ, closes OK. */
struct fake_script {
    struct fake_step handshake[FAKE_STEPS_MAX];
    struct fake_step read[FAKE_STEPS_MAX];
    struct fake_step write[FAKE_STEPS_MAX];
    struct fake_step close[FAKE_STEPS_MAX];
    enum net_outcome
        drain;          /* what the socket says once the session is closed; NET_OK: NET_CLOSED */
    bool reads_forever; /* behind the script every read is OK with a byte */
    bool has_input;
    bool record_is_begun;
    size_t want_len; /* of every want */
};

/* One address of the host, and what a connect to it comes to: net_connect says begin, and after
 * answers_us net_connect_result says result. */
struct fake_address {
    struct net_address address; /* family NONE ends the list; an empty list: 198.18.0.2 */
    enum net_outcome begin, result;
    uint64_t answers_us;
    unsigned begun; /* calls */
    uint64_t begun_us;
};

struct fake_state {
    uint64_t now_us, cpu_us;
    struct fake_script script;
    unsigned handshakes, reads, writes, closes, shutdowns; /* calls */
    unsigned sessions, sockets;                            /* alive now */
    bool waiting; /* the last write was a want: the next one must be the same */
    const uint8_t *wanted_bytes;
    size_t wanted_len;
    char written[65536]; /* what the peer would have got */
    size_t written_len;
    char log[16384];
    unsigned stop_count;
    unsigned accepts_left;     /* connections that wait to be accepted */
    unsigned waits_left;       /* rounds until stop_count becomes 1 */
    uint64_t last_deadline_us; /* of net_wait */
    uint64_t wait_us;          /* what each net_wait lasts */
    bool waits_to_deadline;    /* ... or it sleeps to its deadline, with nothing ready */
    uint64_t watchdog_us;      /* its timeout */
    unsigned feeds, readies;   /* calls */
    const char *typed;         /* on the console, not taken yet; NULL: nothing */
    size_t typed_len;
    bool input_fails;
    bool restart;
    unsigned log_level;
    struct net_address ip;
    enum net_state net_state;
    struct fake_address addresses[NET_ADDRESSES_MAX];
    struct net_address ip6; /* our own */
    uint64_t ip6_comes_us;  /* ... is not there before */
    struct clock_wall wall;
    unsigned
        set_clock_at_wait; /* the wait, counted from 1, in which somebody sets the clock; 0: none */
    unsigned waits;
    unsigned identity_verify; /* what the rechecks find */
    unsigned session_verify;
    unsigned context_rechecks, session_rechecks; /* calls */
    enum net_outcome listen_outcome;
    uint64_t held_back_us; /* of every socket */
};

extern struct fake_state fake;

/* Everything back to the start, nothing scripted. */
void fake_reset(void);

/* A test's teardown: no session and no socket is left. */
int fake_tear_down(void **state);

/* A socket as accept would give it. */
struct net_socket *fake_socket(void);

/* Types text on the console, which takes it later; borrowed. */
void fake_type(const char *text);

/* How often text is in the log. */
unsigned fake_log_count(const char *text);

#endif
