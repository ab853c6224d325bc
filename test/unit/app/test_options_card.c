/* Is the file on a card read as documented: is what is wrong named on the console and the rest
 * used, and does a security setting that is not understood stop the start? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "options.h"
#include "temp_file.h"

static const struct options_default no_defaults[] = {{NULL, NULL}};
static const struct options_default board_knows[] = {
    {"netif", "packet:end0"}, {"certs", "/boot/certs/blob.bin"}, {NULL, NULL}};

struct card_parse {
    struct options options;
    struct options_error error;
    bool ok;
};

static void read_bytes(struct card_parse *parse, const char *bytes, size_t len)
{
    temp_file_write(bytes, len);
    fake_reset();
    parse->ok = options_parse_card(&parse->options, temp_file_path, board_knows, &parse->error);
}

static void read_text(struct card_parse *parse, const char *text)
{
    read_bytes(parse, text, strlen(text));
}

/* Events on the console with this level, less their time. */
static unsigned count_events(const char *level)
{
    unsigned count = 0;
    for (const char *at = fake.console; (at = strstr(at, level)) != NULL; at++) {
        count++;
    }
    return count;
}

static void assert_logged(const char *event)
{
    if (strstr(fake.console, event) == NULL) {
        print_error("no \"%s\" in:\n%s", event, fake.console);
    }
    assert_non_null(strstr(fake.console, event));
}

static void assert_quiet(void)
{
    assert_string_equal(fake.console, "");
}

/* One line is passed over with these words; the rest of the file is used. */
static void assert_ignored(const char *line, const char *name, const char *words)
{
    struct card_parse parse;
    char text[512], event[512];
    (void)snprintf(text, sizeof(text), "port = 9000\n%s\nlog-level = debug\n", line);
    read_text(&parse, text);
    (void)snprintf(event, sizeof(event), "WARN  config line_ignored file=%s line=2 name=%s text=%s",
                   strrchr(temp_file_path, '/') + 1, name, words);
    assert_logged(event);
    assert_true(parse.ok);
    assert_int_equal(count_events("config line_"), 1);
    assert_int_equal(parse.options.port, 9000);
    assert_int_equal(parse.options.log_level, LOG_LEVEL_DEBUG);
    options_free(&parse.options);
}

/* One line stops the start, with these words. */
static void assert_stops(const char *line, const char *name, const char *words)
{
    struct card_parse parse;
    char text[512], event[512];
    (void)snprintf(text, sizeof(text), "port = 9000\n%s\nlog-level = debug\n", line);
    read_text(&parse, text);
    (void)snprintf(event, sizeof(event), "ERROR config line_refused file=%s line=2 name=%s text=%s",
                   strrchr(temp_file_path, '/') + 1, name, words);
    assert_logged(event);
    assert_false(parse.ok);
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_int_equal(count_events("config line_"), 1);
    options_free(&parse.options);
}

static void server_is_read(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "# what this board does\n\nrole = server\nip = 198.18.0.7/24\nport = 9000\n"
                      "client-auth = required # mutual\nmin-tls = 1.3\nat-end = halt");
    assert_quiet();
    assert_true(parse.ok);
    assert_int_equal(parse.options.action, OPTIONS_RUN);
    assert_true(parse.options.role_given);
    assert_int_equal(parse.options.role, TLS_SERVER);
    assert_memory_equal(parse.options.ip, "\xc6\x12\x00\x07", 4);
    assert_int_equal(parse.options.port, 9000);
    assert_int_equal(parse.options.client_auth, TLS_PEER_AUTH_REQUIRED);
    assert_int_equal(parse.options.min_tls, TLS_VERSION_1_3);
    assert_int_equal(parse.options.at_end, OPTIONS_HALT);
    assert_int_equal(options_source(&parse.options, "port"), OPTION_FROM_FILE);
    options_free(&parse.options);
}

static void client_is_read_wherever_its_role_stands(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse,
              "peer = echo.example:9000\nmessage = \"a # b\"\nrole = client\nresume = yes\n");
    assert_quiet();
    assert_true(parse.ok);
    assert_int_equal(parse.options.role, TLS_CLIENT);
    assert_string_equal(parse.options.host, "echo.example");
    assert_string_equal(parse.options.server_name, "echo.example");
    assert_int_equal(parse.options.port, 9000);
    assert_string_equal(parse.options.message, "a # b");
    assert_true(parse.options.resume);
    assert_string_equal(options_program_name(&parse.options), "tls-echo-client");
    options_free(&parse.options);
}

