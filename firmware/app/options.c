/* Reads the command line, in the order: program, options, configuration file, what they mean
 * together. */
#include "options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "netif_spec.h"
#include "option_table.h"
#include "option_values.h"
#include "options_steps.h"

static PORT_PRINTF(2, 3) bool fail(struct options_error *error, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    error->status = EXIT_STATUS_USAGE;
    error->culprit = NULL;
    (void)vsnprintf(error->text, sizeof(error->text), format, values);
    va_end(values);
    return false;
}

const char *options_program_name(const struct options *options)
{
    if (!options->role_given) {
        return "tls-echo";
    }
    return options->role == TLS_SERVER ? "tls-echo-server" : "tls-echo-client";
}

enum option_source options_source(const struct options *options, const char *name)
{
    const struct option_spec *spec = option_find(name, strlen(name));
    if (spec == NULL) {
        return OPTION_DEFAULT;
    }
    return (enum option_source)options->source[spec - option_table];
}

/* ---- Arguments, one at a time */

struct scanner {
    int argc;
    char *const *argv;
    int next;
    bool options_ended; /* after "--" */
};

struct argument {
    const struct option_spec *spec; /* NULL: not an option */
    const char *value;
};

static bool fail_unknown(struct options_error *error, const char *name, enum tls_role role)
{
    char quoted[128];
    const struct option_spec *nearest = option_find_nearest(name, role, OPTION_ON_COMMAND_LINE);
    log_quote(quoted, sizeof(quoted), name);
    if (nearest == NULL) {
        return fail(error, "unknown option --%s; --help shows all", quoted);
    }
    return fail(error, "unknown option --%s; did you mean --%s?", quoted, nearest->name);
}

static bool find_option(const char *name, size_t len, enum tls_role role,
                        const struct option_spec **out, struct options_error *error)
{
    *out = option_find(name, len);
    if (*out == NULL) {
        char copy[64];
        (void)snprintf(copy, sizeof(copy), "%.*s", (int)(len < sizeof(copy) ? len : 63), name);
        return fail_unknown(error, copy, role);
    }
    if (!option_belongs(*out, OPTION_ON_COMMAND_LINE)) {
        return fail(error, "only the file on a card can have the option %s", (*out)->name);
    }
    if (!option_is_of_role(*out, role)) {
        return fail(error, "--%s is an option of the %s", (*out)->name,
                    role == TLS_SERVER ? "client" : "server");
    }
    return true;
}

/* Takes the value of a "--name value" pair from the next argument. */
static bool take_value(struct scanner *scanner, struct argument *out, struct options_error *error)
{
    char allowed[192];
    if (scanner->next < scanner->argc && strncmp(scanner->argv[scanner->next], "--", 2) != 0) {
        out->value = scanner->argv[scanner->next++];
        return true;
    }
    option_describe_allowed(out->spec, allowed, sizeof(allowed));
    return fail(error, "--%s needs a value: %s; one that begins with -- is written --%s=VALUE",
                out->spec->name, allowed, out->spec->name);
}

static bool scan_option(struct scanner *scanner, const char *text, enum tls_role role,
                        struct argument *out, struct options_error *error)
{
    const char *equals = strchr(text, '=');
    size_t name_len = equals != NULL ? (size_t)(equals - text) : strlen(text);
    if (!find_option(text, name_len, role, &out->spec, error)) {
        return false;
    }
    if (equals != NULL) {
        out->value = equals + 1;
    } else if (out->spec->value == NULL) {
        out->value = "yes";
    } else {
        return take_value(scanner, out, error);
    }
    return true;
}

/* Reads the next argument; call while scanner->next < scanner->argc. An argument with neither spec
 * nor value is the "--" itself. */
static bool scan(struct scanner *scanner, enum tls_role role, struct argument *out,
                 struct options_error *error)
{
    char quoted[128];
    const char *text = scanner->argv[scanner->next++];
    *out = (struct argument){.spec = NULL};
    if (scanner->options_ended || text[0] != '-') {
        out->value = text;
        return true;
    }
    if (strcmp(text, "--") == 0) {
        scanner->options_ended = true;
        return true;
    }
    if (text[1] != '-') {
        return fail(error, "unknown option %s; options begin with two dashes, --help shows all",
                    log_quote(quoted, sizeof(quoted), text));
    }
    return scan_option(scanner, text + 2, role, out, error);
}

/* ---- HOST[:PORT] */

struct host_parts {
    const char *host;
    size_t host_len;
    const char *port; /* NULL: none */
    bool is_address;  /* it has the form of an IPv6 one */
};

/* NAME, NAME:PORT, [ADDRESS], [ADDRESS]:PORT (RFC 3986 section 3.2.2), or a bare IPv6 address,
 * which has more colons than one. */
