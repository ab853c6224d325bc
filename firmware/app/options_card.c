/* Reads tls-echo.conf from a board's card: forgiving, except where security is at stake. */
#include <string.h>

#include "config_text.h"
#include "option_table.h"
#include "options_steps.h"

struct card {
    struct options *out;
    const char *file; /* its name, for the log */
    bool refused;     /* something is wrong that must not be passed over */
};

/* ---- What is wrong */

static void report(struct card *card, bool refuse, unsigned line, const char *name,
                   const char *text)
{
    char quoted_file[64], quoted_name[64], quoted_text[560];
    card->refused = card->refused || refuse;
    log_event(refuse ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "config",
              refuse ? "line_refused" : "line_ignored", "file=%s line=%u name=%s text=%s",
              log_quote(quoted_file, sizeof(quoted_file), card->file), line,
              log_quote(quoted_name, sizeof(quoted_name), name),
              log_quote(quoted_text, sizeof(quoted_text), text));
}

/* A line whose name is no option. */
static void report_unknown(struct card *card, unsigned line, const char *name, const char *what)
{
    char text[192];
    const struct option_spec *security = option_find_security(name, card->out->role);
    const struct option_spec *nearest = option_find_nearest(name, card->out->role, OPTION_ON_CARD);
    if (security != NULL) {
        (void)snprintf(text, sizeof(text),
                       "%s; if the security setting %s is meant, correct the line, else remove it",
                       what, security->name);
    } else if (nearest != NULL) {
        (void)snprintf(text, sizeof(text), "%s; did you mean %s?", what, nearest->name);
    } else {
        (void)snprintf(text, sizeof(text), "%s", what);
    }
    report(card, security != NULL, line, name, text);
}

/* A line of which not even the name is certain: its first word tells what it was meant to set. */
static void report_broken(struct card *card, const struct config_line *line, const char *what)
{
    char name[64];
    int len = (int)strcspn(line->name, " \t=:\"");
    (void)snprintf(name, sizeof(name), "%.*s", len, line->name);
    const struct option_spec *spec = option_find(name, strlen(name));
    if (name[0] == '\0' && line->has_nul) {
        report(card, true, line->number, name, what); /* it may have been anything */
    } else if (spec == NULL) {
        report_unknown(card, line->number, name, what);
    } else {
        report(card, spec->security, line->number, name, what);
    }
}

/* ---- The lines */

static void set_option(struct card *card, const struct option_spec *spec,
                       const struct config_line *line)
{
    struct options_error error;
    size_t row = (size_t)(spec - option_table);
    if (option_set(spec, line->value, OPTION_FROM_FILE, "", card->out, &error)) {
        card->out->line[row] = line->number;
    } else {
        report(card, spec->security, line->number, spec->name, error.text);
    }
}

static void take_option(struct card *card, const struct config_line *line)
{
    const struct option_spec *spec = option_find(line->name, strlen(line->name));
    enum tls_role role = card->out->role;
    if (spec == NULL) {
        report_unknown(card, line->number, line->name, "unknown option");
    } else if (!option_belongs(spec, OPTION_ON_CARD)) {
        report(card, false, line->number, spec->name, "an option of the command line alone");
    } else if (!option_is_of_role(spec, role)) {
        report(card, false, line->number, spec->name,
               role == TLS_SERVER ? "an option of the client, and this is a server"
                                  : "an option of the server, and this is a client");
    } else if (card->out->line[spec - option_table] != 0) {
        report(card, spec->security, line->number, spec->name, "given twice in this file");
    } else {
        set_option(card, spec, line);
    }
}

static void take_line(struct card *card, const struct config_line *line)
{
    if (line->has_nul && (line->problem != NULL || line->name[0] != '\0')) {
        report_broken(card, line, "holds NUL bytes: damaged, or not saved as plain text (UTF-8)");
    } else if (line->problem != NULL) {
        report_broken(card, line, "must be \"name = value\", with both quotes or none");
    } else if (line->name[0] != '\0') {
        take_option(card, line);
    }
}

/* Every option depends on the role, which may stand anywhere: the first valid line with it counts.
 */
static void take_role(struct options *out, const char *bytes, size_t len)
{
    char copy[CONFIG_FILE_MAX + 1];
    struct config_text text;
    struct config_line line;
    const struct option_spec *role = option_find("role", strlen("role"));
    memcpy(copy, bytes, len + 1);
    config_text_begin(&text, copy, len);
    while (config_line_take(&text, &line)) {
        bool is_role = line.problem == NULL && !line.has_nul && strcmp(line.name, "role") == 0;
        if (is_role && role->parse(role, line.value, out)) {
            return;
        }
    }
}

