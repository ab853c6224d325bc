/* A bad network of our own: a relay between two Ethernet segments that loses, delays, reorders,
 * duplicates, truncates and corrupts frames, caps the rate and cuts the cable. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock_port.h"
#include "lane.h"
#include "log_port.h"
#include "relay_setting.h"

/* Frames taken from one side before the other gets its turn. */
#define TURN_FRAMES_MAX 64

enum { A, B, SIDES };

struct relay {
    struct link *sides[SIDES];
    struct lane *lanes[SIDES]; /* by the side that their frames come from */
    bool is_cut;
    bool is_stdin_open;
    char command[256];
    size_t command_len;
    uint8_t frame[LINK_FRAME_MAX];
};

static volatile sig_atomic_t stop_asked;

static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

/* ---- Numbers -------------------------------------------------------------------------------- */

static void log_stats(const struct relay *relay)
{
    for (int side = A; side < SIDES; side++) {
        const struct lane_counts *c = &relay->lanes[side]->counts;
        log_event(LOG_LEVEL_INFO, "relay", "stats",
                  "lane=%s frames=%llu bytes=%llu lost=%llu duplicated=%llu reordered=%llu "
                  "truncated=%llu corrupted=%llu cut=%llu overflowed=%llu waiting=%zu",
                  relay->lanes[side]->name, (unsigned long long)c->frames,
                  (unsigned long long)c->bytes, (unsigned long long)c->lost,
                  (unsigned long long)c->duplicated, (unsigned long long)c->reordered,
                  (unsigned long long)c->truncated, (unsigned long long)c->corrupted,
                  (unsigned long long)c->cut, (unsigned long long)c->overflowed,
                  relay->lanes[side]->waiting_count);
    }
}

/* ---- Commands on standard input ------------------------------------------------------------- */

static void set_cut(struct relay *relay, bool is_cut)
{
    relay->is_cut = is_cut;
    if (is_cut) {
        lane_drop_waiting(relay->lanes[A]);
        lane_drop_waiting(relay->lanes[B]);
    }
    log_event(LOG_LEVEL_INFO, "relay", "cable", "state=%s", is_cut ? "down" : "up");
}

static void change_setting(struct relay *relay, const char *name, const char *value)
{
    const struct relay_setting *setting = relay_setting_find(name);
    bool done = setting != NULL && relay_setting_apply(setting, value, &relay->lanes[A]->settings,
                                                       &relay->lanes[B]->settings);
    if (done) {
        log_event(LOG_LEVEL_INFO, "relay", "set", "%s=%s", name, value);
    } else {
        log_event(LOG_LEVEL_ERROR, "relay", "command_failed",
                  "text=\"neither down, up, stats nor a setting with its value\"");
    }
}

static void run_command(struct relay *relay, char *line)
{
    char *rest = NULL;
    const char *word = strtok_r(line, " \t", &rest);
    const char *value = strtok_r(NULL, " \t", &rest);
    if (word == NULL) {
        return;
    }
    if (strcmp(word, "down") == 0 || strcmp(word, "up") == 0) {
        set_cut(relay, strcmp(word, "down") == 0);
    } else if (strcmp(word, "stats") == 0) {
        log_stats(relay);
    } else {
        change_setting(relay, word, value != NULL ? value : "");
    }
}

static void take_byte(struct relay *relay, char byte)
{
    if (byte == '\n') {
        relay->command[relay->command_len] = '\0';
        relay->command_len = 0;
        run_command(relay, relay->command);
    } else if (relay->command_len < sizeof(relay->command) - 1) {
        relay->command[relay->command_len++] = byte;
    }
}

static void read_commands(struct relay *relay)
{
    char bytes[256];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < got; i++) {
        take_byte(relay, bytes[i]);
    }
    relay->is_stdin_open = got > 0 || (got < 0 && errno == EINTR);
}

/* ---- The loop ------------------------------------------------------------------------------- */

static void take_frames(struct relay *relay, int side)
{
    struct link *link = relay->sides[side];
    struct lane *lane = relay->lanes[side];
    size_t len = 0;
    bool is_checked = false; /* never: the frames have to be right where they go to */
    for (int i = 0;
         i < TURN_FRAMES_MAX && link->ops->receive(link, relay->frame, &len, &is_checked); i++) {
        if (relay->is_cut) {
            lane->counts.cut++;
        } else {
            lane_take(lane, relay->frame, len, clock_now_us());
        }
    }
}

