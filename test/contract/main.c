/* The contract suite: runs the tests of one TLS backend and one net backend, see README.md. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "guard.h"
#include "net_fixture.h"

/* Defaults of a pair of backends: see CMakeLists.txt. */
#ifndef CONTRACT_WIRE
#define CONTRACT_WIRE "stream"
#endif
#ifndef CONTRACT_LENIENT_MEMORY
#define CONTRACT_LENIENT_MEMORY false
#endif

#define EXIT_TESTS_FAILED 1
#define EXIT_USAGE 64 /* <sysexits.h> */

static const struct contract_test *const lists[] = {
    tls_context_tests, tls_handshake_tests, tls_policy_tests,     tls_verify_tests,
    tls_clock_tests,   tls_misuse_tests,    tls_write_tests,      tls_input_tests,
    tls_close_tests,   tls_resume_tests,    tls_room_tests,       tls_sweep_tests,
    tls_memory_tests,  net_stack_tests,     net_connection_tests, net_end_tests,
    net_wait_tests,    net_room_tests,      net_ip6_tests,        NULL,
};

static const char usage[] =
    "usage: contract_suite [options]\n"
    "  --list            name the tests and end\n"
    "  --filter TEXT     only tests whose name contains TEXT\n"
    "  --seed N          of all random choices (default 1)\n"
    "  --stride N        sweeps try every N-th point (default: about 24 points each)\n"
    "  --all             sweeps try every point\n"
    "  --from N          sweeps begin at their point N\n"
    "  --wire KIND       what joins the two net stacks: stream (a Unix socket with Ethernet\n"
    "                    frames) or loopback (the system's own); default " CONTRACT_WIRE "\n"
    "  --lenient-memory  a library may leak, or say something else, when memory is refused\n"
    "  --strict-memory   it may not\n"
    "  --hang-timeout S  end when one step takes longer (default 120)\n"
    "  --verbose         show the backend's log and each step\n";

struct parsed {
    bool list_only;
    bool help;
};

static bool parse_number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    *out = value;
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

/* An option without a value. False: not one. */
static bool parse_flag(const char *name, struct parsed *parsed)
{
    if (strcmp(name, "--list") == 0) {
        parsed->list_only = true;
    } else if (strcmp(name, "--help") == 0) {
        parsed->help = true;
    } else if (strcmp(name, "--all") == 0) {
        contract_options.stride = 1;
    } else if (strcmp(name, "--lenient-memory") == 0) {
        contract_options.lenient_memory = true;
    } else if (strcmp(name, "--strict-memory") == 0) {
        contract_options.lenient_memory = false;
    } else if (strcmp(name, "--verbose") == 0) {
        contract_options.verbose = true;
    } else {
        return false;
    }
    return true;
}

static bool parse_wire(const char *value)
{
    contract_options.wire = value;
    return strcmp(value, "stream") == 0 || strcmp(value, "loopback") == 0;
}

/* An option with a value. False: not one, or a bad value. */
static bool parse_value(const char *name, const char *value)
{
    uint64_t number = 0;
    if (strcmp(name, "--filter") == 0) {
        contract_options.filter = value;
        return true;
    }
    if (strcmp(name, "--wire") == 0) {
        return parse_wire(value);
    }
    if (!parse_number(value, &number)) {
        return false;
    }
    if (strcmp(name, "--seed") == 0) {
        contract_options.seed = number;
    } else if (strcmp(name, "--stride") == 0) {
        contract_options.stride = (size_t)number;
    } else if (strcmp(name, "--from") == 0) {
        contract_options.from = (size_t)number;
    } else if (strcmp(name, "--hang-timeout") == 0) {
        contract_options.hang_timeout_s = (unsigned)number;
    } else {
        return false;
    }
    return true;
}

static bool parse(int argc, char **argv, struct parsed *parsed)
{
    for (int i = 1; i < argc; ++i) {
        if (parse_flag(argv[i], parsed)) {
            continue;
        }
        if (i + 1 == argc || !parse_value(argv[i], argv[i + 1])) {
            fprintf(stderr, "contract_suite: unknown or malformed option: %s\n", argv[i]);
            return false;
        }
        ++i;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct parsed parsed = {0};
    contract_options.wire = CONTRACT_WIRE;
    contract_options.lenient_memory = CONTRACT_LENIENT_MEMORY;
    if (!parse(argc, argv, &parsed) || parsed.help) {
        fputs(usage, parsed.help ? stdout : stderr);
        return parsed.help ? 0 : EXIT_USAGE;
    }
    guard_start(contract_options.hang_timeout_s);
    size_t failed = contract_run(lists, parsed.list_only);
    fixture_close();
    if (failed > 0) {
        /* A failed test leaves its sessions behind: a leak checker's report would bury the reason.
         */
        (void)fflush(stdout);
        _Exit(EXIT_TESTS_FAILED);
    }
    return 0;
}
