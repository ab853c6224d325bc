/* The runner of the contract suite: see contract.h. */
#include "contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "clock_double.h"
#include "guard.h"
#include "memory_double.h"
#include "net_peer.h"
#include "net_port.h"
#include "tls_port.h"

struct contract_options contract_options = {
    .seed = 1,
    .hang_timeout_s = 120,
};

/* The test that runs now. One process runs one test at a time. */
static struct {
    const char *name;
    char trying[256];
    char failure[512];
    bool is_first_run;
    uint64_t random_state;
    _Atomic uint64_t entropy_state;
    jmp_buf out;
} current;

#define AUTO_POINTS 24

/* ---- Checks -----------------------------------------------------------------------------------
 */

static _Noreturn void fail(const char *file, int line, const char *format, ...) PORT_PRINTF(3, 4);

static _Noreturn void fail(const char *file, int line, const char *format, ...)
{
    int len = snprintf(current.failure, sizeof current.failure, "%s:%d: ", file, line);
    va_list args;
    va_start(args, format);
    vsnprintf(current.failure + len, sizeof current.failure - (size_t)len, format, args);
    va_end(args);
    longjmp(current.out, 1);
}

void contract_check(bool holds, const char *file, int line, const char *text)
{
    if (!holds) {
        fail(file, line, "does not hold: %s", text);
    }
}

void contract_check_int(long long actual, long long expected, const char *file, int line,
                        const char *text)
{
    if (actual != expected) {
        fail(file, line, "%s is %lld, expected %lld", text, actual, expected);
    }
}

void contract_check_text(const char *actual, const char *expected, const char *file, int line,
                         const char *text)
{
    if (strcmp(actual, expected) != 0) {
        fail(file, line, "%s is \"%s\", expected \"%s\"", text, actual, expected);
    }
}

void contract_check_tls(int actual, int expected, const char *file, int line, const char *text)
{
    if (actual != expected) {
        fail(file, line, "%s is %s, expected %s", text, contract_tls_name(actual),
             contract_tls_name(expected));
    }
}

void contract_check_net(int actual, int expected, const char *file, int line, const char *text)
{
    if (actual != expected) {
        fail(file, line, "%s is %s, expected %s", text, contract_net_name(actual),
             contract_net_name(expected));
    }
}

static const char *outcome_name(const char *const *names, size_t count, int outcome)
{
    static char other[4][32];
    static unsigned next;
    if (outcome >= 0 && (size_t)outcome < count) {
        return names[outcome];
    }
    char *text = other[next++ % 4];
    snprintf(text, sizeof other[0], "not an outcome (%d)", outcome);
    return text;
}

const char *contract_tls_name(int outcome)
{
    static const char *const names[] = {
        [TLS_OK] = "TLS_OK",
        [TLS_WANT_READ] = "TLS_WANT_READ",
        [TLS_WANT_WRITE] = "TLS_WANT_WRITE",
        [TLS_CLOSED] = "TLS_CLOSED",
        [TLS_TRUNCATED] = "TLS_TRUNCATED",
        [TLS_RESET] = "TLS_RESET",
        [TLS_ALERT] = "TLS_ALERT",
        [TLS_UNTRUSTED] = "TLS_UNTRUSTED",
        [TLS_NO_MEMORY] = "TLS_NO_MEMORY",
        [TLS_MISUSE] = "TLS_MISUSE",
        [TLS_FAILED] = "TLS_FAILED",
    };
    return outcome_name(names, sizeof names / sizeof names[0], outcome);
}

const char *contract_net_name(int outcome)
{
    if (outcome == PEER_TIMED_OUT) {
        return "the peer's deadline";
    }
    if (outcome == PEER_WRONG_BYTES) {
        return "wrong bytes at the peer";
    }
    static const char *const names[] = {
        [NET_OK] = "NET_OK",
        [NET_WANT_READ] = "NET_WANT_READ",
        [NET_WANT_WRITE] = "NET_WANT_WRITE",
        [NET_CLOSED] = "NET_CLOSED",
        [NET_RESET] = "NET_RESET",
        [NET_REFUSED] = "NET_REFUSED",
        [NET_UNREACHABLE] = "NET_UNREACHABLE",
        [NET_TIMED_OUT] = "NET_TIMED_OUT",
        [NET_NOT_FOUND] = "NET_NOT_FOUND",
        [NET_IN_USE] = "NET_IN_USE",
        [NET_NO_MEMORY] = "NET_NO_MEMORY",
        [NET_MISUSE] = "NET_MISUSE",
        [NET_FAILED] = "NET_FAILED",
    };
    return outcome_name(names, sizeof names / sizeof names[0], outcome);
}