static void what_the_board_knows_stands_in_for_defaults(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "");
    assert_quiet();
    assert_true(parse.ok);
    assert_int_equal(parse.options.role, TLS_SERVER);
    assert_string_equal(parse.options.netif, "packet:end0");
    assert_string_equal(parse.options.certs_path, "/boot/certs/blob.bin");
    assert_int_equal(parse.options.port, 8433);
    assert_int_equal(parse.options.at_end, OPTIONS_POWEROFF);
    assert_int_equal(options_source(&parse.options, "netif"), OPTION_DEFAULT);
    options_free(&parse.options);
    read_text(&parse, "netif = packet:eth1\n");
    assert_true(parse.ok);
    assert_string_equal(parse.options.netif, "packet:eth1");
    options_free(&parse.options);
}

static void without_a_card_or_its_file_the_defaults_count(void **state)
{
    (void)state;
    struct card_parse parse;
    fake_reset();
    assert_true(options_parse_card(&parse.options, NULL, board_knows, &parse.error));
    assert_quiet();
    assert_int_equal(parse.options.port, 8433);
    options_free(&parse.options);
    assert_true(options_parse_card(&parse.options, "/nonexistent/tls-echo.conf", board_knows,
                                   &parse.error));
    assert_logged("WARN  config file_missing file=tls-echo.conf "
                  "text=\"the defaults are used\"\n");
    assert_int_equal(parse.options.port, 8433);
    options_free(&parse.options);
}

static void malformed_default_is_an_internal_error(void **state)
{
    (void)state;
    static const struct options_default malformed[] = {{"netif", "eth0"}, {NULL, NULL}};
    static const struct options_default unknown[] = {{"netfi", "tap:a"}, {NULL, NULL}};
    struct card_parse parse;
    fake_reset();
    assert_false(options_parse_card(&parse.options, NULL, malformed, &parse.error));
    assert_int_equal(parse.error.status, EXIT_STATUS_INTERNAL);
    options_free(&parse.options);
    assert_false(options_parse_card(&parse.options, NULL, unknown, &parse.error));
    assert_int_equal(parse.error.status, EXIT_STATUS_INTERNAL);
    options_free(&parse.options);
    assert_false(options_parse_card(&parse.options, NULL, no_defaults, &parse.error));
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_logged("--netif is missing");
    options_free(&parse.options);
}

static void mistakes_are_named_and_the_rest_is_used(void **state)
{
    (void)state;
    assert_ignored(
        "max-sessions = many", "max-sessions",
        "\"max-sessions: many is not allowed: must be a whole number from 1 to " SESSIONS_MAX "\"");
    assert_ignored("max-session = 3", "max-session",
                   "\"unknown option; did you mean max-sessions?\"");
    assert_ignored("colour = blue", "colour", "\"unknown option\"");
    assert_ignored("idle-timeout: 5", "idle-timeout",
                   "\"must be \\\"name = value\\\", with both quotes or none\"");
    assert_ignored("idle-timeout = \"5", "idle-timeout",
                   "\"must be \\\"name = value\\\", with both quotes or none\"");
    assert_ignored("= 5", "5", "\"must be");
    assert_ignored("port = 1", "port", "\"given twice in this file\"");
    assert_ignored("message = hi", "message", "\"an option of the client, and this is a server\"");
    assert_ignored("config = x", "config", "\"an option of the command line alone\"");
    assert_ignored("help = yes", "help", "\"an option of the command line alone\"");
    assert_ignored("role = sever", "role",
                   "\"role: sever is not allowed: must be server or client\"");
    assert_ignored("ip = ", "ip", "\"ip: \\\"\\\" is not allowed: must be");
    assert_ignored("gr\xf6\xdf"
                   "e = 5",
                   "\"gr\\xf6\\xdfe\"", "\"unknown option");
    assert_ignored("\xff\xfe = \x01", "\"\\xff\\xfe\"", "\"unknown option");
}

static void other_roles_options_are_named(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "role = client\npeer = h\nclient-auth = requird\nmax-sessions = 3\n");
    assert_true(parse.ok);
    assert_logged("line=3 name=client-auth text=\"an option of the server, and this is a client\"");
    assert_logged(
        "line=4 name=max-sessions text=\"an option of the server, and this is a client\"");
    assert_int_equal(count_events("WARN "), 2);
    options_free(&parse.options);
}

static void security_setting_that_is_not_understood_stops(void **state)
{
    (void)state;
    assert_stops("client-auth = requird", "client-auth",
                 "\"client-auth: requird is not allowed: must be none, optional or required\"");
    assert_stops("client-auth =", "client-auth", "\"client-auth: \\\"\\\" is not allowed");
    assert_stops("time-policy = later", "time-policy",
                 "\"time-policy: later is not allowed: must be lower-bound or required\"");
    assert_stops("min-tls = 1.1", "min-tls", "\"min-tls: 1.1 is not allowed: must be 1.2 or 1.3\"");
    assert_stops("min-tls = 1.3 please", "min-tls", "\"min-tls: \\\"1.3 please\\\" is not allowed");
    assert_stops("client-auth required", "client-auth", "\"must be");
    assert_stops("client-auth: required", "client-auth", "\"must be");
    assert_stops("client-auth = \"required", "client-auth", "\"must be");
    assert_stops("\"client-auth\" = required", "\"\\\"client-auth\\\"\"", "\"unknown option; if");
}

