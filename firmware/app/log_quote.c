/* Makes any text into one value of a log line. */
#include <stdio.h>
#include <string.h>

#include "log_port.h"

static bool is_plain(const char *text)
{
    if (text[0] == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || strchr("\"\\=", *text) != NULL) {
            return false;
        }
    }
    return true;
}

/* Writes c as it stands between double quotes into out, and returns how many bytes that takes. */
static size_t escape(char out[5], char c)
{
    if (c == '"' || c == '\\') {
        return (size_t)snprintf(out, 5, "\\%c", c);
    }
    if (c < ' ' || c > '~') {
        return (size_t)snprintf(out, 5, "\\x%02x", (unsigned)(unsigned char)c);
    }
    out[0] = c;
    return 1;
}

const char *log_quote(char *out, size_t cap, const char *text)
{
    if (is_plain(text)) {
        (void)snprintf(out, cap, "%s", text);
        return out;
    }
    size_t len = 0;
    out[len++] = '"';
    for (; *text != '\0'; text++) {
        char escaped[5];
        size_t escaped_len = escape(escaped, *text);
        if (len + escaped_len + 2 > cap) {
            break;
        }
        memcpy(out + len, escaped, escaped_len);
        len += escaped_len;
    }
    out[len++] = '"';
    out[len] = '\0';
    return out;
}
