/* bench_load: the neutral load generator, on OpenSSL. It loads one server in one way and prints
 * what it saw as lines of JSON.
 *
 *   bench_load LOAD --host ADDR --port N [options]
 *
 *   handshakes  connect, handshake, 16 bytes there and back, close; one after the other
 *   bulk        one session, messages sent and read at the same time
 *   ping        sessions with at most one message under way in each
 *
 * It says {"event": "ready"} when all is set up, measures after a line on standard input, says
 * {"event": "done", ...}, and keeps its sessions until the next line. What goes wrong ends it with
 * {"event": "failed", "reason": ...} and status 1. */
#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double load_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void load_fail(const char *format, ...)
{
    char text[400];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '"' || *at == '\\' || *at < ' ' ? '\'' : *at;
    }
    printf("{\"event\": \"failed\", \"reason\": \"%s\"}\n", text);
    fflush(stdout);
    _exit(1);
}

static void wait_line(void)
{
    int letter;
    do {
        letter = getchar();
    } while (letter != '\n' && letter != EOF);
}

static double ready_cpu_s;

double load_ready_cpu_s(void)
{
    return ready_cpu_s;
}

void load_ready(void)
{
    puts("{\"event\": \"ready\"}");
    fflush(stdout);
    wait_line();
    ready_cpu_s = load_cpu_s();
}

void load_linger(void)
{
    wait_line();
}

/* Only what may be called in a signal handler. */
static void time_over(int number)
{
    static const char words[] = "{\"event\": \"failed\", \"reason\": \"it took too long\"}\n";
    (void)number;
    ssize_t written = write(STDOUT_FILENO, words, sizeof words - 1);
    (void)written;
    _exit(1);
}

/* ---- Options ---- */

enum {
    OPTION_HOST = 1,
    OPTION_PORT,
    OPTION_CA,
    OPTION_NAME,
    OPTION_TLS,
    OPTION_GROUP,
    OPTION_CIPHER,
    OPTION_RESUMED,
    OPTION_ANY_REPLY,
    OPTION_SESSIONS,
    OPTION_IN_FLIGHT,
    OPTION_SIZE,
    OPTION_SECONDS,
    OPTION_COUNT_MAX,
    OPTION_LIMIT,
};

static const struct option known[] = {{"host", required_argument, NULL, OPTION_HOST},
                                      {"port", required_argument, NULL, OPTION_PORT},
                                      {"ca", required_argument, NULL, OPTION_CA},
                                      {"name", required_argument, NULL, OPTION_NAME},
                                      {"tls", required_argument, NULL, OPTION_TLS},
                                      {"group", required_argument, NULL, OPTION_GROUP},
                                      {"cipher", required_argument, NULL, OPTION_CIPHER},
                                      {"resumed", no_argument, NULL, OPTION_RESUMED},
                                      {"any-reply", no_argument, NULL, OPTION_ANY_REPLY},
                                      {"sessions", required_argument, NULL, OPTION_SESSIONS},
                                      {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
                                      {"size", required_argument, NULL, OPTION_SIZE},
                                      {"seconds", required_argument, NULL, OPTION_SECONDS},
                                      {"count-max", required_argument, NULL, OPTION_COUNT_MAX},
                                      {"limit", required_argument, NULL, OPTION_LIMIT},
                                      {NULL, 0, NULL, 0}};

static double parse_number(const char *text, double least, double most)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= least && number <= most)) {
        load_fail("%s: must be a number from %g to %g", text, least, most);
    }
    return number;
}

/* False: a number is asked for. */
static bool take_word(struct load_options *options, int option, const char *word)
{
    const char **const words[] = {
        [OPTION_HOST] = &options->host,   [OPTION_CA] = &options->ca,
        [OPTION_NAME] = &options->name,   [OPTION_TLS] = &options->tls,
        [OPTION_GROUP] = &options->group, [OPTION_CIPHER] = &options->cipher};
    if ((size_t)option >= sizeof words / sizeof words[0] || words[option] == NULL) {
        return false;
    }
    *words[option] = word;
    return true;
}

static void take_number(struct load_options *options, int option, const char *text)
{
    switch (option) {
    case OPTION_PORT:
        options->port = (uint16_t)parse_number(text, 1, UINT16_MAX);
        break;
    case OPTION_SESSIONS:
        options->sessions = (unsigned)parse_number(text, 1, 4000);
        break;
    case OPTION_IN_FLIGHT:
        options->in_flight = (unsigned)parse_number(text, 0, 4000);
        break;
    case OPTION_SIZE:
        options->size = (size_t)parse_number(text, 1, 65536);
        break;
    case OPTION_SECONDS:
        options->seconds = parse_number(text, 0, 3600);
        break;
    case OPTION_COUNT_MAX:
        options->count_max = (unsigned)parse_number(text, 1, 1e9);
        break;
    default:
        options->limit_s = (unsigned)parse_number(text, 1, 4000);
        break;
    }
}

static void take_option(struct load_options *options, int option, const char *value)
{
    if (option == '?') {
        load_fail("there is a wrong option");
    } else if (option == OPTION_RESUMED) {
        options->resumed = true;
    } else if (option == OPTION_ANY_REPLY) {
        options->any_reply = true;
    } else if (!take_word(options, option, value)) {
        take_number(options, option, value);
    }
}

static void parse_options(struct load_options *options, int argc, char *argv[])
{
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        take_option(options, option, optarg);
    }
    if (optind + 1 != argc || options->host == NULL || options->port == 0) {
        load_fail("usage: bench_load handshakes|bulk|ping --host ADDR --port N [options]");
    }
    options->load = argv[optind];
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*run)(struct load_context *context, struct load_result *result);
    } loads[] = {{"handshakes", load_handshakes}, {"bulk", load_bulk}, {"ping", load_ping}};
    struct load_options options = {.tls = "1.3",
                                   .group = "X25519",
                                   .sessions = 1,
                                   .size = 16,
                                   .seconds = 1,
                                   .count_max = 1000000000,
                                   .limit_s = 60};
    struct load_context context = {.ssl = NULL};
    struct load_result result = {.count = 0};
    parse_options(&options, argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGALRM, time_over);
    alarm(options.limit_s);
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        if (strcmp(loads[i].name, options.load) == 0) {
            load_context_open(&context, &options);
            loads[i].run(&context, &result);
            load_context_close(&context);
            return EXIT_SUCCESS;
        }
    }
    load_fail("there is no load \"%s\"", options.load);
}