static void misspelt_security_setting_stops(void **state)
{
    (void)state;
    static const char *const names[] = {"client_auth", "Client-Auth", "clientauth",  "min-tsl",
                                        "mintls",      "MIN-TLS",     "tls-version", "client-cert",
                                        "cilent-auth", "auth"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "%s = x", names[i]);
        assert_stops(line, names[i], "\"unknown option; if the security setting ");
        (void)snprintf(line, sizeof(line), "%s x", names[i]);
        assert_stops(line, names[i], "\"must be");
    }
}

static void security_setting_given_twice_stops(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "client-auth = none\nclient-auth = required\n");
    assert_false(parse.ok);
    assert_logged("line_refused file=");
    assert_logged("line=2 name=client-auth text=\"given twice in this file\"");
    options_free(&parse.options);
}

static void all_that_is_wrong_is_named_before_the_stop(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "min-tls = 2\nport = 0\nclient-auth = yes\nfoo = 1\n");
    assert_false(parse.ok);
    assert_int_equal(count_events("ERROR config line_refused"), 2);
    assert_int_equal(count_events("WARN  config line_ignored"), 2);
    options_free(&parse.options);
}

static void any_editor_will_do(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "\xef\xbb\xbfrole = client  \t\r\n\tpeer\t=\th\t\r\nport = 9000\r"
                      "# gr\xfc\xdf"
                      "e\r\n   \r\ncount=3 # \xe4\r\nmessage = gr\xfc\xdf"
                      "e");
    assert_quiet();
    assert_true(parse.ok);
    assert_string_equal(parse.options.host, "h");
    assert_int_equal(parse.options.port, 9000);
    assert_int_equal(parse.options.count, 3);
    assert_string_equal(parse.options.message, "gr\xfc\xdf"
                                               "e");
    options_free(&parse.options);
}

static void utf16_is_refused_as_a_whole(void **state)
{
    (void)state;
    struct card_parse parse;
    read_bytes(&parse, "\xff\xfep\0=\0001\0\n\0", 10);
    assert_false(parse.ok);
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_logged("ERROR config file_refused file=");
    assert_logged("text=\"saved as UTF-16: save it as plain text (UTF-8)\"");
    options_free(&parse.options);
}

static void nul_bytes_spoil_their_line_alone(void **state)
{
    (void)state;
    struct card_parse parse;
    static const char text[] = "# a\0b\nport = 90\0000\nmax-sessions = 3\n";
    read_bytes(&parse, text, sizeof(text) - 1);
    assert_true(parse.ok);
    assert_logged("line=2 name=port text=\"holds NUL bytes: damaged");
    assert_int_equal(count_events("WARN "), 1);
    assert_int_equal(parse.options.port, 8433);
    assert_int_equal(parse.options.max_sessions, 3);
    options_free(&parse.options);
}

static void nul_bytes_in_a_security_setting_or_all_over_stop(void **state)
{
    (void)state;
    struct card_parse parse;
    static const char setting[] = "client\0-auth = required\n";
    static const char blank[] = "port = 1\n\0\0\0\0\0\0\0\0\nip = dhcp\n";
    read_bytes(&parse, setting, sizeof(setting) - 1);
    assert_false(parse.ok);
    assert_logged("line_refused file=");
    assert_logged("line=1 name=client-auth text=\"holds NUL bytes: damaged");
    options_free(&parse.options);
    read_bytes(&parse, blank, sizeof(blank) - 1);
    assert_false(parse.ok);
    assert_logged("line=2 name=\"\" text=\"holds NUL bytes: damaged");
    options_free(&parse.options);
}

static void long_lines_are_lines(void **state)
{
    (void)state;
    enum { LONG = 60000 };
    struct card_parse parse;
    char *word = malloc(LONG + 1);
    char *text = malloc(LONG + 64);
    assert_non_null(word);
    assert_non_null(text);
    memset(word, 'x', LONG);
    word[LONG] = '\0';
    (void)snprintf(text, LONG + 64, "%s\nport = 9000\n", word);
    read_text(&parse, text);
    assert_true(parse.ok);
    assert_int_equal(count_events("WARN  config line_ignored"), 1);
    assert_int_equal(parse.options.port, 9000);
    options_free(&parse.options);
    (void)snprintf(text, LONG + 64, "message = %s\nrole = client\npeer = h\n", word);
    read_text(&parse, text);
    assert_true(parse.ok);
    assert_quiet();
    assert_int_equal(strlen(parse.options.message), LONG);
    options_free(&parse.options);
    free(text);
    free(word);
}

