/* Reads the configuration file. */
#include "config_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

/* Where we are, for errors. */
struct place {
    const char *path;
    unsigned line;
    char prefix[160]; /* "FILE:LINE: " */
};

static bool fail(const struct place *place, struct options_error *error, const char *what,
                 const char *value)
{
    char quoted[128];
    error->status = EXIT_STATUS_CONFIG;
    (void)snprintf(error->text, sizeof(error->text), "%s%s%s", place->prefix, what,
                   value != NULL ? log_quote(quoted, sizeof(quoted), value) : "");
    return false;
}

static bool fail_unknown(const struct place *place, struct options_error *error, const char *name,
                         enum tls_role role)
{
    const struct option_spec *nearest = option_find_nearest(name, role);
    (void)fail(place, error, "unknown option ", name);
    size_t len = strlen(error->text);
    if (nearest != NULL) {
        (void)snprintf(error->text + len, sizeof(error->text) - len, "; did you mean %s?",
                       nearest->name);
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1])) {
        len--;
    }
    text[len] = '\0';
}

static void cut_comment(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) {
            text[i] = '\0';
            return;
        }
    }
}

/* Cuts a quoted value out of its quotes; NULL: the quote does not end, or more follows it. */
static char *unquote(char *text)
{
    char *end = strchr(text + 1, '"');
    if (end == NULL) {
        return NULL;
    }
    const char *rest = skip_blanks(end + 1);
    if (*rest != '\0' && *rest != '#') {
        return NULL;
    }
    *end = '\0';
    return text + 1;
}

static char *read_value(char *text)
{
    text = skip_blanks(text);
    if (*text == '"') {
        return unquote(text);
    }
    cut_comment(text);
    trim_end(text);
    return text;
}

static bool set_option(const struct place *place, const char *name, const char *value,
                       struct options *out, struct options_error *error)
{
    const struct option_spec *spec = option_find(name, strlen(name));
    if (spec == NULL) {
        return fail_unknown(place, error, name, out->role);
    }
    if (spec->command_line_only) {
        return fail(place, error, "only the command line can have the option ", name);
    }
    if ((spec->roles & (1U << out->role)) == 0) {
        return fail(place, error,
                    out->role == TLS_SERVER ? "this is an option of the client: "
                                            : "this is an option of the server: ",
                    name);
    }
    if (options_source(out, name) == OPTION_FROM_FILE) {
        return fail(place, error, "given twice in this file: ", name);
    }
    error->status = EXIT_STATUS_CONFIG;
    return option_set(spec, value, OPTION_FROM_FILE, place->prefix, out, error);
}

static bool read_line(const struct place *place, char *line, struct options *out,
                      struct options_error *error)
{
    char *name = skip_blanks(line);
    if (*name == '\0' || *name == '#') {
        return true;
    }
    char *equals = strchr(name, '=');
    if (equals == NULL) {
        return fail(place, error, "must be \"name = value\", not ", name);
    }
    *equals = '\0';
    trim_end(name);
    const char *value = read_value(equals + 1);
    if (value == NULL) {
        return fail(place, error, "the quotes around a value do not match: ", name);
    }
    return set_option(place, name, value, out, error);
}

static bool read_lines(struct place *place, char *text, struct options *out,
                       struct options_error *error)
{
    while (text != NULL) {
        char *line = text;
        text = strchr(text, '\n');
        if (text != NULL) {
            *text++ = '\0';
        }
        place->line++;
        (void)snprintf(place->prefix, sizeof(place->prefix), "%.128s:%u: ", place->path,
                       place->line);
        if (!read_line(place, line, out, error)) {
            return false;
        }
    }
    return true;
}

/* Reads the whole file as text (owned by the caller); NULL: *why says why not. */
static char *load(const char *path, const char **why)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(CONFIG_FILE_MAX + 1) : NULL;
    if (text == NULL) {
        *why = strerror(errno);
        if (file != NULL) {
            (void)fclose(file);
        }
        return NULL;
    }
    errno = 0;
    size_t len = fread(text, 1, CONFIG_FILE_MAX + 1, file);
    *why = NULL;
    if (ferror(file)) {
        *why = strerror(errno);
    } else if (len > CONFIG_FILE_MAX) {
        *why = "larger than 65536 bytes";
    } else if (memchr(text, '\0', len) != NULL) {
        *why = "not a text file";
    }
    (void)fclose(file);
    if (*why == NULL) {
        text[len] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

bool config_file_read(const char *path, struct options *out, struct options_error *error)
{
    const char *why = NULL;
    out->config_text = load(path, &why);
    if (out->config_text == NULL) {
        char quoted[256];
        error->status = EXIT_STATUS_USAGE;
        (void)snprintf(error->text, sizeof(error->text), "--config: cannot read %s: %s",
                       log_quote(quoted, sizeof(quoted), path), why);
        return false;
    }
    struct place place = {.path = path};
    return read_lines(&place, out->config_text, out, error);
}
