/* From what is typed to commands, in small and counted portions. */
#include "echo_console.h"

#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "console_commands.h"
#include "control_port.h"
#include "log_port.h"

/* How many lines may be answered at once, and after what time the next one. */
#define ANSWERS_AT_ONCE 8
#define ANSWERS_EVERY_US 250000
#define OTHERS_AT_ONCE 3
#define OTHERS_EVERY_US 10000000

/* ---- Limits ---------------------------------------------------------------------------------- */

/* A bucket that holds at_once, and gets one back every every_us; *used_us is the time at which it
 * would be full again. */
static bool limit_allows(uint64_t *used_us, unsigned at_once, uint64_t every_us)
{
    uint64_t now_us = clock_now_us();
    uint64_t from_us = *used_us > now_us ? *used_us : now_us;
    if (from_us + every_us > now_us + at_once * every_us) {
        return false;
    }
    *used_us = from_us + every_us;
    return true;
}

/* A line that is no command: one short event, now and then. text NULL: it is not readable. */
static void complain(struct echo_console *console, const char *text)
{
    char quoted[2 * CONSOLE_LINE_MAX + 3];
    console->unanswered++;
    if (!limit_allows(&console->others_us, OTHERS_AT_ONCE, OTHERS_EVERY_US)) {
        return;
    }
    if (text != NULL) {
        log_event(LOG_LEVEL_ANSWER, CONSOLE_MODULE, "unknown",
                  "text=%s lines=%u hint=\"type help\"", log_quote(quoted, sizeof(quoted), text),
                  console->unanswered);
    } else {
        log_event(LOG_LEVEL_ANSWER, CONSOLE_MODULE, "unreadable", "lines=%u hint=\"type help\"",
                  console->unanswered);
    }
    console->unanswered = 0;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* Cuts the next word out of *text, and makes it lower case; NULL: there is none. */
static char *take_word(char **text)
{
    char *word = *text + strspn(*text, " ");
    char *end = word + strcspn(word, " ");
    for (char *at = word; at < end; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    *text = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return *word != '\0' ? word : NULL;
}

static void run_line(struct echo_console *console)
{
    char text[CONSOLE_LINE_MAX + 1];
    char *rest = text;
    (void)snprintf(text, sizeof(text), "%s", console->input.line);
    const char *name = take_word(&rest);
    const char *argument = take_word(&rest);
    const struct console_command *command =
        name != NULL ? console_command_find(console, name) : NULL;
    bool has_too_many = command != NULL && (take_word(&rest) || (argument && !command->argument));
    if (command == NULL || has_too_many) {
        complain(console, console->input.line);
    } else if (limit_allows(&console->answers_us, ANSWERS_AT_ONCE, ANSWERS_EVERY_US)) {
        command->run(console, argument);
    } else {
        console->unanswered++;
    }
}

static void take_input(struct echo_console *console)
{
    char bytes[CONTROL_INPUT_MAX];
    size_t len = control_take_input(bytes);
    for (size_t at = 0; at < len;) {
        enum console_line line;
        at += console_input_feed(&console->input, bytes + at, len - at, &line);
        if (line == CONSOLE_LINE_TEXT) {
            run_line(console);
        } else if (line == CONSOLE_LINE_UNREADABLE) {
            complain(console, NULL);
        }
    }
}

/* ---- What the loop calls --------------------------------------------------------------------- */

void echo_console_start(struct echo_console *console, const struct echo_console_config *config,
                        struct net *net, const struct echo_server *server)
{
    *console = (struct echo_console){.config = config, .net = net, .server = server};
    if (config == NULL || !config->is_wanted) {
        return;
    }
    console->is_open = control_start_input();
    if (console->is_open) {
        log_event(LOG_LEVEL_INFO, CONSOLE_MODULE, "open", "hint=\"type help\"");
    } else {
        log_event(LOG_LEVEL_WARN, CONSOLE_MODULE, "failed", "reason=\"cannot read the input\"");
    }
}

void echo_console_poll(struct echo_console *console)
{
    if (console->is_listing) {
        console_list_session(console);
    } else if (console->is_open) {
        take_input(console);
    }
}

bool echo_console_is_busy(const struct echo_console *console)
{
    return console->is_listing;
}
