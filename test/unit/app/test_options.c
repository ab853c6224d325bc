/* Is every option taken as documented, and every mistake named in one line? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "option_table.h"
#include "options_fixture.h"

#define SERVER "tls-echo-server --netif tap:tap0 "
#define CLIENT "tls-echo-client --netif tap:tap0 "

static void server_defaults(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "/usr/bin/tls-echo-server --netif tap:tap0");
    const struct options *options = &parse.options;
    assert_true(parse.ok);
    assert_int_equal(options->role, TLS_SERVER);
    assert_string_equal(options->netif, "tap:tap0");
    assert_int_equal(options->ip_mode, NET_IP_STATIC);
    assert_memory_equal(options->ip, "\xc6\x12\x00\x02", 4);
    assert_int_equal(options->prefix_len, 24);
    assert_memory_equal(options->gateway, "\xc6\x12\x00\x01", 4);
    assert_memory_equal(options->dns, "\0\0\0\0", 4);
    assert_memory_equal(options->mac, "\0\0\0\0\0\0", 6);
    assert_int_equal(options->port, 8433);
    assert_null(options->certs_path);
    assert_null(options->alpn[0]);
    assert_int_equal(options->min_tls, TLS_VERSION_1_2);
    assert_int_equal(options->handshake_timeout_ms, 5000);
    assert_int_equal(options->idle_timeout_ms, 60000);
    assert_int_equal(options->connect_timeout_ms, 5000);
    assert_int_equal(options->log_level, LOG_LEVEL_INFO);
    assert_int_equal(options->watchdog_s, 0);
    assert_int_equal(options->console, OPTIONS_CONSOLE_AUTO);
    assert_int_equal(options->max_sessions, 16);
    assert_int_equal(options->client_auth, TLS_PEER_AUTH_NONE);
    assert_int_equal(options->stats_interval_s, 0);
    assert_int_equal(options->rate_limit, 0);
    parse_end(&parse);
}

static void client_defaults(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo-client echo.example");
    const struct options *options = &parse.options;
    assert_true(parse.ok);
    assert_int_equal(options->role, TLS_CLIENT);
    assert_string_equal(options->netif, "tap:board0");
    assert_memory_equal(options->ip, "\xc6\x12\x00\x03", 4);
    assert_memory_equal(options->gateway, "\0\0\0\0", 4);
    assert_memory_equal(options->dns, "\xc6\x12\x00\x04", 4);
    assert_string_equal(options->host, "echo.example");
    assert_string_equal(options->server_name, "echo.example");
    assert_string_equal(options->message, "hello server");
    assert_int_equal(options->count, 1);
    assert_int_equal(options->size, 0);
    assert_false(options->from_stdin);
    assert_false(options->resume);
    parse_end(&parse);
}

static void mac_may_be_that_of_the_interface(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo-server --netif packet:eth0 --mac 02:00:5e:10:ab:cd "
                        "--mac interface");
    assert_true(parse.ok);
    assert_true(parse.options.mac_of_interface);
    assert_memory_equal(parse.options.mac, "\0\0\0\0\0\0", 6);
    parse_end(&parse);
    parse_begin(&parse, "tls-echo-server --netif tap:a --mac interface --mac 02:00:5e:10:ab:cd");
    assert_true(parse.ok);
    assert_false(parse.options.mac_of_interface);
    parse_end(&parse);
}

static void server_takes_all_its_options(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse,
                "tls-echo server --netif stream:listen=/tmp/s --ip=10.1.2.3/8 --gateway "
                "10.9.9.9 --dns 10.8.8.8 --mac 02:00:5e:10:AB:cd --port=1 --certs a.bin "
                "--min-tls 1.3 --alpn echo/1,echo/2 --handshake-timeout 1 --idle-timeout "
                "86400000 --connect-timeout 3600000 --log-level debug "
                "--max-sessions " SESSIONS_MAX " --record-timeout 7 "
                "--client-auth required --stats-interval 10 --rate-limit 5 "
                "--watchdog 86400 --console on --time-policy required --sntp "
                "time.example --clock-timeout 1000 --hostname Lab-7 --mdns on --offload off");
    const struct options *options = &parse.options;
    assert_true(parse.ok);
    assert_string_equal(options->netif, "stream:listen=/tmp/s");
    assert_memory_equal(options->ip, "\x0a\x01\x02\x03", 4);
    assert_int_equal(options->prefix_len, 8);
    assert_memory_equal(options->gateway, "\x0a\x09\x09\x09", 4);
    assert_memory_equal(options->dns, "\x0a\x08\x08\x08", 4);
    assert_memory_equal(options->mac, "\x02\x00\x5e\x10\xab\xcd", 6);
    assert_int_equal(options->port, 1);
    assert_string_equal(options->certs_path, "a.bin");
    assert_int_equal(options->min_tls, TLS_VERSION_1_3);
    assert_string_equal(options->alpn[0], "echo/1");
    assert_string_equal(options->alpn[1], "echo/2");
    assert_null(options->alpn[2]);
    assert_int_equal(options->handshake_timeout_ms, 1);
    assert_int_equal(options->idle_timeout_ms, 86400000);
    assert_int_equal(options->connect_timeout_ms, 3600000);
    assert_int_equal(options->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(options->max_sessions, atoi(SESSIONS_MAX));
    assert_int_equal(options->client_auth, TLS_PEER_AUTH_REQUIRED);
    assert_int_equal(options->stats_interval_s, 10);
    assert_int_equal(options->record_timeout_ms, 7);
    assert_int_equal(options->rate_limit, 5);
    assert_int_equal(options->watchdog_s, 86400);
    assert_int_equal(options->console, OPTIONS_CONSOLE_ON);
    assert_int_equal(options->time_policy, OPTIONS_TIME_REQUIRED);
    assert_string_equal(options->sntp, "time.example");
    assert_string_equal(options->hostname, "Lab-7");
    assert_int_equal(options->mdns, OPTIONS_MDNS_ON);
    assert_int_equal(options->offload, OPTIONS_OFFLOAD_OFF);
    assert_int_equal(options->clock_timeout_ms, 1000);
    parse_end(&parse);
}

static void client_takes_all_its_options(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo client --server-name tls-echo.local --message two_words --count "
                        "1000000000 --resume --ip dhcp localhost:9000 --port 7 --message=--dashes");
    const struct options *options = &parse.options;
    assert_true(parse.ok);
    assert_string_equal(options->host, "localhost");
    assert_int_equal(options->port, 9000); /* of HOST:PORT, wherever it stands */
    assert_string_equal(options->server_name, "tls-echo.local");
    assert_string_equal(options->message, "--dashes"); /* the last one wins */
    assert_int_equal(options->count, 1000000000);
    assert_true(options->resume);
    assert_int_equal(options->ip_mode, NET_IP_DHCP);
    assert_memory_equal(options->ip, "\0\0\0\0", 4);
    parse_end(&parse);
}

