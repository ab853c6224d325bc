/* The table of options. */
#include "option_table.h"

#include <stdio.h>
#include <string.h>

#include "board.h"
#include "netif_spec.h"
#include "option_values.h"
#include "profile.h"

static const char *const tls_versions[] = {"1.2", "1.3", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const consoles[] = {"off", "on", "auto", NULL};
static const char *const client_auths[] = {"none", "optional", "required", NULL};
static const char *const sandboxes[] = {"off", "auto", "on", NULL}; /* enum sandbox_mode */
static const char *const time_policies[] = {"lower-bound", "required", NULL};
static const char *const mdns_modes[] = {"off", "on", NULL}; /* enum options_mdns */
static const char *const offloads[] = {"off", "auto", NULL}; /* enum options_offload */
static const char *const roles[] = {"server", "client", NULL};
static const char *const at_ends[] = {"reboot", "poweroff", "halt", NULL};

#define ADDRESS_ALLOWED "an IPv4 address of a host, four decimal numbers with dots"
#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define DAY_S 86400

#define FIELD(member) .offset = offsetof(struct options, member)
#define FROM_BOARD(member) .board_offset = offsetof(struct board_defaults, member)
#define NO_BOARD .board_offset = OPTION_NO_BOARD_DEFAULT

static bool parse_help(const struct option_spec *spec, const char *value, struct options *out)
{
    (void)spec;
    out->action = OPTIONS_HELP;
    return strcmp(value, "yes") == 0;
}

static bool parse_print_memory(const struct option_spec *spec, const char *value,
                               struct options *out)
{
    (void)spec;
    out->print_memory = true;
    return strcmp(value, "yes") == 0;
}

static bool parse_version(const struct option_spec *spec, const char *value, struct options *out)
{
    (void)spec;
    out->action = OPTIONS_VERSION;
    return strcmp(value, "yes") == 0;
}

/* No version below the lowest one that is there. */
static bool parse_min_tls(const struct option_spec *spec, const char *value, struct options *out)
{
    return strcmp(value, PROFILE_MIN_TLS) >= 0 && option_parse_choice(spec, value, out);
}

static bool parse_console(const struct option_spec *spec, const char *value, struct options *out)
{
    bool is_there = PROFILE_HAS_CONSOLE || strcmp(value, "off") == 0;
    return is_there && option_parse_choice(spec, value, out);
}

/* TLS_SERVER and TLS_CLIENT, in the order of the choices. */
static bool parse_role(const struct option_spec *spec, const char *value, struct options *out)
{
    bool is_server = strcmp(value, spec->choices[0]) == 0;
    if (!is_server && strcmp(value, spec->choices[1]) != 0) {
        return false;
    }
    out->role = is_server ? TLS_SERVER : TLS_CLIENT;
    return true;
}

/* clang-format off: one row a line or two reads as the table it is */
const struct option_spec option_table[] = {
    {"netif", "SPEC", OPTION_COMMON, option_parse_netif, FIELD(netif), FROM_BOARD(netif),
     .help = "network interface: tap:NAME, packet:IFNAME, stream:connect=PATH, stream:listen=PATH"},
    {"ip", "ADDR/PREFIX|dhcp", OPTION_COMMON, option_parse_ip, FROM_BOARD(ip),
     .allowed = "the address of a host and its prefix length, such as 198.18.0.2/24, or dhcp",
     .help = "IPv4 address of the firmware's own stack"},
    {"gateway", "ADDR", OPTION_COMMON, option_parse_address, FIELD(gateway), FROM_BOARD(gateway),
     .allowed = ADDRESS_ALLOWED, .help = "router to other networks"},
    {"dns", "ADDR", OPTION_COMMON, option_parse_address, FIELD(dns), FROM_BOARD(dns),
     .allowed = ADDRESS_ALLOWED, .help = "name server"},
    {"ip6", PROFILE_IP6_FORMS, OPTION_COMMON, option_parse_ip6, NO_BOARD, .fallback = PROFILE_IP6,
     .help = "IPv6 addresses: what routers announce, and a link-local one; or a static one"},
    {"mac", "ADDR|interface", OPTION_COMMON, option_parse_mac, FIELD(mac), NO_BOARD,
     .allowed = "six pairs of hex digits with colons, no group address, such as "
                "02:00:00:00:00:01, or interface",
     .help = "hardware address, or that of packet:IFNAME; without it one that is stable on this "
             "board"},
    {"hostname", "NAME", OPTION_COMMON, option_parse_label, FIELD(hostname), NO_BOARD,
     .allowed = "1 to 63 letters, digits and hyphens, with no hyphen at either end",
     .fallback = "tls-echo", .help = "the host's name, which the DHCP server is told"},
    {"offload", "auto|off", OPTION_COMMON, option_parse_choice, FIELD(offload), NO_BOARD,
     .choices = offloads, .fallback = "auto",
     .help = "let the system cut, join and sum TCP segments where it can"},
    {"port", "N", OPTION_COMMON, option_parse_number, FIELD(port), NO_BOARD, .min = 1, .max = 65535,
     .fallback = "8433", .help = "TCP port"},
    {"config", "FILE", OPTION_COMMON, option_parse_text, FIELD(config_path), NO_BOARD,
     .command_line_only = true, .allowed = "the path of a file",
     .help = "read options from FILE, one \"name = value\" a line; the command line wins"},
    {"certs", "FILE", OPTION_COMMON, option_parse_text, FIELD(certs_path), NO_BOARD,
     .allowed = "the path of a file", .help = "use this certificate blob, not the embedded one"},
    {"min-tls", PROFILE_TLS_VERSIONS, OPTION_COMMON, parse_min_tls, FIELD(min_tls), NO_BOARD,
     .choices = tls_versions, .allowed = PROFILE_MIN_TLS_ALLOWED, .fallback = PROFILE_MIN_TLS,
     .security = true, .help = "lowest TLS version accepted"},
    {"alpn", "NAME[,NAME]", OPTION_COMMON, option_parse_alpn, NO_BOARD,
     .allowed = "1 to 8 protocol names of 1 to 255 bytes with commas between them",
     .help = "TLS application protocols, most wanted first"},
    {"connect-timeout", "MS", OPTION_COMMON, option_parse_number, FIELD(connect_timeout_ms),
     NO_BOARD, .min = 1, .max = HOUR_MS, .fallback = "5000",
     .help = "deadline for address, name and TCP connection together"},
    {"handshake-timeout", "MS", OPTION_COMMON, option_parse_number, FIELD(handshake_timeout_ms),
     NO_BOARD, .min = 1, .max = HOUR_MS, .fallback = "5000",
     .help = "deadline for the TLS handshake"},
    {"idle-timeout", "MS", OPTION_COMMON, option_parse_number, FIELD(idle_timeout_ms), NO_BOARD,
     .min = 1, .max = DAY_MS, .fallback = "60000",
     .help = "longest time without a byte read or written"},
    {"time-policy", "lower-bound|required", OPTION_COMMON, option_parse_choice, FIELD(time_policy),
     NO_BOARD, .choices = time_policies, .fallback = "lower-bound", .security = true,
     .help = "until a clock is set: go on with what is certain, or wait for it"},
    {"sntp", "HOST|dhcp", OPTION_COMMON, option_parse_sntp, FIELD(sntp), NO_BOARD,
     .help = "set the clock by this time server, or the one that DHCP names; not authenticated"},
    {"clock-timeout", "MS", OPTION_COMMON, option_parse_number, FIELD(clock_timeout_ms), NO_BOARD,
     .min = 1, .max = HOUR_MS, .fallback = "60000",
     .help = "with --time-policy required: longest wait for the clock"},
    {"log-level", "error|warn|info|debug", OPTION_COMMON, option_parse_choice, FIELD(log_level),
     NO_BOARD, .choices = log_levels, .fallback = "info", .help = "how much the console shows"},
    {"watchdog", "SECONDS|off", OPTION_COMMON, option_parse_number_or_off, FIELD(watchdog_s),
     NO_BOARD, .min = 1, .max = DAY_S,
     .allowed = "off, or a whole number of seconds from 1 to 86400", .fallback = "off",
     .help = "let the board's watchdog restart it when the event loop hangs for so long"},
    {"console", PROFILE_CONSOLE_MODES, OPTION_COMMON, parse_console, FIELD(console), NO_BOARD,
     .choices = consoles, .allowed = PROFILE_CONSOLE_ALLOWED, .fallback = PROFILE_CONSOLE,
     .help = "take commands typed on standard input; auto: if it is a terminal"},

    {"max-sessions", "N", OPTION_SERVER, option_parse_number, FIELD(max_sessions), NO_BOARD,
     .min = 1, .max = SESSIONS_MAX, .fallback = "16",
     .help = "sessions at a time; more are refused"},
    {"client-auth", "none|optional|required", OPTION_SERVER, option_parse_choice,
     FIELD(client_auth), NO_BOARD, .choices = client_auths, .fallback = "none", .security = true,
     .help = "whether clients must show a certificate"},
    {"stats-interval", "S", OPTION_SERVER, option_parse_number, FIELD(stats_interval_s), NO_BOARD,
     .min = 0, .max = DAY_S, .fallback = "0", .help = "log statistics this often; 0: at the end"},
    {"record-timeout", "MS", OPTION_SERVER, option_parse_number, FIELD(record_timeout_ms), NO_BOARD,
     .min = 1, .max = DAY_MS, .fallback = "30000",
     .help = "longest time from a record's header to its last byte"},
    {"rate-limit", "N", OPTION_SERVER, option_parse_number, FIELD(rate_limit), NO_BOARD, .min = 0,
     .max = 1000000, .fallback = "0",
     .help = "new connections a second from one address, or one IPv6 /64; 0: no limit"},
    {"mdns", PROFILE_MDNS_MODES, OPTION_SERVER, option_parse_mdns, FIELD(mdns), NO_BOARD,
     .choices = mdns_modes, .fallback = "off",
     .help = "answer for NAME.local (--hostname) on the network, and announce _tls-echo._tcp"},
    {"print-memory", NULL, OPTION_SERVER, parse_print_memory, NO_BOARD, .command_line_only = true,
     .help = "print how much RAM it takes at most with these options, and end"},

    {"server-name", "NAME", OPTION_CLIENT, option_parse_host_name, FIELD(server_name), NO_BOARD,
     .allowed = "a host name, an IPv4 or an IPv6 address",
     .help = "name the server's certificate must have; without it HOST"},
    {"message", "TEXT", OPTION_CLIENT, option_parse_text, FIELD(message), NO_BOARD,
     .allowed = "text of at least one byte", .fallback = "hello server", .help = "what to send"},
    {"count", "N", OPTION_CLIENT, option_parse_number, FIELD(count), NO_BOARD, .min = 1,
     .max = 1000000000, .fallback = "1", .help = "how many messages to send"},
    {"size", "BYTES", OPTION_CLIENT, option_parse_size, FIELD(size), NO_BOARD, .min = 1,
     .max = UINT64_C(1) << 40,
     .allowed = "a whole number of bytes from 1 to 1024G; K, M or G after it means KiB, MiB, GiB",
     .help = "send this many random bytes instead of a message"},
    {"stdin", NULL, OPTION_CLIENT, option_parse_switch, FIELD(from_stdin), NO_BOARD,
     .fallback = "no", .help = "send each line typed, until the input ends"},
    {"resume", NULL, OPTION_CLIENT, option_parse_switch, FIELD(resume), NO_BOARD, .fallback = "no",
     .help = "connect once more and resume the session"},

    {"role", "server|client", OPTION_COMMON, parse_role, NO_BOARD, .choices = roles,
     .card_only = true, .help = "which of the two programs the board runs; without it the server"},
    {"peer", "HOST[:PORT]", OPTION_CLIENT, option_parse_text, FIELD(peer), NO_BOARD,
     .card_only = true, .allowed = "a host, and :PORT if need be",
     .help = "the server to connect to"},
    {"sandbox", "on|auto|off", OPTION_COMMON, option_parse_choice, FIELD(sandbox), NO_BOARD,
     .choices = sandboxes, .fallback = "auto", .security = true,
     .help = "give up rights and system calls once the network is open; auto: as far as it goes"},
    {"at-end", "reboot|poweroff|halt", OPTION_COMMON, option_parse_choice, FIELD(at_end), NO_BOARD,
     .choices = at_ends, .fallback = "poweroff", .card_only = true,
     .help = "what the board does when the program has ended"},

    {"help", NULL, OPTION_COMMON, parse_help, NO_BOARD, .command_line_only = true,
     .help = "print this page"},
    {"version", NULL, OPTION_COMMON, parse_version, NO_BOARD, .command_line_only = true,
     .help = "print what this program is made of"},
};
/* clang-format on */

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);
_Static_assert(sizeof(option_table) / sizeof(option_table[0]) <= OPTIONS_TABLE_MAX,
               "options.source has a place for each row");

