/* What each of the console's commands does. */
#include "console_commands.h"

#include <stdio.h>
#include <string.h>

#include "control_port.h"
#include "echo_names.h"
#include "echo_server_internal.h"
#include "log_port.h"

#define ANSWER LOG_LEVEL_ANSWER, CONSOLE_MODULE

static void refuse(const char *command, const char *reason)
{
    log_event(ANSWER, "refused", "command=%s reason=\"%s\"", command, reason);
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static void run_stats(struct echo_console *console, const char *argument)
{
    (void)argument;
    server_log_stats(console->server, ANSWER);
}

/* One session a round: a console is slow, and the others must not wait for it. */
static void run_sessions(struct echo_console *console, const char *argument)
{
    (void)argument;
    console->is_listing = true;
    console->next_session = 0;
}

void console_list_session(struct echo_console *console)
{
    const struct echo_server *server = console->server;
    unsigned max = server->service.config->max_sessions;
    while (console->next_session < max) {
        if (server_log_session(server, console->next_session++, ANSWER)) {
            return;
        }
    }
    console->is_listing = false;
    log_event(ANSWER, "sessions", "count=%u max=%u", server_session_count(server), max);
}

static const char *state_name(enum net_state state)
{
    switch (state) {
    case NET_STATE_STARTING:
        return "starting";
    case NET_STATE_UP:
        return "up";
    case NET_STATE_DOWN:
        return "down";
    case NET_STATE_CONFLICT:
        return "conflict";
    }
    return "unknown";
}

static void run_net(struct echo_console *console, const char *argument)
{
    struct net_status status;
    struct net_stats stats;
    char ip[NET_ADDRESS_TEXT_MAX], ip6[NET_ADDRESS_TEXT_MAX];
    (void)argument;
    net_get_status(console->net, &status);
    net_get_stats(console->net, &stats);
    log_event(ANSWER, "net",
              "state=%s ip=%s ip6=%s sockets=%u netconns=%u active_pcbs=%u time_wait_pcbs=%u "
              "half_open=%u syn_dropped=%u heap=%u heap_peak=%u rx_frames=%u tx_frames=%u "
              "rx_dropped=%u",
              state_name(status.state), net_address_text(ip, &status.ip),
              net_address_text(ip6, &status.ip6), stats.sockets, stats.netconns, stats.active_pcbs,
              stats.time_wait_pcbs, stats.half_open, stats.syn_dropped, stats.heap_used_len,
              stats.heap_peak_len, stats.rx_frames, stats.tx_frames, stats.rx_dropped);
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static void log_certificate(size_t index, const struct tls_span *certificate)
{
    struct tls_peer_certificate info;
    char subject[200], issuer[200], sha256[TLS_SHA256_TEXT_MAX];
    if (!tls_certificate_describe(certificate, &info)) {
        log_event(ANSWER, "cert", "index=%zu reason=\"out of memory\"", index);
        return;
    }
    log_event(ANSWER, "cert", "index=%zu subject=%s issuer=%s not_before=%s not_after=%s sha256=%s",
              index, log_quote(subject, sizeof(subject), info.subject),
              log_quote(issuer, sizeof(issuer), info.issuer), info.not_before, info.not_after,
              tls_sha256_text(sha256, info.sha256));
}

static void run_cert(struct echo_console *console, const char *argument)
{
    const struct tls_identity *identity = console->config->identity;
    (void)argument;
    if (identity == NULL || identity->chain_count == 0) {
        refuse("cert", "this client has no certificate of its own");
        return;
    }
    for (size_t i = 0; i < identity->chain_count; i++) {
        log_certificate(i, &identity->chain[i]);
    }
}

/* ---- What changes something ------------------------------------------------------------------ */

static void run_log(struct echo_console *console, const char *argument)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    (void)console;
    for (size_t i = 0; argument != NULL && i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(argument, levels[i]) == 0) {
            log_set_level((enum log_level)i);
            log_event(ANSWER, "log", "level=%s", levels[i]);
            return;
        }
    }
    refuse("log", "type log error, log warn, log info or log debug");
}

static void run_drain(struct echo_console *console, const char *argument)
{
    (void)console, (void)argument;
    log_event(ANSWER, "drain", "stops=%u", control_stop_count() + 1);
    control_request_stop();
}

/* Two words, so that no single one by chance or mistake ends all sessions. */
static void run_reboot(struct echo_console *console, const char *argument)
{
    if (!console->config->can_restart) {
        refuse("reboot", "this board runs more than this program: use drain");
    } else if (argument == NULL || strcmp(argument, "now") != 0) {
        refuse("reboot", "this ends all sessions and restarts the board: type reboot now");
    } else {
        log_event(ANSWER, "reboot", "stops=%u", control_stop_count() + 1);
        control_request_restart();
    }
}

/* ---- The table ------------------------------------------------------------------------------- */

static void run_help(struct echo_console *console, const char *argument);

static const struct console_command commands[] = {
    {"help", NULL, false, "lists the commands", run_help},
    {"stats", NULL, true, "counts sessions, connections, memory and bytes", run_stats},
    {"sessions", NULL, true, "lists the sessions", run_sessions},
    {"net", NULL, false, "shows the address, the link and the IP stack's numbers", run_net},
    {"cert", NULL, false, "shows the own certificates", run_cert},
    {"log", "error|warn|info|debug", false, "sets how much is logged", run_log},
    {"drain", NULL, false, "ends all sessions in order, then the program; twice: at once",
     run_drain},
    {"reboot", "now", false, "the same, then restarts the board", run_reboot},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static bool belongs(const struct console_command *command, const struct echo_console *console)
{
    return !command->is_server_only || console->server != NULL;
}

static void run_help(struct echo_console *console, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct console_command *command = &commands[i];
        char takes[64] = "";
        if (!belongs(command, console)) {
            continue;
        }
        if (command->argument != NULL) {
            (void)snprintf(takes, sizeof(takes), " takes=%s", command->argument);
        }
        log_event(ANSWER, "help", "command=%s%s does=\"%s\"", command->name, takes, command->help);
    }
}

const struct console_command *console_command_find(const struct echo_console *console,
                                                   const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0 && belongs(&commands[i], console)) {
            return &commands[i];
        }
    }
    return NULL;
}
