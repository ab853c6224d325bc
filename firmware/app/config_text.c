/* Reads a configuration file and cuts it into lines of "name = value". */
#include "config_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The file */

static enum config_load_outcome read_file(FILE *file, char *bytes, size_t *len, const char **why)
{
    errno = 0;
    *len = fread(bytes, 1, CONFIG_FILE_MAX + 1, file);
    if (ferror(file)) {
        *why = strerror(errno);
        return CONFIG_LOAD_FAILED;
    }
    if (*len > CONFIG_FILE_MAX) {
        *why = "larger than 65536 bytes";
        return CONFIG_LOAD_FAILED;
    }
    bytes[*len] = '\0';
    return CONFIG_LOAD_OK;
}

static void skip_byte_order_mark(char *bytes, size_t *len)
{
    if (*len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        *len -= 3;
        memmove(bytes, bytes + 3, *len + 1);
    }
}

enum config_load_outcome config_text_load(const char *path, char **text, size_t *len,
                                          const char **why)
{
    *text = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        *why = strerror(errno);
        return errno == ENOENT ? CONFIG_LOAD_MISSING : CONFIG_LOAD_FAILED;
    }
    char *bytes = malloc(CONFIG_FILE_MAX + 2);
    *why = "out of memory";
    enum config_load_outcome outcome =
        bytes != NULL ? read_file(file, bytes, len, why) : CONFIG_LOAD_FAILED;
    (void)fclose(file);
    if (outcome != CONFIG_LOAD_OK) {
        free(bytes);
        return outcome;
    }
    skip_byte_order_mark(bytes, len);
    *text = bytes;
    return CONFIG_LOAD_OK;
}

/* ---- One line */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
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

static void split(char *line, struct config_line *out)
{
    char *name = skip_blanks(line);
    if (*name == '\0' || *name == '#') {
        out->name = "";
        return;
    }
    out->name = name;
    char *equals = strchr(name, '=');
    if (equals == NULL) {
        trim_end(name);
        out->problem = "must be \"name = value\", not ";
        return;
    }
    *equals = '\0';
    trim_end(name);
    out->value = read_value(equals + 1);
    if (out->value == NULL) {
        out->problem = "the quotes around a value do not match: ";
    } else if (*name == '\0') {
        out->problem = "there is no name before the value ";
        out->name = out->value;
    }
}

/* ---- The text */

void config_text_begin(struct config_text *text, char *bytes, size_t len)
{
    *text = (struct config_text){.next = bytes, .left = len};
}

static size_t line_len(const char *bytes, size_t left)
{
    size_t len = 0;
    while (len < left && bytes[len] != '\n' && bytes[len] != '\r') {
        len++;
    }
    return len;
}

/* Bytes of the line end at bytes; 0: the text ends. */
static size_t end_len(const char *bytes, size_t left)
{
    bool is_crlf = left >= 2 && bytes[0] == '\r' && bytes[1] == '\n';
    return is_crlf ? 2 : left >= 1 ? 1 : 0;
}

static bool drop_nul_bytes(char *line, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] != '\0') {
            line[kept++] = line[i];
        }
    }
    line[kept] = '\0';
    return kept != len;
}

bool config_line_take(struct config_text *text, struct config_line *out)
{
    if (text->next == NULL) {
        return false;
    }
    char *line = text->next;
    size_t len = line_len(line, text->left);
    size_t taken = len + end_len(line + len, text->left - len);
    text->next = taken > len ? line + taken : NULL;
    text->left -= taken;
    *out = (struct config_line){.number = ++text->line};
    out->has_nul = drop_nul_bytes(line, len);
    split(line, out);
    if (out->has_nul && line[0] == '\0') {
        out->problem = "nothing but NUL bytes";
    }
    return true;
}