struct size_case {
    const char *line;
    uint64_t size;
};

static void sizes_may_have_a_unit(void **state)
{
    (void)state;
    static const struct size_case cases[] = {
        {CLIENT "h --size 1", 1},
        {CLIENT "h --size 8388608", 8388608},
        {CLIENT "h --size 64K", 65536},
        {CLIENT "h --size 8m", 8388608},
        {CLIENT "h --size 1024G", 1ULL << 40},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parse parse;
        parse_begin(&parse, cases[i].line);
        assert_true(parse.ok);
        assert_true(parse.options.size == cases[i].size);
        parse_end(&parse);
    }
}

static void words_after_two_dashes_are_no_options(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, CLIENT "--port 5 -- host");
    assert_true(parse.ok);
    assert_string_equal(parse.options.host, "host");
    parse_end(&parse);
    assert_refused(CLIENT "-- --port", EXIT_STATUS_USAGE,
                   "HOST: --port is not allowed: must be a host name, an IPv4 or an IPv6 address, "
                   "and :PORT if need be (IPv6 in brackets then)");
}

/* ---- Mistakes */

struct mistake {
    const char *line, *text;
};

static void refuse_all(const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_refused(mistakes[i].line, EXIT_STATUS_USAGE, mistakes[i].text);
    }
}

#define REFUSE_ALL(mistakes) refuse_all(mistakes, sizeof(mistakes) / sizeof((mistakes)[0]))

