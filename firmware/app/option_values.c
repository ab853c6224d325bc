/* Strict readers of option values. */
#include "option_values.h"

#include <string.h>

#include "netif_spec.h"

static void *field(const struct option_spec *spec, struct options *out)
{
    return (char *)out + spec->offset;
}

/* ---- Numbers */

bool value_read_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (number > (max - digit) / 10 || digit > max) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return len > 0;
}

bool option_parse_number(const struct option_spec *spec, const char *value, struct options *out)
{
    uint64_t number;
    if (!value_read_number(value, strlen(value), spec->max, &number) || number < spec->min) {
        return false;
    }
    *(uint64_t *)field(spec, out) = number;
    return true;
}

/* "off" is 0, which is below the range. */
bool option_parse_number_or_off(const struct option_spec *spec, const char *value,
                                struct options *out)
{
    if (strcmp(value, "off") != 0) {
        return option_parse_number(spec, value, out);
    }
    *(uint64_t *)field(spec, out) = 0;
    return true;
}

/* The factor of a size's unit, the text's last letter; 1 for a digit. */
static uint64_t size_factor(char unit)
{
    switch (unit) {
    case 'K':
    case 'k':
        return UINT64_C(1) << 10;
    case 'M':
    case 'm':
        return UINT64_C(1) << 20;
    case 'G':
    case 'g':
        return UINT64_C(1) << 30;
    default:
        return 1;
    }
}

bool option_parse_size(const struct option_spec *spec, const char *value, struct options *out)
{
    size_t len = strlen(value);
    uint64_t factor = len > 0 ? size_factor(value[len - 1]) : 1;
    uint64_t number;
    if (!value_read_number(value, factor > 1 ? len - 1 : len, spec->max / factor, &number)) {
        return false;
    }
    if (number * factor < spec->min) {
        return false;
    }
    *(uint64_t *)field(spec, out) = number * factor;
    return true;
}

/* ---- Words */

bool option_parse_choice(const struct option_spec *spec, const char *value, struct options *out)
{
    for (unsigned i = 0; spec->choices[i] != NULL; i++) {
        if (strcmp(value, spec->choices[i]) != 0) {
            continue;
        }
        *(unsigned *)field(spec, out) = i;
        return true;
    }
    return false;
}

bool option_parse_text(const struct option_spec *spec, const char *value, struct options *out)
{
    if (value[0] == '\0') {
        return false;
    }
    *(const char **)field(spec, out) = value;
    return true;
}

bool option_parse_switch(const struct option_spec *spec, const char *value, struct options *out)
{
    bool on = strcmp(value, "yes") == 0;
    if (!on && strcmp(value, "no") != 0) {
        return false;
    }
    *(bool *)field(spec, out) = on;
    return true;
}

bool option_parse_netif(const struct option_spec *spec, const char *value, struct options *out)
{
    return netif_spec_valid(value) && option_parse_text(spec, value, out);
}

/* ---- Names and addresses */

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* A label is 1 to 63 letters, digits, '-' and '_', the first and last of them no '-'. */
static bool is_label(const char *text, size_t len)
{
    if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_name_character(text[i])) {
            return false;
        }
    }
    return true;
}

bool value_is_host_name(const char *text)
{
    if (strlen(text) > OPTIONS_NAME_MAX) {
        return false;
    }
    uint8_t address[16];
    if (text[strspn(text, "0123456789.")] == '\0') {
        return value_read_ipv4(text, strlen(text), address);
    }
    if (strchr(text, ':') != NULL) {
        return value_read_ipv6(text, strlen(text), address);
    }
    for (;;) {
        size_t label_len = strcspn(text, ".");
        if (!is_label(text, label_len)) {
            return false;
        }
        text += label_len;
        if (*text == '\0') {
            return true;
        }
        text++;
    }
}

bool option_parse_host_name(const struct option_spec *spec, const char *value, struct options *out)
{
    return value_is_host_name(value) && option_parse_text(spec, value, out);
}

bool option_parse_label(const struct option_spec *spec, const char *value, struct options *out)
{
    bool is_plain = strchr(value, '_') == NULL; /* DNS has no such host */
    return is_plain && is_label(value, strlen(value)) && option_parse_text(spec, value, out);
}

bool option_parse_mdns(const struct option_spec *spec, const char *value, struct options *out)
{
    bool is_on = strcmp(value, "on") == 0;
    return (!is_on || netif_spec_has_mdns()) && option_parse_choice(spec, value, out);
}

bool option_parse_sntp(const struct option_spec *spec, const char *value, struct options *out)
{
    return netif_spec_has_sntp() && option_parse_host_name(spec, value, out);
}

