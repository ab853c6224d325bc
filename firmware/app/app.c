/* Brings the parts of the firmware together. */
#include "app.h"

#include <string.h>

#include "board.h"
#include "clock_port.h"
#include "control_port.h"
#include "cpu_port.h"
#include "echo_client.h"
#include "echo_server.h"
#include "identity.h"
#include "interface_mac.h"
#include "mac.h"
#include "memory.h"
#include "memory_plan.h"
#include "pages.h"
#include "sandbox.h"
#include "selfcheck.h"
#include "time_policy.h"
#include "watchdog_port.h"

/* From our close_notify to the peer's FIN. A server's slot is worth more than a slow peer's FIN:
 * what is queued then still goes out. A client has nothing better to do than to wait for the
 * server's close_notify. */
#define SERVER_CLOSE_TIMEOUT_MS 1000
#define CLIENT_CLOSE_TIMEOUT_MS 5000

/* What a run holds; everything is ended in the opposite order. */
struct app {
    const struct options *options;
    struct identity identity;
    struct net *net;
    struct tls_context *context;
    unsigned clock_steps; /* of the wall clock, by which the identity was checked */
};

/* ---- What the log says */

void app_print_version(FILE *out)
{
    (void)fprintf(out, "tls-echo %s (board %s, TLS %s, net %s)\n", APP_VERSION, board.name,
                  tls_library_version(), APP_NET_BACKEND);
}

void app_log_boot(const struct options *options)
{
    char tls[96];
    log_event(LOG_LEVEL_INFO, "app", "boot", "version=%s board=%s program=%s tls=%s net=%s",
              APP_VERSION, board.name, options_program_name(options),
              log_quote(tls, sizeof(tls), tls_library_version()), APP_NET_BACKEND);
}

static const char *status_word(enum exit_status status)
{
    switch (status) {
    case EXIT_STATUS_OK:
        return "ok";
    case EXIT_STATUS_USAGE:
        return "usage";
    case EXIT_STATUS_BAD_BLOB:
        return "bad_blob";
    case EXIT_STATUS_NO_CONNECTION:
        return "no_connection";
    case EXIT_STATUS_INTERNAL:
        return "internal";
    case EXIT_STATUS_NETIF:
        return "netif";
    case EXIT_STATUS_ECHO:
        return "echo";
    case EXIT_STATUS_DEADLINE:
        return "deadline";
    case EXIT_STATUS_TLS:
        return "tls";
    case EXIT_STATUS_UNTRUSTED:
        return "untrusted";
    case EXIT_STATUS_CONFIG:
        return "config";
    }
    return "internal";
}

void app_log_shutdown(const struct options *options, enum exit_status status)
{
    log_event(status == EXIT_STATUS_OK ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "app", "shutdown",
              "program=%s status=%d reason=%s", options_program_name(options), (int)status,
              status_word(status));
}

/* ---- Steps, in the order they are taken */

/* First of all, so that a start that hangs is ended too. A board that runs nothing else goes on
 * without: to restart for ever for want of a watchdog helps nobody. */
static enum exit_status open_watchdog(const struct options *options)
{
    char reason[192], quoted[224];
    if (watchdog_open((uint32_t)options->watchdog_s, reason, sizeof(reason))) {
        return EXIT_STATUS_OK;
    }
    bool was_asked = options_source(options, "watchdog") != OPTION_DEFAULT;
    log_event(was_asked ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "app", "watchdog_failed",
              "seconds=%u reason=%s", (unsigned)options->watchdog_s,
              log_quote(quoted, sizeof(quoted), reason));
    return options->is_whole_system ? EXIT_STATUS_OK : EXIT_STATUS_CONFIG;
}

/* What was copied, or is not wanted at all, need not lie in memory a second time. */
static void discard_embedded(void)
{
    if (!pages_discard(cert_blob_embedded(), CERT_BLOB_CAPACITY)) {
        log_event(LOG_LEVEL_DEBUG, "app", "blob_stays", "reason=\"pages larger than its section\"");
    }
}