bool contract_is_first_run(void)
{
    return current.is_first_run;
}

/* ---- What is being tried ------------------------------------------------------------------------
 */

void contract_trying(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(current.trying, sizeof current.trying, format, args);
    va_end(args);
    guard_feed(current.name, current.trying);
    if (contract_options.verbose) {
        printf("#   %s: %s\n", current.name, current.trying);
    }
}

void contract_remark(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# %s: ", current.name);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* ---- Sweeps and random numbers ------------------------------------------------------------------
 */

/* FNV-1a, so that a test's numbers do not depend on which tests ran before it. */
static uint64_t name_hash(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (; *name != '\0'; ++name) {
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    }
    return hash;
}

/* splitmix64: the output for a state; the next state is this one plus SPLITMIX_STEP. */
#define SPLITMIX_STEP 0x9e3779b97f4a7c15u

static uint64_t splitmix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t contract_random(uint32_t bound)
{
    current.random_state += SPLITMIX_STEP;
    return (uint32_t)(splitmix(current.random_state) >> 32) % bound;
}

uint64_t contract_entropy(void)
{
    return splitmix(atomic_fetch_add(&current.entropy_state, SPLITMIX_STEP));
}

struct contract_sweep contract_sweep(size_t total)
{
    size_t step = contract_options.stride;
    if (step == 0) {
        step = total / AUTO_POINTS;
    }
    if (step == 0) {
        step = 1;
    }
    size_t first = contract_options.from + contract_random((uint32_t)step);
    return (struct contract_sweep){.next = first, .step = step, .total = total};
}

bool contract_sweep_next(struct contract_sweep *sweep, size_t *point)
{
    if (sweep->next >= sweep->total) {
        return false;
    }
    *point = sweep->next;
    sweep->next += sweep->step;
    return true;
}

/* ---- Running ------------------------------------------------------------------------------------
 */

static bool run_once(const struct contract_test *test)
{
    current.name = test->name;
    current.failure[0] = '\0';
    current.random_state = contract_options.seed ^ name_hash(test->name);
    current.entropy_state = ~current.random_state;
    memory_double_reset();
    clock_double_set_wall(CLOCK_2030, CLOCK_SOURCE_SYSTEM);
    contract_trying("%s", "set-up");
    if (setjmp(current.out) != 0) {
        return false;
    }
    test->run();
    return true;
}

/* A library may make things once and keep them: only what a second run leaves too is a leak. One
 * with caches fills them by chance, some in the second run: a leak would be there in every run. */
static bool run_and_count_memory(const struct contract_test *test)
{
    unsigned runs_max = contract_options.lenient_memory ? 6 : 2;
    size_t before = 0;
    size_t after = memory_block_count();
    for (unsigned i = 0; i < runs_max; ++i) {
        current.is_first_run = i == 0;
        before = after;
        if (!run_once(test)) {
            return false;
        }
        after = memory_block_count();
        if (after == before) {
            return true;
        }
    }
    contract_trying("run %u times, everything closed", runs_max);
    snprintf(current.failure, sizeof current.failure,
             "memory_block_count is %zu, it was %zu before the last run: something is not freed",
             after, before);
    return contract_options.lenient_memory && strstr(test->name, "tls_memory_refused") != NULL;
}

static void report(const struct contract_test *test, size_t number, bool passed)
{
    printf("%sok %zu - %s\n", passed ? "" : "not ", number, test->name);
    if (!passed) {
        printf("#   %s\n#   trying: %s\n", current.failure, current.trying);
        printf("#   again with: --filter %s --seed %llu --stride %zu\n", test->name,
               (unsigned long long)contract_options.seed, contract_options.stride);
    }
    fflush(stdout);
}

static bool is_chosen(const struct contract_test *test)
{
    const char *filter = contract_options.filter;
    return filter == NULL || strstr(test->name, filter) != NULL;
}

static bool run_and_report(const struct contract_test *test, size_t number)
{
    bool passed = run_and_count_memory(test);
    guard_rest();
    report(test, number, passed);
    return passed;
}

size_t contract_run(const struct contract_test *const *lists, bool list_only)
{
    size_t passed = 0;
    size_t failed = 0;
    for (; *lists != NULL; ++lists) {
        for (const struct contract_test *test = *lists; test->name != NULL; ++test) {
            if (!is_chosen(test)) {
                continue;
            }
            if (list_only) {
                puts(test->name);
            } else if (run_and_report(test, passed + failed + 1)) {
                ++passed;
            } else {
                ++failed;
            }
        }
    }
    if (!list_only) {
        printf("%zu passed, %zu failed\n", passed, failed);
    }
    return failed;
}
