/* The console: what a person, or a cable's noise, types at a server or a client.
 *
 * Three bytes say whose console it is, in which portions the rest comes in, and how fast. The same
 * bytes are cut into lines beside it, by the line editor alone and all at once: nothing may come of
 * them that no line asked for. */
#define _GNU_SOURCE
#include <string.h>

#include "console_commands.h"
#include "control_port.h"
#include "echo_server_internal.h"
#include "fuzz_doubles.h"
#include "log_port.h"

#define SESSIONS 4
#define CERTIFICATES 2

/* What echo_console.h promises of a flood: so many at once, then one in so many us. */
#define ANSWERS_AT_ONCE 8
#define ANSWERS_EVERY_US 250000U
#define COMPLAINTS_AT_ONCE 3
#define COMPLAINTS_EVERY_US 10000000U

/* Events of the longest answer: help. */
#define EVENTS_MAX 8

enum { MODE_SERVER = 1, MODE_CAN_RESTART = 2, MODE_HAS_IDENTITY = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct fuzz_input typed;
    size_t portion;
    unsigned stops, restarts;
    unsigned answers, complaints; /* events logged */
    uint64_t passed_us;
} run;

/* ---- The seams below ------------------------------------------------------------------------- */

bool control_start_input(void)
{
    return true;
}

size_t control_take_input(char *out)
{
    size_t taken;
    const uint8_t *bytes = fuzz_take_bytes(&run.typed, run.portion, &taken);
    if (taken > 0) {
        memcpy(out, bytes, taken);
    }
    return taken;
}

unsigned control_stop_count(void)
{
    return run.stops;
}

void control_request_stop(void)
{
    run.stops++;
}

void control_request_restart(void)
{
    run.restarts++;
    control_request_stop();
}

void net_get_status(struct net *net, struct net_status *out)
{
    (void)net;
    *out = (struct net_status){.state = NET_STATE_UP, .ip = {.family = NET_FAMILY_IPV4}};
}

void net_get_stats(struct net *net, struct net_stats *out)
{
    (void)net;
    memset(out, 0xff, sizeof(*out));
}

bool tls_certificate_describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    *out = (struct tls_peer_certificate){.subject = "CN=\"\x1b[2J\n\xff", .issuer = "CN=CA"};
    return certificate->len > 0;
}

static void count_event(const char *module, const char *event)
{
    bool complains = strcmp(event, "unknown") == 0 || strcmp(event, "unreadable") == 0;
    FUZZ_CHECK(strcmp(module, CONSOLE_MODULE) == 0);
    run.answers += !complains;
    run.complaints += complains;
}

/* ---- What the lines alone say ---------------------------------------------------------------- */

struct wishes {
    unsigned stops, restarts; /* at most */
};

static void read_line(const struct console_input *editor, struct wishes *wishes)
{
    const char *text = editor->line;
    size_t len = strnlen(text, sizeof(editor->line));
    FUZZ_CHECK(len > 0 && len <= CONSOLE_LINE_MAX);
    for (size_t i = 0; i < len; i++) {
        FUZZ_CHECK(text[i] >= ' ' && text[i] <= '~');
    }
    bool reboots = strcasestr(text, "reboot") != NULL && strcasestr(text, "now") != NULL;
    wishes->restarts += reboots;
    wishes->stops += reboots || strcasestr(text, "drain") != NULL;
}

static struct wishes read_lines(const char *bytes, size_t len)
{
    struct console_input editor = {.len = 0};
    struct wishes wishes = {.stops = 0};
    for (size_t at = 0; at < len;) {
        enum console_line line;
        size_t taken = console_input_feed(&editor, bytes + at, len - at, &line);
        FUZZ_CHECK(taken > 0 && taken <= len - at);
        FUZZ_CHECK(line != CONSOLE_LINE_NONE || taken == len - at);
        at += taken;
        if (line == CONSOLE_LINE_TEXT) {
            read_line(&editor, &wishes);
        }
    }
    return wishes;
}

/* ---- One run --------------------------------------------------------------------------------- */

static void type_all(struct echo_console *console, uint64_t round_us)
{
    run.answers = run.complaints = 0; /* starting is an event too */
    while (run.typed.len > 0 || echo_console_is_busy(console)) {
        echo_console_poll(console);
        fuzz_clock_pass_us(round_us);
        run.passed_us += round_us;
    }
}

static void check_limits(void)
{
    uint64_t answered = ANSWERS_AT_ONCE + run.passed_us / ANSWERS_EVERY_US;
    FUZZ_CHECK(run.answers <= answered * EVENTS_MAX);
    FUZZ_CHECK(run.complaints <= COMPLAINTS_AT_ONCE + run.passed_us / COMPLAINTS_EVERY_US);
}

static void fill_sessions(struct echo_session *sessions, unsigned phases)
{
    static const enum connection_phase all[] = {CONNECTION_NONE, CONNECTION_HANDSHAKE,
                                                CONNECTION_OPEN, CONNECTION_DRAINING};
    for (unsigned i = 0; i < SESSIONS; i++) {
        sessions[i].connection.phase = all[phases >> (2 * i) & 3];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tls_identity identity = {
        .chain = {{(const uint8_t *)"leaf", 4}, {(const uint8_t *)"", 0}},
        .chain_count = CERTIFICATES};
    const struct echo_server_config server_config = {.max_sessions = SESSIONS};
    struct echo_session sessions[SESSIONS] = {{.begin = 0}};
    const struct echo_server server = {.service = {.config = &server_config}, .sessions = sessions};
    struct fuzz_input input = {.bytes = data, .len = size};
    unsigned mode = fuzz_take_byte(&input);
    unsigned portion = fuzz_take_byte(&input), pace = fuzz_take_byte(&input);
    struct wishes wishes = read_lines((const char *)input.bytes, input.len);
    struct echo_console_config config = {
        .is_wanted = true,
        .can_restart = (mode & MODE_CAN_RESTART) != 0,
        .identity = (mode & MODE_HAS_IDENTITY) != 0 ? &identity : NULL,
    };
    struct echo_console console;

    fuzz_doubles_reset();
    fuzz_log_watch(count_event);
    memset(&run, 0, sizeof(run));
    run.typed = input;
    run.portion = portion + 1;
    fill_sessions(sessions, pace);
    echo_console_start(&console, &config, NULL, (mode & MODE_SERVER) != 0 ? &server : NULL);
    type_all(&console, pace * UINT64_C(1000));
    FUZZ_CHECK(run.stops <= wishes.stops && run.restarts <= wishes.restarts);
    FUZZ_CHECK(config.can_restart || run.restarts == 0);
    check_limits();
    return 0;
}