static void unknown_options_name_the_nearest(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--prot 1", "unknown option --prot; did you mean --port?"},
        {SERVER "--max-session=1", "unknown option --max-session; did you mean --max-sessions?"},
        {SERVER "--IP 1", "unknown option --IP; did you mean --ip?"},
        {SERVER "--Max-Sessions 1", "unknown option --Max-Sessions; did you mean --max-sessions?"},
        {SERVER "--frobnicate", "unknown option --frobnicate; --help shows all"},
        {SERVER "--a\nb", "unknown option --\"a\\x0ab\"; --help shows all"},
        {SERVER "--role client", "only the file on a card can have the option role"},
        {SERVER "--rol client", "unknown option --rol; --help shows all"},
        {SERVER "-p 1", "unknown option -p; options begin with two dashes, --help shows all"},
        {SERVER "--message x", "--message is an option of the client"},
        {CLIENT "h --max-sessions 3", "--max-sessions is an option of the server"},
    };
    REFUSE_ALL(mistakes);
}

#define NUMBER_1_65535 " is not allowed: must be a whole number from 1 to 65535"

static void numbers_are_strict(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--port 0", "--port: 0" NUMBER_1_65535},
        {SERVER "--port 65536", "--port: 65536" NUMBER_1_65535},
        {SERVER "--port -1", "--port: -1" NUMBER_1_65535},
        {SERVER "--port +1", "--port: +1" NUMBER_1_65535},
        {SERVER "--port 8433x", "--port: 8433x" NUMBER_1_65535},
        {SERVER "--port 0x10", "--port: 0x10" NUMBER_1_65535},
        {SERVER "--port=", "--port: \"\"" NUMBER_1_65535},
        {SERVER "--port _1", "--port: \" 1\"" NUMBER_1_65535},
        {SERVER "--port 99999999999999999999", "--port: 99999999999999999999" NUMBER_1_65535},
        {SERVER "--max-sessions 0",
         "--max-sessions: 0 is not allowed: must be a whole number from 1 to " SESSIONS_MAX},
        {SERVER "--idle-timeout 0",
         "--idle-timeout: 0 is not allowed: must be a whole number from 1 to 86400000"},
        {SERVER "--stats-interval x",
         "--stats-interval: x is not allowed: must be a whole number from 0 to 86400"},
        {CLIENT "h --count 0",
         "--count: 0 is not allowed: must be a whole number from 1 to 1000000000"},
    };
    REFUSE_ALL(mistakes);
}

#define SIZE_WORDS                                                                                 \
    " is not allowed: must be a whole number of bytes from 1 to 1024G; K, M or G after it means "  \
    "KiB, MiB, GiB"

static void sizes_are_strict(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {CLIENT "h --size 0", "--size: 0" SIZE_WORDS},
        {CLIENT "h --size 0K", "--size: 0K" SIZE_WORDS},
        {CLIENT "h --size K", "--size: K" SIZE_WORDS},
        {CLIENT "h --size 1KK", "--size: 1KK" SIZE_WORDS},
        {CLIENT "h --size 1025G", "--size: 1025G" SIZE_WORDS},
        {CLIENT "h --size 18446744073709551615G", "--size: 18446744073709551615G" SIZE_WORDS},
        {CLIENT "h --size -1", "--size: -1" SIZE_WORDS},
        {CLIENT "h --size=", "--size: \"\"" SIZE_WORDS},
    };
    REFUSE_ALL(mistakes);
}

static void choices_name_their_words(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--min-tls 1.1", "--min-tls: 1.1 is not allowed: must be 1.2 or 1.3"},
        {SERVER "--watchdog 0",
         "--watchdog: 0 is not allowed: must be off, or a whole number of seconds from 1 to 86400"},
        {SERVER "--watchdog on", "--watchdog: on is not allowed: must be off, or a whole number of "
                                 "seconds from 1 to 86400"},
        {SERVER "--log-level loud",
         "--log-level: loud is not allowed: must be error, warn, info or debug"},
        {SERVER "--time-policy strict",
         "--time-policy: strict is not allowed: must be lower-bound or required"},
        {SERVER "--sntp -x.example", "--sntp: -x.example is not allowed: must be a host name, an "
                                     "IPv4 address, or dhcp"},
        {SERVER "--mdns yes", "--mdns: yes is not allowed: must be on or off"},
        {SERVER "--offload on", "--offload: on is not allowed: must be off or auto"},
        {SERVER "--client-auth maybe",
         "--client-auth: maybe is not allowed: must be none, optional or required"},
        {CLIENT "h --resume=maybe", "--resume: maybe is not allowed: must be yes or no"},
    };
    REFUSE_ALL(mistakes);
}