static uint64_t send_due(struct relay *relay)
{
    uint64_t now_us = clock_now_us();
    uint64_t a_us = lane_send_due(relay->lanes[A], now_us);
    uint64_t b_us = lane_send_due(relay->lanes[B], now_us);
    return a_us < b_us ? a_us : b_us;
}

/* How long to sleep: until the next frame is due, or a link wants to be looked after. */
static struct timespec time_left(uint64_t due_us, int timeout_ms)
{
    uint64_t now_us = clock_now_us();
    uint64_t left_us = due_us > now_us ? due_us - now_us : 0;
    if (timeout_ms >= 0 && (uint64_t)timeout_ms * 1000 < left_us) {
        left_us = (uint64_t)timeout_ms * 1000;
    }
    return (struct timespec){.tv_sec = (time_t)(left_us / 1000000),
                             .tv_nsec = (long)(left_us % 1000000) * 1000};
}

static int shorter(int a_ms, int b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* Sleeps until there is something to do; signals end only this. */
static void wait_for_work(struct relay *relay, uint64_t due_us, const sigset_t *unblocked)
{
    struct pollfd fds[1 + SIDES * LINK_POLL_MAX] = {
        {.fd = relay->is_stdin_open ? STDIN_FILENO : -1, .events = POLLIN}};
    struct pollfd *next = fds + 1, *first[SIDES];
    size_t counts[SIDES];
    int timeout_ms = -1;
    for (int side = A; side < SIDES; side++) {
        int side_ms = -1;
        first[side] = next;
        counts[side] = relay->sides[side]->ops->prepare(relay->sides[side], next, &side_ms);
        next += counts[side];
        timeout_ms = shorter(timeout_ms, side_ms);
    }
    struct timespec left = time_left(due_us, timeout_ms);
    bool is_endless = due_us == UINT64_MAX && timeout_ms < 0;
    if (ppoll(fds, (nfds_t)(next - fds), is_endless ? NULL : &left, unblocked) < 0) {
        return;
    }
    for (int side = A; side < SIDES; side++) {
        relay->sides[side]->ops->service(relay->sides[side], first[side], counts[side]);
    }
    if (fds[0].revents != 0) {
        read_commands(relay);
    }
}

static void run(struct relay *relay, const sigset_t *unblocked)
{
    while (!stop_asked) {
        wait_for_work(relay, send_due(relay), unblocked);
        take_frames(relay, A);
        take_frames(relay, B);
    }
    lane_drop_waiting(relay->lanes[A]);
    lane_drop_waiting(relay->lanes[B]);
    log_stats(relay);
}

/* ---- Start ---------------------------------------------------------------------------------- */

static void print_help(FILE *out)
{
    fputs("usage: netrelay [options] A B\n\n"
          "Joins two Ethernet segments, badly. A and B: tap:NAME, packet:IFNAME,\n"
          "stream:connect=PATH or stream:listen=PATH, as the firmware's --netif.\n\n"
          "Each setting takes one number for both directions, or two with a comma between:\n"
          "from A to B, and from B to A. Fractions are fine.\n\n",
          out);
    for (const struct relay_setting *s = relay_settings; s->name != NULL; s++) {
        int width = (int)(18 - strlen(s->name));
        fprintf(out, "  --%s %-*s %s\n", s->name, width, s->unit, s->help);
    }
    fputs("  --seed N              of the dice; each direction has its own (default 1)\n"
          "  --trace FILE          what was decided for each frame, a line each\n"
          "  --help                this text\n\n"
          "Standard input: \"down\" and \"up\" cut and mend the cable, \"loss 5\" changes a\n"
          "setting, \"stats\" shows the numbers. SIGTERM ends it.\n\n"
          "  netrelay --loss 5 --reorder 10 --delay 20 tap:tap0 stream:listen=/tmp/wire\n"
          "  tls-echo-server --netif stream:connect=/tmp/wire --ip 198.18.0.2/24\n",
          out);
}

static _Noreturn void die(int status, const char *what, const char *name)
{
    fprintf(stderr, "netrelay: %s: %s (netrelay --help)\n", name, what);
    exit(status);
}

static struct lane *new_lane(const char *name)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    if (lane == NULL) {
        die(EX_OSERR, "no memory", name);
    }
    lane->name = name;
    lane->settings.reorder_by_us = 5000;
    lane->settings.buffer_kbyte = 100;
    return lane;
}