static enum exit_status check_identity(struct app *app, struct selfcheck_report *report)
{
    char reason[256];
    if (!identity_load(app->options->certs_path, &app->identity, reason, sizeof(reason))) {
        return selfcheck_fail_blob(reason, app->options->certs_path != NULL);
    }
    discard_embedded();
    enum exit_status status = time_policy_start(app->options, app->identity.blob.made_s);
    if (status != EXIT_STATUS_OK) {
        return status;
    }
    app->clock_steps = clock_wall().steps;
    return selfcheck_identity(app->options->role, &app->identity.blob, report);
}

static enum tls_suite_order choose_suite_order(void)
{
    bool aes = cpu_has_aes();
    log_event(LOG_LEVEL_INFO, "app", "cpu", "suite_order=%s aes=%d", aes ? "aes" : "chacha", aes);
    return aes ? TLS_SUITE_ORDER_AES_FIRST : TLS_SUITE_ORDER_CHACHA_FIRST;
}

static bool choose_mac(const struct options *options, uint8_t mac[6], const char **why)
{
    static const uint8_t none[6];
    *why = "no random bytes for a hardware address: give one with --mac";
    if (options->mac_of_interface) {
        *why = "--mac interface: there is no such interface, or it has no hardware address";
        return interface_read_mac(options->netif + strlen("packet:"), mac);
    }
    if (memcmp(options->mac, none, sizeof(none)) == 0) {
        return mac_derive(options->role, mac);
    }
    memcpy(mac, options->mac, sizeof(options->mac));
    return true;
}

static enum exit_status log_net_failure(const char *netif, enum net_outcome outcome,
                                        const char *reason)
{
    char quoted_netif[160], quoted_reason[256];
    log_event(LOG_LEVEL_ERROR, "net", "netif_failed", "netif=%s reason=%s",
              log_quote(quoted_netif, sizeof(quoted_netif), netif),
              log_quote(quoted_reason, sizeof(quoted_reason), reason));
    return outcome == NET_NO_MEMORY ? EXIT_STATUS_INTERNAL : EXIT_STATUS_NETIF;
}

static bool enter_sandbox(void *arg)
{
    static const char listening_stream[] = "stream:listen=";
    const struct app *app = arg;
    struct sandbox_plan plan = {
        .mode = (enum sandbox_mode)app->options->sandbox,
        .keep_user = strncmp(app->options->netif, listening_stream, strlen(listening_stream)) == 0,
        .keep_clock = app->options->is_whole_system,
    };
    return sandbox_enter(&plan);
}

static void take_addresses(const struct options *options, struct net_config *config)
{
    config->ip_mode = options->ip_mode;
    config->prefix_len = options->prefix_len;
    memcpy(config->ip, options->ip, sizeof(config->ip));
    memcpy(config->gateway, options->gateway, sizeof(config->gateway));
    memcpy(config->dns, options->dns, sizeof(config->dns));
    config->ip6_mode = options->ip6_mode;
    config->ip6_prefix_len = options->ip6_prefix_len;
    memcpy(config->ip6, options->ip6, sizeof(config->ip6));
}

/* Asked to end before there was a loop that could. */
static enum exit_status log_interrupted(const struct options *options, const char *phase)
{
    log_event(LOG_LEVEL_WARN, "app", "interrupted", "phase=%s", phase);
    return options->role == TLS_SERVER ? EXIT_STATUS_OK : EXIT_STATUS_ECHO;
}