#define IP_WORDS                                                                                   \
    " is not allowed: must be the address of a host and its prefix length, such as "               \
    "198.18.0.2/24, or dhcp"
#define ADDRESS_WORDS                                                                              \
    " is not allowed: must be an IPv4 address of a host, four decimal numbers with dots"
#define MAC_WORDS                                                                                  \
    " is not allowed: must be six pairs of hex digits with colons, no group address, such as "     \
    "02:00:00:00:00:01, or interface"

#define LABEL_WORDS                                                                                \
    " is not allowed: must be 1 to 63 letters, digits and hyphens, with no hyphen at either end"

static void host_name_is_one_label(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--hostname -a", "--hostname: -a" LABEL_WORDS},
        {SERVER "--hostname a-", "--hostname: a-" LABEL_WORDS},
        {SERVER "--hostname a.local", "--hostname: a.local" LABEL_WORDS},
        {SERVER "--hostname a%b", "--hostname: a%b" LABEL_WORDS},
        {SERVER "--hostname=", "--hostname: \"\"" LABEL_WORDS},
    };
    REFUSE_ALL(mistakes);
    struct parse parse;
    char line[128] = SERVER "--hostname ";
    size_t len = strlen(line);
    memset(line + len, 'h', 63);
    parse_begin(&parse, line);
    assert_true(parse.ok);
    parse_end(&parse);
    line[len + 63] = 'h';
    parse_begin(&parse, line);
    assert_false(parse.ok);
    parse_end(&parse);
}

static void addresses_are_strict(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--ip 198.18.0.2", "--ip: 198.18.0.2" IP_WORDS},
        {SERVER "--ip 198.18.0.256/24", "--ip: 198.18.0.256/24" IP_WORDS},
        {SERVER "--ip 198.18.0.02/24", "--ip: 198.18.0.02/24" IP_WORDS},
        {SERVER "--ip 198.18.0/24", "--ip: 198.18.0/24" IP_WORDS},
        {SERVER "--ip 198.18.0.2.1/24", "--ip: 198.18.0.2.1/24" IP_WORDS},
        {SERVER "--ip 198.18..2/24", "--ip: 198.18..2/24" IP_WORDS},
        {SERVER "--ip 198.18.0.2/33", "--ip: 198.18.0.2/33" IP_WORDS},
        {SERVER "--ip 198.18.0.2/0", "--ip: 198.18.0.2/0" IP_WORDS},
        {SERVER "--ip 198.18.0.2/24x", "--ip: 198.18.0.2/24x" IP_WORDS},
        {SERVER "--ip 198.18.0.0/24", "--ip: 198.18.0.0/24" IP_WORDS},
        {SERVER "--ip 198.18.0.255/24", "--ip: 198.18.0.255/24" IP_WORDS},
        {SERVER "--ip 127.0.0.1/8", "--ip: 127.0.0.1/8" IP_WORDS},
        {SERVER "--ip 0.0.0.1/8", "--ip: 0.0.0.1/8" IP_WORDS},
        {SERVER "--ip 224.0.0.1/24", "--ip: 224.0.0.1/24" IP_WORDS},
        {SERVER "--ip DHCP", "--ip: DHCP" IP_WORDS},
        {SERVER "--ip ^", "--ip: \"\"" IP_WORDS},
        {SERVER "--gateway 1.2.3.4.5", "--gateway: 1.2.3.4.5" ADDRESS_WORDS},
        {SERVER "--gateway 0.0.0.0", "--gateway: 0.0.0.0" ADDRESS_WORDS},
        {SERVER "--dns 198.18.0.1x", "--dns: 198.18.0.1x" ADDRESS_WORDS},
        {SERVER "--dns ::1", "--dns: ::1" ADDRESS_WORDS},
        {SERVER "--mac 02:00:00:00:00", "--mac: 02:00:00:00:00" MAC_WORDS},
        {SERVER "--mac interfaces", "--mac: interfaces" MAC_WORDS},
        {SERVER "--mac interface", "--mac interface and --netif tap:tap0 cannot be used together: "
                                   "only a packet:IFNAME has a hardware address of its own"},
        {SERVER "--mac 02:00:00:00:00:0g", "--mac: 02:00:00:00:00:0g" MAC_WORDS},
        {SERVER "--mac 02-00-00-00-00-01", "--mac: 02-00-00-00-00-01" MAC_WORDS},
        {SERVER "--mac 01:00:00:00:00:00", "--mac: 01:00:00:00:00:00" MAC_WORDS},
        {SERVER "--mac 00:00:00:00:00:00", "--mac: 00:00:00:00:00:00" MAC_WORDS},
    };
    REFUSE_ALL(mistakes);
}