static void file_that_cannot_be_read_stops(void **state)
{
    (void)state;
    struct card_parse parse;
    enum { TOO_LARGE = 65537 };
    char *text = calloc(TOO_LARGE, 1);
    assert_non_null(text);
    memset(text, '#', TOO_LARGE);
    read_bytes(&parse, text, TOO_LARGE);
    free(text);
    assert_false(parse.ok);
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_logged("text=\"larger than 65536 bytes\"");
    options_free(&parse.options);
    assert_false(options_parse_card(&parse.options, "/", board_knows, &parse.error));
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_logged("text=\"Is a directory\"");
    options_free(&parse.options);
}

static void what_another_line_excludes_is_left_out(void **state)
{
    (void)state;
    struct card_parse parse;
    read_text(&parse, "gateway = 198.18.9.1\nip = 198.18.0.7/24\n");
    assert_true(parse.ok);
    assert_logged("WARN  config line_ignored");
    assert_logged("line=1 name=gateway text=\"--gateway: 198.18.9.1 is not another host");
    assert_memory_equal(parse.options.gateway, "\xc6\x12\x00\x01", 4); /* the board's */
    options_free(&parse.options);
    read_text(&parse, "mac = interface\nnetif = tap:a\n");
    assert_true(parse.ok);
    assert_logged("line=1 name=mac text=\"--mac interface and --netif tap:a cannot be used");
    assert_false(parse.options.mac_of_interface);
    options_free(&parse.options);
    read_text(&parse, "ip = dhcp\ngateway = 198.18.9.1\n");
    assert_true(parse.ok);
    assert_logged("line=2 name=gateway text=\"--gateway and --ip dhcp cannot be used together");
    assert_memory_equal(parse.options.gateway, "\0\0\0\0", 4);
    options_free(&parse.options);
    read_text(&parse, "role = client\npeer = h\nsize = 5\nmessage = a\nstdin = yes\n");
    assert_true(parse.ok);
    assert_logged("line=4 name=message");
    assert_logged("line=5 name=stdin");
    assert_int_equal(count_events("WARN "), 2);
    assert_int_equal(parse.options.size, 5);
    assert_false(parse.options.from_stdin);
    options_free(&parse.options);
}

static void assert_no_peer(const char *text, const char *words)
{
    struct card_parse parse;
    read_text(&parse, text);
    assert_false(parse.ok);
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    assert_logged("ERROR config line_refused");
    assert_logged(words);
    options_free(&parse.options);
}

static void client_without_a_peer_stops(void **state)
{
    (void)state;
    assert_no_peer("role = client\n", "name=peer text=\"missing: a client needs");
    assert_no_peer("role = client\npeer = \n", "name=peer text=\"missing: a client needs");
    assert_no_peer("role = client\npeer = a_b..c\n", "line=2 name=peer text=\"HOST: a_b..c is not");
    assert_no_peer("role = client\npeer = h:0\n", "line=2 name=peer text=\"PORT of HOST: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_is_read),
        cmocka_unit_test(client_is_read_wherever_its_role_stands),
        cmocka_unit_test(what_the_board_knows_stands_in_for_defaults),
        cmocka_unit_test(without_a_card_or_its_file_the_defaults_count),
        cmocka_unit_test(malformed_default_is_an_internal_error),
        cmocka_unit_test(mistakes_are_named_and_the_rest_is_used),
        cmocka_unit_test(other_roles_options_are_named),
        cmocka_unit_test(security_setting_that_is_not_understood_stops),
        cmocka_unit_test(misspelt_security_setting_stops),
        cmocka_unit_test(security_setting_given_twice_stops),
        cmocka_unit_test(all_that_is_wrong_is_named_before_the_stop),
        cmocka_unit_test(any_editor_will_do),
        cmocka_unit_test(utf16_is_refused_as_a_whole),
        cmocka_unit_test(nul_bytes_spoil_their_line_alone),
        cmocka_unit_test(nul_bytes_in_a_security_setting_or_all_over_stop),
        cmocka_unit_test(long_lines_are_lines),
        cmocka_unit_test(file_that_cannot_be_read_stops),
        cmocka_unit_test(what_another_line_excludes_is_left_out),
        cmocka_unit_test(client_without_a_peer_stops),
    };
    return cmocka_run_group_tests(tests, temp_file_make, temp_file_remove);
}