/* OK without a net: asked to end meanwhile. */
static enum exit_status open_net(struct app *app)
{
    const struct options *options = app->options;
    struct net_config config = {.opened = enter_sandbox,
                                .opened_arg = app,
                                .netif = options->netif,
                                .time_server = options->sntp};
    char reason[224];
    const char *no_mac;
    take_addresses(options, &config);
    if (!choose_mac(options, config.mac, &no_mac)) {
        return log_net_failure(options->netif, NET_FAILED, no_mac);
    }
    config.host_name = options->hostname;
    config.use_mdns = options->role == TLS_SERVER && options->mdns == OPTIONS_MDNS_ON;
    config.service_port = (uint16_t)options->port;
    config.use_offload = options->offload == OPTIONS_OFFLOAD_AUTO;
    if (!mac_derive_ip6_key(options->role, config.ip6_key)) {
        return log_net_failure(options->netif, NET_FAILED, "no random bytes for IPv6 addresses");
    }
    enum net_outcome outcome = net_open(&config, &app->net, reason, sizeof(reason));
    if (outcome != NET_OK && control_stop_count() > 0) {
        return log_interrupted(options, "netif");
    }
    if (outcome == NET_FAILED && reason[0] == '\0') {
        return EXIT_STATUS_CONFIG; /* the sandbox, which has said why */
    }
    if (outcome != NET_OK) {
        return log_net_failure(options->netif, outcome, reason);
    }
    unsigned sessions = options->role == TLS_SERVER ? (unsigned)options->max_sessions : 1;
    return selfcheck_net(app->net, sessions);
}

static enum exit_status log_tls_failure(enum tls_outcome outcome, const struct tls_error *error)
{
    char text[160];
    log_event(LOG_LEVEL_ERROR, "app", "tls_failed", "code=%ld text=%s", error->code,
              log_quote(text, sizeof(text), error->text));
    bool bad_blob = outcome == TLS_FAILED || outcome == TLS_UNTRUSTED;
    return bad_blob ? EXIT_STATUS_BAD_BLOB : EXIT_STATUS_INTERNAL;
}

static enum exit_status open_tls(struct app *app, enum tls_suite_order suite_order)
{
    const struct options *options = app->options;
    const struct cert_blob *blob = &app->identity.blob;
    bool is_server = options->role == TLS_SERVER;
    bool has_client = blob->client.chain_count > 0;
    struct tls_context_config config = {
        .role = options->role,
        .min_version = (enum tls_version)options->min_tls,
        .peer_auth = (enum tls_peer_auth)options->client_auth,
        .suite_order = suite_order,
        .identity = is_server    ? &blob->server
                    : has_client ? &blob->client
                                 : NULL,
        .trust = &blob->trust,
        .alpn = options->alpn[0] != NULL ? options->alpn : NULL,
        .tickets = is_server || options->resume,
    };
    struct tls_error error = {.outcome = TLS_OK};
    enum tls_outcome outcome = tls_context_open(&config, &app->context, &error);
    identity_forget_keys(&app->identity);
    return outcome == TLS_OK ? EXIT_STATUS_OK : log_tls_failure(outcome, &error);
}

/* ---- The echo itself */

/* A board that runs nothing else has a console by nature; elsewhere somebody must be at it. A
 * client that sends what is typed has no ears for commands. */
static bool wants_console(const struct options *options)
{
    if (options->console != OPTIONS_CONSOLE_AUTO) {
        return options->console == OPTIONS_CONSOLE_ON;
    }
    return !options->from_stdin && (options->is_whole_system || control_input_is_terminal());
}

static struct echo_console_config console_config(const struct app *app)
{
    const struct cert_blob *blob = &app->identity.blob;
    return (struct echo_console_config){
        .is_wanted = wants_console(app->options),
        .can_restart = app->options->is_whole_system,
        .identity = app->options->role == TLS_SERVER ? &blob->server : &blob->client,
    };
}

static enum exit_status run_server(const struct app *app)
{
    const struct options *options = app->options;
    struct echo_console_config console = console_config(app);
    struct memory_plan plan;
    memory_plan_make(options, &plan);
    struct echo_server_config config = {
        .port = (uint16_t)options->port,
        .max_sessions = (unsigned)options->max_sessions,
        .buffer_count = plan.busy_count,
        .handshake_timeout_ms = (uint32_t)options->handshake_timeout_ms,
        .idle_timeout_ms = (uint32_t)options->idle_timeout_ms,
        .record_timeout_ms = (uint32_t)options->record_timeout_ms,
        .close_timeout_ms = SERVER_CLOSE_TIMEOUT_MS,
        .stats_interval_s = (uint32_t)options->stats_interval_s,
        .rate_limit = (uint32_t)options->rate_limit,
        .console = &console,
        .needs_clock = options->time_policy == OPTIONS_TIME_REQUIRED,
        .clock_timeout_ms = (uint32_t)options->clock_timeout_ms,
        .clock_steps = app->clock_steps,
    };
    return echo_server_run(&config, app->net, app->context);
}

