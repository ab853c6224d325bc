/* The runner of the contract suite: named tests, checks, sweeps and seeded random numbers.
 *
 * A failed check ends its test at once and reports what was being tried, the seed included. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "memory_port.h"
#include "port.h"

struct contract_test {
    const char *name; /* NULL ends a list */
    void (*run)(void);
};

/* One list for each file of tests. */
extern const struct contract_test tls_handshake_tests[], tls_policy_tests[], tls_verify_tests[],
    tls_clock_tests[], tls_context_tests[], tls_misuse_tests[], tls_write_tests[],
    tls_input_tests[], tls_close_tests[], tls_resume_tests[], tls_room_tests[], tls_sweep_tests[],
    tls_memory_tests[], net_connection_tests[], net_end_tests[], net_wait_tests[], net_room_tests[],
    net_stack_tests[], net_ip6_tests[];

struct contract_options {
    const char *filter;      /* only tests whose name contains this; NULL: all */
    uint64_t seed;           /* of every random choice */
    size_t stride;           /* a sweep tries every n-th point; 0: about 24 points in all */
    size_t from;             /* a sweep begins no earlier than here */
    bool lenient_memory;     /* see tls_memory_test.c */
    bool verbose;            /* show the backend's log and what sweeps do */
    const char *wire;        /* "stream" or "loopback": see net_fixture.h */
    unsigned hang_timeout_s; /* a test that says nothing for so long is reported and ends the run */
};

extern struct contract_options contract_options;

/* Runs the tests chosen by the options, or only lists them. Returns the number that failed. */
size_t contract_run(const struct contract_test *const *lists, bool list_only);

/* Says in words what the test is trying now; part of a failure's report. Feeds the hang guard. */
void contract_trying(const char *format, ...) PORT_PRINTF(1, 2);

/* A line of its own in the report, for what a reader should know of a test that passed. */
void contract_remark(const char *format, ...) PORT_PRINTF(1, 2);

/* True if the firmware is built without what (TLS 1.2, RSA, IPv6), which the report then says: a
 * test that is about nothing else has nothing to do. */
bool contract_lacks(const char *what);
extern const bool contract_has_ip6;

/* The checks. Arguments are evaluated once. */
#define CHECK(condition) contract_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(actual, expected)                                                                \
    contract_check_int((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual)
#define CHECK_TEXT(actual, expected)                                                               \
    contract_check_text((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_TLS(actual, expected)                                                                \
    contract_check_tls((int)(actual), (int)(expected), __FILE__, __LINE__, #actual)
#define CHECK_NET(actual, expected)                                                                \
    contract_check_net((int)(actual), (int)(expected), __FILE__, __LINE__, #actual)

void contract_check(bool holds, const char *file, int line, const char *text);
void contract_check_int(long long actual, long long expected, const char *file, int line,
                        const char *text);
void contract_check_text(const char *actual, const char *expected, const char *file, int line,
                         const char *text);
void contract_check_tls(int actual, int expected, const char *file, int line, const char *text);
void contract_check_net(int actual, int expected, const char *file, int line, const char *text);

/* memory_block_count must be what it was before. A library may make things once and keep them: so
 * growth is let pass at first, and the whole test is run again; what grows then is a leak. */
#define CHECK_BLOCKS(before)                                                                       \
    CHECK_INT(contract_is_first_run() ? (before) : memory_block_count(), before)

/* True in the first run of a test. */
bool contract_is_first_run(void);

/* "TLS_WANT_READ", or "not an outcome (17)"; valid until the fourth call after. */
const char *contract_tls_name(int outcome);
const char *contract_net_name(int outcome);

/* A random number below bound (at least 1), from the seed and the test's name. */
uint32_t contract_random(uint32_t bound);

/* The next 64 of the bits that the backends take for entropy: also from the seed and the test's
 * name, so that a failure can be had again. Any thread. */
uint64_t contract_entropy(void);

/* The points of a sweep over 0 .. total - 1: all of them with --all, else a seeded stride.
 *
 *     struct contract_sweep sweep = contract_sweep(total);
 *     for (size_t n; contract_sweep_next(&sweep, &n);) ... */
struct contract_sweep {
    size_t next, step, total;
};

struct contract_sweep contract_sweep(size_t total);
bool contract_sweep_next(struct contract_sweep *sweep, size_t *point);

#endif
