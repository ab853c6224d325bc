/* tls-echo: the echo server and client, one program under two names. */
#include <signal.h>

#include "app.h"
#include "console.h"
#include "memory_plan.h"
#include "system.h"
#include "whole_system.h"

static int run(const struct options *options)
{
    /* A peer or reader that went away is an outcome, not a signal. */
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)options->log_level);
    app_log_boot(options);
    enum exit_status status = app_run(options);
    app_log_shutdown(options, status);
    return (int)status;
}

static int print_memory(const struct options *options)
{
    struct memory_plan plan;
    memory_plan_make(options, &plan);
    memory_plan_print(&plan, stdout);
    return EXIT_STATUS_OK;
}

static int act(const struct options *options)
{
    switch (options->action) {
    case OPTIONS_HELP:
        options_print_help(options, stdout);
        return EXIT_STATUS_OK;
    case OPTIONS_VERSION:
        app_print_version(stdout);
        return EXIT_STATUS_OK;
    case OPTIONS_RUN:
        return options->print_memory ? print_memory(options) : run(options);
    }
    return EXIT_STATUS_INTERNAL;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct options_error error = {.status = EXIT_STATUS_USAGE};
    int status;
    console_open();
    if (argc > 0 && system_is_whole(argv[0])) {
        whole_system_run();
    }
    if (options_parse(&options, argc, argv, &error)) {
        status = act(&options);
    } else {
        (void)fprintf(stderr, "%s: %s\n", options_program_name(&options), error.text);
        status = (int)error.status;
    }
    options_free(&options);
    return status;
}