static void point_to_point_networks_have_no_broadcast(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, SERVER "--ip 198.18.0.0/31 --gateway 198.18.0.1");
    assert_true(parse.ok);
    parse_end(&parse);
    parse_begin(&parse, SERVER "--ip 198.18.0.255/32");
    assert_true(parse.ok);
    assert_memory_equal(parse.options.gateway, "\0\0\0\0", 4);
    parse_end(&parse);
}

static void gateway_must_be_in_the_network(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--gateway 198.18.1.1",
         "--gateway: 198.18.1.1 is not another host in the network of --ip"},
        {SERVER "--gateway 198.18.0.2",
         "--gateway: 198.18.0.2 is not another host in the network of --ip"},
        {SERVER "--ip dhcp --gateway 198.18.0.1",
         "--gateway and --ip dhcp cannot be used together: DHCP names the gateway"},
    };
    REFUSE_ALL(mistakes);
}

static void boards_gateway_is_for_the_boards_network(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, SERVER "--ip 198.19.0.2/24");
    assert_true(parse.ok);
    assert_memory_equal(parse.options.gateway, "\0\0\0\0", 4);
    parse_end(&parse);
    parse_begin(&parse, SERVER "--ip 198.18.0.9/24");
    assert_true(parse.ok);
    assert_memory_equal(parse.options.gateway, "\xc6\x12\x00\x01", 4);
    parse_end(&parse);
}

#define NETIF_WORDS "must be tap:NAME, packet:IFNAME, stream:connect=PATH or stream:listen=PATH"

static void netif_is_needed_and_strict(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {"tls-echo-server", "--netif is missing: " NETIF_WORDS},
        {"tls-echo-server --netif tap", "--netif: tap is not allowed: " NETIF_WORDS},
        {"tls-echo-server --netif tap:", "--netif: tap: is not allowed: " NETIF_WORDS},
        {"tls-echo-server --netif wifi:x", "--netif: wifi:x is not allowed: " NETIF_WORDS},
        {"tls-echo-server --netif stream:x", "--netif: stream:x is not allowed: " NETIF_WORDS},
        {"tls-echo-server --netif posix:", "--netif: posix: is not allowed: " NETIF_WORDS},
    };
    REFUSE_ALL(mistakes);
}

static void values_must_be_there(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--port", "--port needs a value: a whole number from 1 to 65535; one that begins "
                          "with -- is written --port=VALUE"},
        {SERVER "--min-tls --port 1", "--min-tls needs a value: 1.2 or 1.3; one that begins with "
                                      "-- is written --min-tls=VALUE"},
        {CLIENT "h --message=",
         "--message: \"\" is not allowed: must be text of at least one byte"},
        {SERVER "--certs=", "--certs: \"\" is not allowed: must be the path of a file"},
    };
    REFUSE_ALL(mistakes);
}

#define ALPN_WORDS                                                                                 \
    " is not allowed: must be 1 to 8 protocol names of 1 to 255 bytes with commas between them"