static struct host_parts split_host(const char *text)
{
    const char *colon = strchr(text, ':');
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (bracket != NULL && (bracket[1] == '\0' || bracket[1] == ':')) {
        return (struct host_parts){.host = text + 1,
                                   .host_len = (size_t)(bracket - text) - 1,
                                   .port = bracket[1] == ':' ? bracket + 2 : NULL,
                                   .is_address = true};
    }
    if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        return (struct host_parts){
            .host = text, .host_len = (size_t)(colon - text), .port = colon + 1};
    }
    return (struct host_parts){.host = text, .host_len = strlen(text), .is_address = colon != NULL};
}

bool options_take_host(const char *text, struct options *out, struct options_error *error)
{
    char quoted[128];
    log_quote(quoted, sizeof(quoted), text);
    if (out->role == TLS_SERVER) {
        return fail(error, "%s: the server takes options alone", quoted);
    }
    if (out->host[0] != '\0') {
        return fail(error, "%s: one HOST is enough", quoted);
    }
    struct host_parts parts = split_host(text);
    if (parts.host_len > OPTIONS_NAME_MAX) {
        parts.host_len = 0;
    }
    (void)snprintf(out->host, sizeof(out->host), "%.*s", (int)parts.host_len, parts.host);
    if (!value_is_host_name(out->host) || parts.is_address != (strchr(out->host, ':') != NULL)) {
        return fail(error,
                    "HOST: %s is not allowed: must be a host name, an IPv4 or an IPv6 address, and "
                    ":PORT if need be (IPv6 in brackets then)",
                    quoted);
    }
    if (parts.port == NULL) {
        return true;
    }
    uint64_t port;
    if (!value_read_number(parts.port, strlen(parts.port), 65535, &port) || port == 0) {
        return fail(error,
                    "PORT of HOST: %s is not allowed: must be a whole number from 1 to 65535",
                    quoted);
    }
    out->host_port = port;
    return true;
}

/* ---- Passes */

bool options_set_defaults(struct options *out, struct options_error *error)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        const char *value = option_default(spec, out->role);
        if (value == NULL || spec->command_line_only) {
            continue;
        }
        error->status = EXIT_STATUS_INTERNAL; /* a board with a malformed default */
        if (!option_set(spec, value, OPTION_DEFAULT, "default of --", out, error)) {
            return false;
        }
    }
    return true;
}

/* The first pass looks at every option's name, and takes those that say where to go from here; the
 * second one takes values. */
enum pass { PASS_NAMES, PASS_VALUES };

static bool take_argument(const struct argument *argument, enum pass pass, struct options *out,
                          struct options_error *error)
{
    if (argument->spec == NULL && argument->value == NULL) {
        return true;
    }
    if (argument->spec == NULL) {
        return pass == PASS_NAMES || options_take_host(argument->value, out, error);
    }
    if (argument->spec->command_line_only != (pass == PASS_NAMES)) {
        return true;
    }
    error->status = EXIT_STATUS_USAGE;
    return option_set(argument->spec, argument->value, OPTION_FROM_COMMAND_LINE, "--", out, error);
}

static bool run_pass(struct scanner scanner, enum pass pass, struct options *out,
                     struct options_error *error)
{
    while (scanner.next < scanner.argc && out->action == OPTIONS_RUN) {
        struct argument argument;
        if (!scan(&scanner, out->role, &argument, error) ||
            !take_argument(&argument, pass, out, error)) {
            return false;
        }
    }
    return true;
}

/* ---- What the options mean together */

static bool starts_with(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

/* Pairs that exclude each other. */
static const char *const conflicts[][2] = {{"stdin", "message"},
                                           {"stdin", "size"},
                                           {"stdin", "count"},
                                           {"stdin", "console"},
                                           {"size", "message"}};

static bool is_in_use(const struct options *options, const char *name)
{
    if (strcmp(name, "stdin") == 0 && !options->from_stdin) {
        return false;
    }
    if (strcmp(name, "console") == 0 && options->console != OPTIONS_CONSOLE_ON) {
        return false;
    }
    return options_source(options, name) != OPTION_DEFAULT;
}

void options_forget(struct options *out, const char *name)
{
    const struct option_spec *spec = option_find(name, strlen(name));
    const char *value = option_default(spec, out->role);
    if (value != NULL) {
        (void)spec->parse(spec, value, out);
    } else if (strcmp(name, "gateway") == 0) {
        memset(out->gateway, 0, sizeof(out->gateway));
    } else if (strcmp(name, "mac") == 0) {
        out->mac_of_interface = false;
    } else {
        out->size = 0; /* the only other one without a default */
    }
    out->source[spec - option_table] = OPTION_DEFAULT;
}

static unsigned option_line(const struct options *options, const char *name)
{
    return options->line[option_find(name, strlen(name)) - option_table];
}

static bool settle_conflict(struct options *out, const char *a, const char *b,
                            struct options_error *error)
{
    if (!is_in_use(out, a) || !is_in_use(out, b)) {
        return true;
    }
    enum option_source source_a = options_source(out, a);
    enum option_source source_b = options_source(out, b);
    if (source_a == source_b) {
        (void)fail(error, "--%s and --%s cannot be used together", a, b);
        error->culprit = option_line(out, a) > option_line(out, b) ? a : b;
        return false;
    }
    options_forget(out, source_a < source_b ? a : b);
    return true;
}

static bool settle_conflicts(struct options *out, struct options_error *error)
{
    for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
        if (!settle_conflict(out, conflicts[i][0], conflicts[i][1], error)) {
            return false;
        }
    }
    return true;
}