/* The generators start far apart: the second's first state is the first's first number. */
static void seed_lanes(struct relay *relay, const char *text)
{
    char *end = NULL;
    uint64_t seed = strtoull(text, &end, 0);
    if (end == text || *end != '\0') {
        die(EX_USAGE, "not a number", text);
    }
    relay->lanes[A]->dice.state = seed;
    relay->lanes[B]->dice.state = ~seed * UINT64_C(0xd1342543de82ef95);
}

static void open_trace(struct relay *relay, const char *path)
{
    FILE *trace = fopen(path, "we");
    if (trace == NULL) {
        die(EX_CANTCREAT, strerror(errno), path);
    }
    setvbuf(trace, NULL, _IOLBF, 0);
    relay->lanes[A]->trace = relay->lanes[B]->trace = trace;
}

enum { OPTION_SEED = 256, OPTION_TRACE, OPTION_HELP, OPTION_SETTING };

static void apply_option(struct relay *relay, int option, int index, char *value)
{
    switch (option) {
    case OPTION_SEED:
        seed_lanes(relay, value);
        return;
    case OPTION_TRACE:
        open_trace(relay, value);
        return;
    case OPTION_HELP:
        print_help(stdout);
        exit(EX_OK);
    case OPTION_SETTING:
        if (!relay_setting_apply(&relay_settings[index], value, &relay->lanes[A]->settings,
                                 &relay->lanes[B]->settings)) {
            die(EX_USAGE, "not a number in range, or two with a comma", value);
        }
        return;
    default:
        exit(EX_USAGE); /* getopt has said why */
    }
}

static void parse_options(struct relay *relay, int argc, char **argv)
{
    struct option options[32] = {{NULL, 0, NULL, 0}};
    size_t count = 0;
    for (; relay_settings[count].name != NULL; count++) {
        options[count] =
            (struct option){relay_settings[count].name, required_argument, NULL, OPTION_SETTING};
    }
    options[count++] = (struct option){"seed", required_argument, NULL, OPTION_SEED};
    options[count++] = (struct option){"trace", required_argument, NULL, OPTION_TRACE};
    options[count] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    int option = 0, index = 0;
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        apply_option(relay, option, index, optarg);
    }
    if (argc - optind != SIDES) {
        print_help(stderr);
        exit(EX_USAGE);
    }
}

static struct link *open_side(const char *spec)
{
    struct link_config config = {.mac = {0x02, 0x00, 0x5e, 0x00, 0x53, 0x02}};
    char reason[256];
    struct link *link = NULL;
    const struct link_ops *ops = link_find(spec, &config.target, reason, sizeof(reason));
    if (ops == NULL) {
        die(EX_USAGE, reason, spec);
    }
    if (ops->open(&config, &link, reason, sizeof(reason)) != NET_OK) {
        die(EX_OSERR, reason, spec);
    }
    return link;
}

/* Signals come only while the loop sleeps: none is missed between the test and the sleep. */
static void catch_signals(sigset_t *unblocked)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, unblocked);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
    static struct relay relay = {.is_stdin_open = true};
    sigset_t unblocked;
    relay.lanes[A] = new_lane("a_to_b");
    relay.lanes[B] = new_lane("b_to_a");
    seed_lanes(&relay, "1");
    parse_options(&relay, argc, argv);
    catch_signals(&unblocked);
    relay.sides[A] = open_side(argv[optind]);
    relay.sides[B] = open_side(argv[optind + 1]);
    relay.lanes[A]->to = relay.sides[B];
    relay.lanes[B]->to = relay.sides[A];
    log_event(LOG_LEVEL_INFO, "relay", "ready", "a=%s b=%s", argv[optind], argv[optind + 1]);
    run(&relay, &unblocked);
    for (int side = A; side < SIDES; side++) {
        relay.sides[side]->ops->close(relay.sides[side]);
        free(relay.lanes[side]);
    }
    return EX_OK;
}