const struct option_spec *option_find(const char *name, size_t len)
{
    for (size_t i = 0; i < option_count; i++) {
        if (strlen(option_table[i].name) == len && memcmp(option_table[i].name, name, len) == 0) {
            return &option_table[i];
        }
    }
    return NULL;
}

bool option_belongs(const struct option_spec *spec, enum option_place place)
{
    switch (place) {
    case OPTION_ON_COMMAND_LINE:
        return !spec->card_only;
    case OPTION_IN_FILE:
        return !spec->card_only && !spec->command_line_only;
    case OPTION_ON_CARD:
        return !spec->command_line_only;
    }
    return false;
}

bool option_is_of_role(const struct option_spec *spec, enum tls_role role)
{
    return (spec->roles & (1U << role)) != 0;
}

static const char *board_default(const struct option_spec *spec, enum tls_role role)
{
    const struct board_defaults *defaults = role == TLS_SERVER ? &board.server : &board.client;
    if (spec->board_offset == OPTION_NO_BOARD_DEFAULT) {
        return NULL;
    }
    return *(const char *const *)((const char *)defaults + spec->board_offset);
}

const char *option_default(const struct option_spec *spec, enum tls_role role)
{
    if (spec->parse == option_parse_netif) {
        return netif_spec_default(board_default(spec, role));
    }
    if (spec->parse == option_parse_ip) {
        return netif_spec_default_ip(board_default(spec, role));
    }
    const char *from_board = board_default(spec, role);
    return from_board != NULL ? from_board : spec->fallback;
}