static void alpn_names_are_counted(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {SERVER "--alpn=", "--alpn: \"\"" ALPN_WORDS},
        {SERVER "--alpn a,,b", "--alpn: a,,b" ALPN_WORDS},
        {SERVER "--alpn a,", "--alpn: a," ALPN_WORDS},
        {SERVER "--alpn 1,2,3,4,5,6,7,8,9", "--alpn: 1,2,3,4,5,6,7,8,9" ALPN_WORDS},
    };
    REFUSE_ALL(mistakes);
    struct parse parse;
    parse_begin(&parse, SERVER "--alpn 1,2,3,4,5,6,7,8");
    assert_true(parse.ok);
    assert_string_equal(parse.options.alpn[7], "8");
    assert_null(parse.options.alpn[8]);
    parse_end(&parse);
}

static void alpn_names_may_be_255_bytes(void **state)
{
    (void)state;
    struct parse parse;
    char line[600] = SERVER "--alpn ";
    size_t prefix_len = strlen(line);
    memset(line + prefix_len, 'n', 255);
    parse_begin(&parse, line);
    assert_true(parse.ok);
    assert_int_equal(strlen(parse.options.alpn[0]), 255);
    parse_end(&parse);
    line[prefix_len + 255] = 'n';
    parse_begin(&parse, line);
    assert_false(parse.ok);
    parse_end(&parse);
}

#define HOST_WORDS                                                                                 \
    " is not allowed: must be a host name, an IPv4 or an IPv6 address, and :PORT if need be "      \
    "(IPv6 "                                                                                       \
    "in brackets then)"

static void host_is_strict(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {"tls-echo-client", "HOST is missing: tls-echo-client [options] HOST[:PORT]"},
        {CLIENT "a b", "b: one HOST is enough"},
        {SERVER "a", "a: the server takes options alone"},
        {CLIENT "host:", "PORT of HOST: host:" NUMBER_1_65535},
        {CLIENT "host:0", "PORT of HOST: host:0" NUMBER_1_65535},
        {CLIENT "host:65536", "PORT of HOST: host:65536" NUMBER_1_65535},
        {CLIENT "host:http", "PORT of HOST: host:http" NUMBER_1_65535},
        {CLIENT ":8433", "HOST: :8433" HOST_WORDS},
        {CLIENT "1.2.3", "HOST: 1.2.3" HOST_WORDS},
        {CLIENT "1.2.3.256", "HOST: 1.2.3.256" HOST_WORDS},
        {CLIENT "a..b", "HOST: a..b" HOST_WORDS},
        {CLIENT "a.", "HOST: a." HOST_WORDS},
        {CLIENT "https://a", "PORT of HOST: https://a" NUMBER_1_65535},
        {CLIENT "user@host", "HOST: user@host" HOST_WORDS},
        {CLIENT "h --server-name a_b",
         "--server-name: \"a b\" is not allowed: must be a host name, "
         "an IPv4 or an IPv6 address"},
    };
    REFUSE_ALL(mistakes);
}

static void host_names_have_a_largest_length(void **state)
{
    (void)state;
    struct parse parse;
    char line[400] = CLIENT;
    char *host = line + strlen(line);
    memset(host, 'h', 253);
    host[63] = host[127] = host[191] = '.';
    parse_begin(&parse, line);
    assert_true(parse.ok);
    assert_int_equal(strlen(parse.options.host), 253);
    parse_end(&parse);
    host[253] = 'h';
    parse_begin(&parse, line);
    assert_false(parse.ok);
    parse_end(&parse);
    host[253] = '\0';
    host[63] = 'h'; /* a label of 127 */
    parse_begin(&parse, line);
    assert_false(parse.ok);
    parse_end(&parse);
}

static void what_excludes_each_other_is_named(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {CLIENT "h --stdin --message x", "--stdin and --message cannot be used together"},
        {CLIENT "h --stdin --size 1", "--stdin and --size cannot be used together"},
        {CLIENT "h --stdin --count 2", "--stdin and --count cannot be used together"},
        {CLIENT "h --stdin --console on", "--stdin and --console cannot be used together"},
        {CLIENT "h --message x --size 2", "--size and --message cannot be used together"},
    };
    REFUSE_ALL(mistakes);
    struct parse parse;
    parse_begin(&parse, CLIENT "h --stdin=no --message x");
    assert_true(parse.ok);
    parse_end(&parse);
}