static bool is_in_network(const struct options *options, const uint8_t address[4])
{
    for (unsigned bit = 0; bit < options->prefix_len; bit++) {
        unsigned mask = 0x80U >> (bit % 8);
        if (((address[bit / 8] ^ options->ip[bit / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

/* A gateway belongs to the address it was given with: once a better source changes the address, it
 * counts only if it still fits. */
static bool settle_gateway(struct options *out, struct options_error *error)
{
    enum option_source source = options_source(out, "gateway");
    bool given = source != OPTION_DEFAULT && source >= options_source(out, "ip");
    bool is_own = memcmp(out->gateway, out->ip, sizeof(out->ip)) == 0;
    bool usable = out->ip_mode == NET_IP_STATIC && is_in_network(out, out->gateway) && !is_own;
    if (usable) {
        return true;
    }
    if (given && out->ip_mode == NET_IP_DHCP) {
        (void)fail(error,
                   "--gateway and --ip dhcp cannot be used together: DHCP names the gateway");
    } else if (given) {
        (void)fail(error, "--gateway: %u.%u.%u.%u is not another host in the network of --ip",
                   out->gateway[0], out->gateway[1], out->gateway[2], out->gateway[3]);
    }
    if (given) {
        error->culprit = "gateway";
        return false;
    }
    memset(out->gateway, 0, sizeof(out->gateway));
    return true;
}

/* Only a real interface has an address that others know already. */
static bool settle_mac(const struct options *out, struct options_error *error)
{
    if (!out->mac_of_interface || starts_with(out->netif, "packet:")) {
        return true;
    }
    (void)fail(error,
               "--mac interface and --netif %.64s cannot be used together: only a "
               "packet:IFNAME has a hardware address of its own",
               out->netif);
    error->culprit = "mac";
    return false;
}

static bool settle_client(struct options *out, struct options_error *error)
{
    if (out->host[0] == '\0') {
        return fail(error, "HOST is missing: tls-echo-client [options] HOST[:PORT]");
    }
    if (strchr(out->host, ':') != NULL && out->ip6_mode == NET_IP6_OFF) {
        return fail(error, "HOST: %s is an IPv6 address, and --ip6 is off", out->host);
    }
    if (out->host_port != 0) {
        out->port = out->host_port;
    }
    if (out->server_name == NULL) {
        out->server_name = out->host;
    }
    return settle_conflicts(out, error);
}

bool options_settle(struct options *out, struct options_error *error)
{
    if (out->netif == NULL && !out->print_memory) {
        return fail(error, "--netif is missing: must be %s", netif_spec_allowed());
    }
    if (!settle_gateway(out, error) || !settle_mac(out, error)) {
        return false;
    }
    return out->role == TLS_SERVER || settle_client(out, error);
}

/* ---- Which program this is */

const char *options_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The role from the program's name, else from its first word; returns how many arguments that took.
 */
static int take_role(struct options *out, int argc, char *const argv[])
{
    const char *name = argc > 0 ? options_base_name(argv[0]) : "";
    out->role_given = true;
    if (starts_with(name, "tls-echo-server") || starts_with(name, "tls-echo-client")) {
        out->role = starts_with(name, "tls-echo-server") ? TLS_SERVER : TLS_CLIENT;
        return 1;
    }
    if (argc > 1 && (strcmp(argv[1], "server") == 0 || strcmp(argv[1], "client") == 0)) {
        out->role = strcmp(argv[1], "server") == 0 ? TLS_SERVER : TLS_CLIENT;
        return 2;
    }
    out->role_given = false;
    return 1;
}

/* Without a role only --help and --version mean something. */
static bool parse_without_role(struct options *out, int argc, char *const argv[],
                               struct options_error *error)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        out->action = OPTIONS_HELP;
    } else if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        out->action = OPTIONS_VERSION;
    } else {
        return fail(error, "the first word must be server or client: tls-echo server [options], or "
                           "tls-echo client [options] HOST[:PORT]");
    }
    return true;
}

bool options_parse(struct options *out, int argc, char *const argv[], struct options_error *error)
{
    *out = (struct options){.action = OPTIONS_RUN};
    struct scanner scanner = {.argc = argc, .argv = argv};
    scanner.next = take_role(out, argc, argv);
    if (!out->role_given) {
        return parse_without_role(out, argc, argv, error);
    }
    if (!options_set_defaults(out, error) || !run_pass(scanner, PASS_NAMES, out, error)) {
        return false;
    }
    if (out->action != OPTIONS_RUN) {
        return true;
    }
    if (out->config_path != NULL && !config_file_read(out->config_path, out, error)) {
        return false;
    }
    return run_pass(scanner, PASS_VALUES, out, error) && options_settle(out, error);
}

void options_free(struct options *out)
{
    free(out->config_text);
    out->config_text = NULL;
}
