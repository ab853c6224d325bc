/* Strict readers of IPv6 addresses. */
#include <string.h>

#include "netif_spec.h"
#include "option_values.h"

/* Eight groups of two bytes, some of which "::" leaves out. */
struct reader {
    const char *at, *end;
    uint8_t bytes[16];
    size_t len; /* of bytes, so far */
    size_t gap; /* where "::" stands in bytes */
    bool has_gap;
    bool needs_group; /* behind a single colon */
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* One to four hexadecimal digits. */
static bool read_group(struct reader *reader)
{
    unsigned value = 0;
    size_t digits = 0;
    while (reader->at < reader->end && hex_value(*reader->at) >= 0 && digits < 5) {
        value = value << 4 | (unsigned)hex_value(*reader->at);
        reader->at++;
        digits++;
    }
    if (digits == 0 || digits > 4 || reader->len + 2 > sizeof(reader->bytes)) {
        return false;
    }
    reader->bytes[reader->len++] = (uint8_t)(value >> 8);
    reader->bytes[reader->len++] = (uint8_t)value;
    return true;
}

/* True if what is left is the IPv4 address that may stand for the last two groups. */
static bool read_tail(struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    if (reader->len + 4 > sizeof(reader->bytes) ||
        !value_read_ipv4(reader->at, left, reader->bytes + reader->len)) {
        return false;
    }
    reader->len += 4;
    reader->at = reader->end;
    return true;
}

/* What stands between two groups, or "::" before or behind all. */
static bool read_colons(struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    bool is_gap = left >= 2 && reader->at[0] == ':' && reader->at[1] == ':';
    if (is_gap) {
        bool is_second = reader->has_gap;
        reader->gap = reader->len;
        reader->has_gap = true;
        reader->at += 2;
        return !is_second;
    }
    bool is_colon = left >= 1 && reader->at[0] == ':' && reader->len > 0;
    reader->at += is_colon;
    reader->needs_group = is_colon;
    return is_colon;
}

/* The next group, with the colons before it. */
static bool read_next(struct reader *reader)
{
    bool is_first = reader->len == 0 && !reader->has_gap;
    bool has_colons = reader->at < reader->end && *reader->at == ':';
    if ((has_colons || !is_first) && !read_colons(reader)) {
        return false;
    }
    if (reader->at == reader->end) {
        return !reader->needs_group;
    }
    reader->needs_group = false;
    return read_tail(reader) || read_group(reader);
}

/* Puts the zeros in that "::" stands for: one group at least. */
static bool fill_gap(struct reader *reader)
{
    if (!reader->has_gap) {
        return reader->len == sizeof(reader->bytes);
    }
    if (reader->len > sizeof(reader->bytes) - 2) {
        return false;
    }
    size_t tail_len = reader->len - reader->gap;
    size_t tail_at = sizeof(reader->bytes) - tail_len;
    memmove(reader->bytes + tail_at, reader->bytes + reader->gap, tail_len);
    memset(reader->bytes + reader->gap, 0, tail_at - reader->gap);
    return true;
}

bool value_read_ipv6(const char *text, size_t len, uint8_t out[16])
{
    struct reader reader = {.at = text, .end = text + len};
    while (reader.at < reader.end) {
        if (!read_next(&reader)) {
            return false;
        }
    }
    if (!fill_gap(&reader)) {
        return false;
    }
    memcpy(out, reader.bytes, sizeof(reader.bytes));
    return true;
}

/* An address that a user can give one host: not "::", a group's (ff00::/8), a link-local one, which
 * each interface makes itself, or IPv4 in disguise (::ffff:0:0/96). */
static bool is_host_address(const uint8_t address[16])
{
    static const uint8_t none[16];
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_link_local = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
    return memcmp(address, none, sizeof(none)) != 0 && address[0] != 0xff && !is_link_local &&
           memcmp(address, mapped, sizeof(mapped)) != 0;
}

static bool parse_static(const char *value, struct options *out)
{
    const char *slash = strchr(value, '/');
    uint8_t address[16];
    uint64_t prefix_len;
    if (slash == NULL || !value_read_ipv6(value, (size_t)(slash - value), address) ||
        !value_read_number(slash + 1, strlen(slash + 1), 128, &prefix_len)) {
        return false;
    }
    if (prefix_len == 0 || !is_host_address(address) ||
        !netif_spec_valid_ip6(address, (unsigned)prefix_len)) {
        return false;
    }
    out->ip6_mode = NET_IP6_STATIC;
    memcpy(out->ip6, address, sizeof(address));
    out->ip6_prefix_len = (uint8_t)prefix_len;
    return true;
}

bool option_parse_ip6(const struct option_spec *spec, const char *value, struct options *out)
{
    (void)spec;
    bool is_auto = strcmp(value, "auto") == 0;
    if (strcmp(value, "off") != 0 && !netif_spec_has_ip6()) {
        return false;
    }
    if (!is_auto && strcmp(value, "off") != 0) {
        return parse_static(value, out);
    }
    out->ip6_mode = is_auto ? NET_IP6_AUTO : NET_IP6_OFF;
    memset(out->ip6, 0, sizeof(out->ip6));
    out->ip6_prefix_len = 0;
    return true;
}