static void take_lines(struct card *card, size_t len)
{
    struct config_text text;
    struct config_line line;
    config_text_begin(&text, card->out->config_text, len);
    while (config_line_take(&text, &line)) {
        take_line(card, &line);
    }
}

/* ---- The file */

static bool fail(struct options_error *error, const char *what)
{
    error->status = EXIT_STATUS_CONFIG;
    error->culprit = NULL;
    (void)snprintf(error->text, sizeof(error->text), "%s", what);
    return false;
}

static bool fail_to_load(const struct card *card, const char *why, struct options_error *error)
{
    char file[64], text[160];
    log_event(LOG_LEVEL_ERROR, "config", "file_refused", "file=%s text=%s",
              log_quote(file, sizeof(file), card->file), log_quote(text, sizeof(text), why));
    return fail(error, why);
}

/* Reads the text into out->config_text; a file that is not there leaves it NULL. */
static bool load(struct card *card, const char *path, size_t *len, struct options_error *error)
{
    char file[64];
    const char *why;
    switch (config_text_load(path, &card->out->config_text, len, &why)) {
    case CONFIG_LOAD_OK:
        break;
    case CONFIG_LOAD_MISSING:
        log_event(LOG_LEVEL_WARN, "config", "file_missing", "file=%s text=%s",
                  log_quote(file, sizeof(file), card->file), "\"the defaults are used\"");
        return true;
    case CONFIG_LOAD_FAILED:
        return fail_to_load(card, why, error);
    }
    const char *bytes = card->out->config_text;
    if (*len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)) {
        return fail_to_load(card, "saved as UTF-16: save it as plain text (UTF-8)", error);
    }
    return true;
}

/* ---- What the lines mean together */

/* Leaves out, one by one, the options that others exclude. */
static bool settle(struct card *card, struct options_error *error)
{
    struct options *out = card->out;
    while (!options_settle(out, error)) {
        const struct option_spec *spec =
            error->culprit != NULL ? option_find(error->culprit, strlen(error->culprit)) : NULL;
        if (spec == NULL || out->line[spec - option_table] == 0) {
            report(card, true, 0, "", error->text);
            return false;
        }
        report(card, spec->security, out->line[spec - option_table], spec->name, error->text);
        options_forget(out, spec->name);
    }
    return true;
}

static bool take_peer(struct card *card, struct options_error *error)
{
    struct options *out = card->out;
    const struct option_spec *peer = option_find("peer", strlen("peer"));
    if (out->role != TLS_CLIENT) {
        return true;
    }
    if (out->peer != NULL && options_take_host(out->peer, out, error)) {
        return true;
    }
    report(card, true, out->line[peer - option_table], "peer",
           out->peer != NULL ? error->text : "missing: a client needs peer = HOST[:PORT]");
    return fail(error, "there is no peer to connect to");
}

static bool set_defaults(struct options *out, const struct options_default *defaults,
                         struct options_error *error)
{
    error->status = EXIT_STATUS_INTERNAL; /* a malformed default */
    if (!options_set_defaults(out, error)) {
        return false;
    }
    for (; defaults->name != NULL; defaults++) {
        const struct option_spec *spec = option_find(defaults->name, strlen(defaults->name));
        if (spec == NULL ||
            !option_set(spec, defaults->value, OPTION_DEFAULT, "default of ", out, error)) {
            return false;
        }
    }
    return true;
}

bool options_parse_card(struct options *out, const char *path,
                        const struct options_default *defaults, struct options_error *error)
{
    struct card card = {.out = out,
                        .file = path != NULL ? options_base_name(path) : "tls-echo.conf"};
    size_t len = 0;
    *out = (struct options){.action = OPTIONS_RUN, .role_given = true, .role = TLS_SERVER};
    if (path != NULL && !load(&card, path, &len, error)) {
        return false;
    }
    if (out->config_text != NULL) {
        take_role(out, out->config_text, len);
    }
    if (!set_defaults(out, defaults, error)) {
        return false;
    }
    if (out->config_text != NULL) {
        take_lines(&card, len);
    }
    if (!take_peer(&card, error) || !settle(&card, error)) {
        error->status = EXIT_STATUS_CONFIG;
        return false;
    }
    return !card.refused || fail(error, "a security setting cannot be told from the file");
}
