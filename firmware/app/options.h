/* The programs' options: from the board's defaults, a configuration file and the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "exit_status.h"
#include "log_port.h"
#include "net_port.h"
#include "tls_port.h"

#define OPTIONS_ALPN_MAX 8
#define OPTIONS_NAME_MAX 253 /* of a host name, bytes (RFC 1035 section 2.3.4) */
#define OPTIONS_TABLE_MAX 64 /* rows of the option table */

/* What a board that runs nothing else does when the program has ended. */
enum options_at_end { OPTIONS_REBOOT, OPTIONS_POWEROFF, OPTIONS_HALT };

/* Whether commands are taken from standard input. */
enum options_console { OPTIONS_CONSOLE_OFF, OPTIONS_CONSOLE_ON, OPTIONS_CONSOLE_AUTO };

/* Whether the host answers for its name on the segment. */
enum options_mdns { OPTIONS_MDNS_OFF, OPTIONS_MDNS_ON };

/* Whether long frames and sums are left to the system below the netif, where it offers that. */
enum options_offload { OPTIONS_OFFLOAD_OFF, OPTIONS_OFFLOAD_AUTO };

/* What is checked while nobody has set a clock: see the section on time in docs/DESIGN.md. */
enum options_time_policy { OPTIONS_TIME_LOWER_BOUND, OPTIONS_TIME_REQUIRED };

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

/* Where a value came from; a later one wins. */
enum option_source { OPTION_DEFAULT, OPTION_FROM_FILE, OPTION_FROM_COMMAND_LINE };

/* Numbers are 64 bits wide here whatever their range: the table checks it. Strings point into argv
 * or into config_text. */
struct options {
    enum options_action action;
    bool role_given; /* false: called as tls-echo without "server" or "client" */
    enum tls_role role;

    const char *netif;
    enum net_ip_mode ip_mode;
    uint8_t ip[4];
    uint8_t prefix_len;
    uint8_t gateway[4];
    uint8_t dns[4];
    enum net_ip6_mode ip6_mode;
    uint8_t ip6[16];
    uint8_t ip6_prefix_len;
    uint8_t mac[6]; /* all zero: derive it from the board */
    bool mac_of_interface;
    const char *hostname; /* one label */
    unsigned mdns;        /* enum options_mdns */
    unsigned offload;     /* enum options_offload */
    uint64_t port;
    const char *config_path;
    const char *certs_path; /* NULL: the embedded blob */
    const char *alpn[OPTIONS_ALPN_MAX + 1];
    char alpn_text[OPTIONS_ALPN_MAX * 256];
    unsigned min_tls; /* enum tls_version */
    uint64_t handshake_timeout_ms, idle_timeout_ms, connect_timeout_ms;
    unsigned time_policy; /* enum options_time_policy */
    const char *sntp;     /* a time server, or NET_TIME_SERVER_DHCP; NULL: none */
    uint64_t clock_timeout_ms;
    unsigned log_level;  /* enum log_level */
    uint64_t watchdog_s; /* 0: off */
    unsigned console;    /* enum options_console */

    uint64_t max_sessions;
    bool print_memory;    /* instead of serving */
    unsigned client_auth; /* enum tls_peer_auth */
    unsigned sandbox;     /* enum sandbox_mode */
    uint64_t stats_interval_s;
    uint64_t record_timeout_ms;
    uint64_t rate_limit;

    char host[OPTIONS_NAME_MAX + 1];
    uint64_t host_port; /* of HOST:PORT, already in port; 0: none */
    const char *server_name;
    const char *message;
    uint64_t count;
    uint64_t size;
    bool from_stdin;
    bool resume;

    bool is_whole_system; /* the program is all that runs on the board */
    const char *peer;     /* of a card: HOST[:PORT] */
    unsigned at_end;      /* enum options_at_end, of a card */

    unsigned char source[OPTIONS_TABLE_MAX]; /* enum option_source of each row of the table */
    unsigned line[OPTIONS_TABLE_MAX];        /* where it stands in a card's file; 0: not there */
    char *config_text;                       /* owned: the configuration file, cut into strings */
};

/* What is wrong, in one line, and the status to exit with. */
struct options_error {
    enum exit_status status;
    char text[512];
    const char *culprit; /* the option that would have to go, where options exclude each other;
                            static; NULL: none */
};

/* Reads the command line, and the configuration file if it names one, into *out, which the caller
 * ends with options_free, also after an error. False: *error says what is wrong. argv is borrowed
 * for as long as out is used. */
PORT_MUST_USE bool options_parse(struct options *out, int argc, char *const argv[],
                                 struct options_error *error);

/* What a board knows before it reads its card: the default of an option, as one would type it. */
struct options_default {
    const char *name;
    const char *value; /* borrowed for as long as the options are used */
};

/* Reads the file at path, tls-echo.conf on a board's card, into *out, which the caller ends with
 * options_free, also after an error. It says which role the board has (role = server|client; the
 * client's peer = HOST[:PORT]) and every option of that role. defaults, which end with a NULL name,
 * stand in for the board's own; path is borrowed for the call; NULL: no card, the defaults alone.
 *
 * Each line that says nothing usable (syntax, unknown name, a value that is not allowed, given
 * twice, of the other role, excluded by another line) is logged with name and line number as
 * "line_ignored" and the rest is used; so is a file that is not there. A line that is, or by its
 * name may be meant as, a security setting is logged as "line_refused" instead, and like a file
 * that cannot be read it stops the start: false, *error has status CONFIG, and all that is wrong
 * has been logged. */
PORT_MUST_USE bool options_parse_card(struct options *out, const char *path,
                                      const struct options_default *defaults,
                                      struct options_error *error);

/* Frees what out owns. */
void options_free(struct options *out);

/* Where the value of an option (its name without dashes) came from. */
enum option_source options_source(const struct options *options, const char *name);

/* "tls-echo-server", "tls-echo-client", or "tls-echo" while the role is not known; static. */
const char *options_program_name(const struct options *options);

/* Prints the help page of the role, made from the table. */
void options_print_help(const struct options *options, FILE *out);

#endif
