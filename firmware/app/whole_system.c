/* Runs the firmware as the only program of a board. */
#include "whole_system.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "control_port.h"
#include "system.h"

/* How long a board that failed waits before it starts again: long enough to read the console, and
 * to do no harm when it fails each time. */
#define RESTART_DELAY_S 10

/* Nobody is there to notice that the board hangs. */
#define WATCHDOG_S "15"

#define PACKET_PREFIX "packet:"

/* ---- What the card says */

static enum exit_status read_options(const struct system_files *files, struct options *options)
{
    static const struct options_default defaults[] = {
        {"watchdog", WATCHDOG_S}, {"mdns", "on"}, {.name = NULL}};
    struct options_error error;
    if (!options_parse_card(options, files->config, defaults, &error)) {
        return error.status;
    }
    options->is_whole_system = true;
    if (options->certs_path == NULL) {
        options->certs_path = files->blob;
    }
    return EXIT_STATUS_OK;
}

/* ---- The interface */

/* The interface that the configuration asks for; NULL: any. */
static const char *wanted_interface(const struct options *options)
{
    bool asked = options_source(options, "netif") != OPTION_DEFAULT &&
                 strncmp(options->netif, PACKET_PREFIX, strlen(PACKET_PREFIX)) == 0;
    return asked ? options->netif + strlen(PACKET_PREFIX) : NULL;
}

/* The kernel leaves the interface alone, so its own hardware address is ours: it is the one that a
 * router knows the board by, and the one that the chip lets through. */
static enum exit_status start_interface(struct options *options)
{
    static char netif[sizeof(PACKET_PREFIX) + SYSTEM_INTERFACE_NAME_MAX];
    char name[SYSTEM_INTERFACE_NAME_MAX];
    if (!system_start_interface(wanted_interface(options), name)) {
        return EXIT_STATUS_NETIF;
    }
    (void)snprintf(netif, sizeof(netif), "%s%s", PACKET_PREFIX, name);
    options->netif = netif;
    options->mac_of_interface |= options_source(options, "mac") == OPTION_DEFAULT;
    return EXIT_STATUS_OK;
}

/* ---- From start to end */

/* In the task's result, beside the exit status: the console asked for a restart. */
#define RESTART_FLAG 0x80

static int run_task(void *argument)
{
    const struct options *options = argument;
    enum exit_status status = app_run(options);
    app_log_shutdown(options, status);
    return (int)status | (control_restart_is_requested() ? RESTART_FLAG : 0);
}

/* Returns the exit status; *restart: somebody asked for one. */
static enum exit_status run(struct options *options, bool *restart)
{
    log_set_level((enum log_level)options->log_level);
    enum exit_status status = start_interface(options);
    if (status != EXIT_STATUS_OK) {
        app_log_shutdown(options, status);
        return status;
    }
    int result = system_run_task(run_task, options, options->netif + strlen(PACKET_PREFIX));
    if (result < 0) {
        return EXIT_STATUS_INTERNAL;
    }
    *restart = (result & RESTART_FLAG) != 0;
    return (enum exit_status)(result & ~RESTART_FLAG);
}

/* A failure may go away by itself, or when somebody changes the card: try again, unless the card
 * says what to do. What was typed on the console goes before the card. */
static _Noreturn void end(const struct options *options, enum exit_status status, bool restart)
{
    static const enum system_end ends[] = {[OPTIONS_REBOOT] = SYSTEM_REBOOT,
                                           [OPTIONS_POWEROFF] = SYSTEM_POWER_OFF,
                                           [OPTIONS_HALT] = SYSTEM_HALT};
    bool failed = status != EXIT_STATUS_OK;
    bool asked = options_source(options, "at-end") != OPTION_DEFAULT;
    enum system_end how = restart || (failed && !asked) ? SYSTEM_REBOOT : ends[options->at_end];
    system_end(how, failed && how == SYSTEM_REBOOT ? RESTART_DELAY_S : 0);
}

_Noreturn void whole_system_run(void)
{
    struct system_files files;
    struct options options = {.at_end = OPTIONS_REBOOT};
    enum exit_status status = EXIT_STATUS_INTERNAL;
    bool restart = false;
    (void)signal(SIGPIPE, SIG_IGN);
    if (system_start(&files)) {
        status = read_options(&files, &options);
    }
    app_log_boot(&options);
    if (status == EXIT_STATUS_OK) {
        status = run(&options, &restart);
    } else {
        app_log_shutdown(&options, status);
    }
    end(&options, status, restart);
}