static void program_without_a_role_is_refused(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {"tls-echo", "the first word must be server or client: tls-echo server [options], or "
                     "tls-echo client [options] HOST[:PORT]"},
        {"tls-echo --port 1 server",
         "the first word must be server or client: tls-echo server [options], or tls-echo client "
         "[options] HOST[:PORT]"},
    };
    REFUSE_ALL(mistakes);
}

/* ---- Help */

static char *print_help(const char *line)
{
    struct parse parse;
    char *page = NULL;
    size_t len = 0;
    parse_begin(&parse, line);
    assert_true(parse.ok);
    assert_int_equal(parse.options.action, OPTIONS_HELP);
    FILE *out = open_memstream(&page, &len);
    assert_non_null(out);
    options_print_help(&parse.options, out);
    assert_int_equal(fclose(out), 0);
    parse_end(&parse);
    return page;
}

static void assert_page_shows(const char *line, unsigned role)
{
    char *page = print_help(line);
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        bool expected = (spec->roles & role) != 0 && option_belongs(spec, OPTION_ON_COMMAND_LINE);
        char name[64];
        (void)snprintf(name, sizeof(name), "  --%s%s", spec->name, spec->value != NULL ? " " : "");
        bool shown = strstr(page, name) != NULL;
        assert_int_equal(shown, expected);
    }
    free(page);
}

static void help_shows_the_options_of_the_role(void **state)
{
    (void)state;
    assert_page_shows("tls-echo-server --help", OPTION_SERVER);
    assert_page_shows("tls-echo client --netif x --help", OPTION_CLIENT);
}

static void help_shows_defaults(void **state)
{
    (void)state;
    char *page = print_help("tls-echo-client --help");
    assert_non_null(strstr(page, "Usage: tls-echo-client [options] HOST[:PORT]\n"));
    assert_non_null(strstr(page, "what to send (default: \"hello server\")\n"));
    assert_non_null(strstr(page, "(default: 198.18.0.3/24)\n"));
    assert_non_null(strstr(page, "TCP port (default: 8433)\n"));
    free(page);
}

static void help_without_a_role_names_both(void **state)
{
    (void)state;
    char *page = print_help("tls-echo --help");
    assert_non_null(strstr(page, "tls-echo server [options]\n"));
    assert_non_null(strstr(page, "tls-echo client [options] HOST[:PORT]\n"));
    free(page);
}

static void version_is_an_action(void **state)
{
    (void)state;
    struct parse parse;
    parse_begin(&parse, "tls-echo --version");
    assert_true(parse.ok && parse.options.action == OPTIONS_VERSION);
    parse_end(&parse);
    parse_begin(&parse, "tls-echo-server --version");
    assert_true(parse.ok && parse.options.action == OPTIONS_VERSION);
    parse_end(&parse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_defaults),
        cmocka_unit_test(client_defaults),
        cmocka_unit_test(mac_may_be_that_of_the_interface),
        cmocka_unit_test(server_takes_all_its_options),
        cmocka_unit_test(client_takes_all_its_options),
        cmocka_unit_test(sizes_may_have_a_unit),
        cmocka_unit_test(words_after_two_dashes_are_no_options),
        cmocka_unit_test(unknown_options_name_the_nearest),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(sizes_are_strict),
        cmocka_unit_test(choices_name_their_words),
        cmocka_unit_test(host_name_is_one_label),
        cmocka_unit_test(addresses_are_strict),
        cmocka_unit_test(point_to_point_networks_have_no_broadcast),
        cmocka_unit_test(gateway_must_be_in_the_network),
        cmocka_unit_test(boards_gateway_is_for_the_boards_network),
        cmocka_unit_test(netif_is_needed_and_strict),
        cmocka_unit_test(values_must_be_there),
        cmocka_unit_test(alpn_names_are_counted),
        cmocka_unit_test(alpn_names_may_be_255_bytes),
        cmocka_unit_test(host_is_strict),
        cmocka_unit_test(host_names_have_a_largest_length),
        cmocka_unit_test(what_excludes_each_other_is_named),
        cmocka_unit_test(program_without_a_role_is_refused),
        cmocka_unit_test(help_shows_the_options_of_the_role),
        cmocka_unit_test(help_shows_defaults),
        cmocka_unit_test(help_without_a_role_names_both),
        cmocka_unit_test(version_is_an_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