bool value_read_ipv4(const char *text, size_t len, uint8_t out[4])
{
    uint8_t address[4];
    for (size_t i = 0; i < 4; i++) {
        size_t part_len = 0;
        while (part_len < len && text[part_len] != '.') {
            part_len++;
        }
        uint64_t part;
        if (!value_read_number(text, part_len, 255, &part) || (text[0] == '0' && part_len > 1)) {
            return false;
        }
        address[i] = (uint8_t)part;
        text += part_len;
        len -= part_len;
        bool dot_follows = len > 0;
        if (dot_follows != (i < 3)) {
            return false;
        }
        text += dot_follows;
        len -= dot_follows;
    }
    memcpy(out, address, sizeof(address));
    return true;
}

/* An address that one host can have: not 0.x (this network), nor 224 and above (multicast,
 * reserved, broadcast); RFC 6890. */
static bool is_host_address(const uint8_t address[4])
{
    return address[0] != 0 && address[0] < 224;
}

bool option_parse_address(const struct option_spec *spec, const char *value, struct options *out)
{
    uint8_t address[4];
    if (!value_read_ipv4(value, strlen(value), address) || !is_host_address(address)) {
        return false;
    }
    memcpy(field(spec, out), address, sizeof(address));
    return true;
}

/* The first and last address of a network are no host's, unless it has no more than two
 * (RFC 3021). */
static bool is_network_or_broadcast(const uint8_t address[4], uint64_t prefix_len)
{
    if (prefix_len > 30) {
        return false;
    }
    uint32_t number = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                      (uint32_t)address[2] << 8 | address[3];
    uint32_t host_mask = UINT32_MAX >> prefix_len;
    return (number & host_mask) == 0 || (number & host_mask) == host_mask;
}

bool option_parse_ip(const struct option_spec *spec, const char *value, struct options *out)
{
    (void)spec;
    if (strcmp(value, "dhcp") == 0) {
        out->ip_mode = NET_IP_DHCP;
        memset(out->ip, 0, sizeof(out->ip));
        out->prefix_len = 0;
        return true;
    }
    const char *slash = strchr(value, '/');
    uint8_t address[4];
    uint64_t prefix_len;
    if (slash == NULL || !value_read_ipv4(value, (size_t)(slash - value), address) ||
        !value_read_number(slash + 1, strlen(slash + 1), 32, &prefix_len)) {
        return false;
    }
    if (prefix_len == 0 || !is_host_address(address) || !netif_spec_valid_ip(address) ||
        is_network_or_broadcast(address, prefix_len)) {
        return false;
    }
    out->ip_mode = NET_IP_STATIC;
    memcpy(out->ip, address, sizeof(address));
    out->prefix_len = (uint8_t)prefix_len;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

bool option_parse_mac(const struct option_spec *spec, const char *value, struct options *out)
{
    uint8_t mac[6];
    if (strcmp(value, "interface") == 0) {
        memset(field(spec, out), 0, sizeof(mac));
        out->mac_of_interface = true;
        return true;
    }
    if (strlen(value) != 17) {
        return false;
    }
    for (size_t i = 0; i < sizeof(mac); i++) {
        int high = hex_digit(value[3 * i]);
        int low = hex_digit(value[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && value[3 * i + 2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t)(high * 16 + low);
    }
    static const uint8_t none[6];
    bool is_group = (mac[0] & 1) != 0;
    if (is_group || memcmp(mac, none, sizeof(mac)) == 0) {
        return false;
    }
    memcpy(field(spec, out), mac, sizeof(mac));
    out->mac_of_interface = false;
    return true;
}

/* ---- ALPN: names of 1 to 255 bytes (RFC 7301 section 3.1), split at commas */

static bool alpn_is_valid(const char *value)
{
    size_t count = 0;
    for (;;) {
        size_t len = strcspn(value, ",");
        if (len == 0 || len > 255 || ++count > OPTIONS_ALPN_MAX) {
            return false;
        }
        value += len;
        if (*value == '\0') {
            return true;
        }
        value++;
    }
}

bool option_parse_alpn(const struct option_spec *spec, const char *value, struct options *out)
{
    (void)spec;
    if (!alpn_is_valid(value)) {
        return false;
    }
    memcpy(out->alpn_text, value, strlen(value) + 1);
    char *name = out->alpn_text;
    size_t count = 0;
    while (name != NULL) {
        out->alpn[count++] = name;
        name = strchr(name, ',');
        if (name != NULL) {
            *name++ = '\0';
        }
    }
    out->alpn[count] = NULL;
    return true;
}