static void describe_choices(const char *const *choices, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *between = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        size_t len = strlen(out);
        (void)snprintf(out + len, cap - len, "%s%s", between, choices[i]);
    }
}

void option_describe_allowed(const struct option_spec *spec, char *out, size_t cap)
{
    if (spec->parse == option_parse_netif) {
        (void)snprintf(out, cap, "%s", netif_spec_allowed());
    } else if (spec->parse == option_parse_sntp) {
        (void)snprintf(out, cap, "%s", netif_spec_allowed_sntp());
    } else if (spec->parse == option_parse_ip6) {
        (void)snprintf(out, cap, "%s", netif_spec_allowed_ip6());
    } else if (spec->parse == option_parse_mdns) {
        (void)snprintf(out, cap, "%s", netif_spec_allowed_mdns());
    } else if (spec->allowed != NULL) {
        (void)snprintf(out, cap, "%s", spec->allowed);
    } else if (spec->choices != NULL) {
        describe_choices(spec->choices, out, cap);
    } else if (spec->value == NULL) {
        (void)snprintf(out, cap, "yes or no");
    } else {
        (void)snprintf(out, cap, "a whole number from %llu to %llu", (unsigned long long)spec->min,
                       (unsigned long long)spec->max);
    }
}

bool option_set(const struct option_spec *spec, const char *value, enum option_source source,
                const char *prefix, struct options *out, struct options_error *error)
{
    if (spec->parse(spec, value, out)) {
        out->source[spec - option_table] = (unsigned char)source;
        return true;
    }
    char quoted[128], allowed[192];
    option_describe_allowed(spec, allowed, sizeof(allowed));
    (void)snprintf(error->text, sizeof(error->text), "%s%s: %s is not allowed: must be %s", prefix,
                   spec->name, log_quote(quoted, sizeof(quoted), value), allowed);
    return false;
}
