/* Reads the configuration file of the command line: strict, the first mistake ends it. */
#include "config_file.h"

#include <string.h>

#include "config_text.h"
#include "option_table.h"

/* Where we are, for errors. */
struct place {
    const char *path;
    char prefix[160]; /* "FILE:LINE: " */
};

static bool fail(const struct place *place, struct options_error *error, const char *what,
                 const char *value)
{
    char quoted[128];
    error->status = EXIT_STATUS_CONFIG;
    (void)snprintf(error->text, sizeof(error->text), "%s%s%s", place->prefix, what,
                   log_quote(quoted, sizeof(quoted), value));
    return false;
}

static bool fail_unknown(const struct place *place, struct options_error *error, const char *name,
                         enum tls_role role)
{
    const struct option_spec *nearest = option_find_nearest(name, role, OPTION_IN_FILE);
    (void)fail(place, error, "unknown option ", name);
    size_t len = strlen(error->text);
    if (nearest != NULL) {
        (void)snprintf(error->text + len, sizeof(error->text) - len, "; did you mean %s?",
                       nearest->name);
    }
    return false;
}

static bool set_option(const struct place *place, const struct config_line *line,
                       struct options *out, struct options_error *error)
{
    const struct option_spec *spec = option_find(line->name, strlen(line->name));
    if (spec == NULL) {
        return fail_unknown(place, error, line->name, out->role);
    }
    if (!option_belongs(spec, OPTION_IN_FILE)) {
        return fail(place, error,
                    spec->card_only ? "only the file on a card can have the option "
                                    : "only the command line can have the option ",
                    line->name);
    }
    if (!option_is_of_role(spec, out->role)) {
        return fail(place, error,
                    out->role == TLS_SERVER ? "this is an option of the client: "
                                            : "this is an option of the server: ",
                    line->name);
    }
    if (options_source(out, line->name) == OPTION_FROM_FILE) {
        return fail(place, error, "given twice in this file: ", line->name);
    }
    error->status = EXIT_STATUS_CONFIG;
    return option_set(spec, line->value, OPTION_FROM_FILE, place->prefix, out, error);
}

static bool read_line(struct place *place, const struct config_line *line, struct options *out,
                      struct options_error *error)
{
    (void)snprintf(place->prefix, sizeof(place->prefix), "%.128s:%u: ", place->path, line->number);
    if (line->problem != NULL) {
        return fail(place, error, line->problem, line->name);
    }
    return line->name[0] == '\0' || set_option(place, line, out, error);
}

static bool fail_to_load(const char *path, const char *why, struct options_error *error)
{
    char quoted[256];
    error->status = EXIT_STATUS_USAGE;
    (void)snprintf(error->text, sizeof(error->text), "--config: cannot read %s: %s",
                   log_quote(quoted, sizeof(quoted), path), why);
    return false;
}

bool config_file_read(const char *path, struct options *out, struct options_error *error)
{
    const char *why;
    size_t len;
    if (config_text_load(path, &out->config_text, &len, &why) != CONFIG_LOAD_OK) {
        return fail_to_load(path, why, error);
    }
    if (memchr(out->config_text, '\0', len) != NULL) {
        return fail_to_load(path, "not a text file", error);
    }
    struct place place = {.path = path};
    struct config_text text;
    struct config_line line;
    config_text_begin(&text, out->config_text, len);
    while (config_line_take(&text, &line)) {
        if (!read_line(&place, &line, out, error)) {
            return false;
        }
    }
    return true;
}