static void print_echo(const char *text, size_t len)
{
    (void)fwrite(text, 1, len, stdout);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
}

static enum exit_status run_client(const struct app *app)
{
    const struct options *options = app->options;
    struct echo_console_config console = console_config(app);
    struct echo_client_config config = {
        .host = options->host,
        .port = (uint16_t)options->port,
        .server_name = options->server_name,
        .message = options->message,
        .count = (uint32_t)options->count,
        .size = options->size,
        .from_stdin = options->from_stdin,
        .resume = options->resume,
        .connect_timeout_ms = (uint32_t)options->connect_timeout_ms,
        .handshake_timeout_ms = (uint32_t)options->handshake_timeout_ms,
        .idle_timeout_ms = (uint32_t)options->idle_timeout_ms,
        .close_timeout_ms = CLIENT_CLOSE_TIMEOUT_MS,
        .console = &console,
        .needs_clock = options->time_policy == OPTIONS_TIME_REQUIRED,
        .clock_timeout_ms = (uint32_t)options->clock_timeout_ms,
        .clock_steps = app->clock_steps,
        .print = print_echo,
    };
    enum exit_status status = echo_client_run(&config, app->net, app->context);
    if (status != EXIT_STATUS_OK || !ferror(stdout)) {
        return status;
    }
    log_event(LOG_LEVEL_ERROR, "app", "print_failed", "reason=\"standard output takes no more\"");
    return EXIT_STATUS_INTERNAL;
}

static enum exit_status run_echo(const struct app *app)
{
    control_attach(net_wake, app->net);
    return app->options->role == TLS_SERVER ? run_server(app) : run_client(app);
}

static enum exit_status run_steps(struct app *app)
{
    struct selfcheck_report report;
    enum exit_status status = open_watchdog(app->options);
    if (status == EXIT_STATUS_OK) {
        status = check_identity(app, &report);
    }
    if (status != EXIT_STATUS_OK) {
        return status;
    }
    enum tls_suite_order suite_order = choose_suite_order();
    selfcheck_log_ok(&report);
    if (control_stop_count() > 0) {
        return log_interrupted(app->options, "start");
    }
    status = open_net(app);
    if (status != EXIT_STATUS_OK || app->net == NULL) {
        return status;
    }
    status = open_tls(app, suite_order);
    return status == EXIT_STATUS_OK ? run_echo(app) : status;
}

/* Sets aside what TLS may take, once and for all. */
static enum exit_status reserve_memory(const struct options *options)
{
    struct memory_plan plan;
    size_t len = memory_plan_tls_len(options);
    memory_plan_make(options, &plan);
    if (memory_reserve(len)) {
        memory_plan_log(&plan);
        return EXIT_STATUS_OK;
    }
    log_event(LOG_LEVEL_ERROR, "app", "no_memory", "tls_len=%zu sessions=%u hint=%s", len,
              plan.session_count, "\"lower --max-sessions\"");
    return EXIT_STATUS_INTERNAL;
}

/* Before all that takes time: who is asked to end while it starts ends in order, too. */
static enum exit_status open_control(void)
{
    if (control_open()) {
        return EXIT_STATUS_OK;
    }
    log_event(LOG_LEVEL_ERROR, "app", "control_failed", "reason=\"no signal handler\"");
    return EXIT_STATUS_INTERNAL;
}

enum exit_status app_run(const struct options *options)
{
    struct app app = {.options = options};
    enum exit_status status = open_control();
    if (status == EXIT_STATUS_OK) {
        status = reserve_memory(options);
    }
    if (status == EXIT_STATUS_OK) {
        status = run_steps(&app);
    }
    control_close();
    tls_context_close(app.context);
    net_close(app.net);
    identity_unload(&app.identity);
    watchdog_close();
    memory_release();
    return status;
}
