/* Is the configuration file read as documented, and is every mistake in it named by file and line?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options_fixture.h"
#include "temp_file.h"

/* Parses program, options and --config with this text in the file. */
static void parse_with(struct parse *parse, const char *line, const char *text)
{
    char whole[256];
    temp_file_write(text, strlen(text));
    (void)snprintf(whole, sizeof(whole), "%s --config %s", line, temp_file_path);
    parse_begin(parse, whole);
}

static void assert_config_refused(const char *line, const char *text, const char *error)
{
    struct parse parse;
    char expected[512];
    parse_with(&parse, line, text);
    (void)snprintf(expected, sizeof(expected), "%s:%s", temp_file_path, error);
    assert_false(parse.ok);
    assert_string_equal(parse.error.text, expected);
    assert_int_equal(parse.error.status, EXIT_STATUS_CONFIG);
    parse_end(&parse);
}

static void options_are_read(void **state)
{
    (void)state;
    struct parse parse;
    parse_with(&parse, "tls-echo-server",
               "# a comment\n\n  \t\nnetif = tap:tap1\nport=9000\n\tip\t=\t198.18.0.9/24  # why\r\n"
               "certs = /tmp/a#b.bin\nclient-auth = required");
    assert_true(parse.ok);
    assert_string_equal(parse.options.netif, "tap:tap1");
    assert_int_equal(parse.options.port, 9000);
    assert_memory_equal(parse.options.ip, "\xc6\x12\x00\x09", 4);
    assert_string_equal(parse.options.certs_path, "/tmp/a#b.bin");
    assert_int_equal(parse.options.client_auth, TLS_PEER_AUTH_REQUIRED);
    assert_int_equal(options_source(&parse.options, "port"), OPTION_FROM_FILE);
    assert_int_equal(options_source(&parse.options, "mac"), OPTION_DEFAULT);
    parse_end(&parse);
}

static void quotes_keep_spaces_and_comment_signs(void **state)
{
    (void)state;
    struct parse parse;
    parse_with(&parse, "tls-echo-client h", "message = \"  a # b = c \"  # said\nresume = yes\n");
    assert_true(parse.ok);
    assert_string_equal(parse.options.message, "  a # b = c ");
    assert_true(parse.options.resume);
    parse_end(&parse);
    parse_with(&parse, "tls-echo-client h", "message = plain words   # said\n");
    assert_true(parse.ok);
    assert_string_equal(parse.options.message, "plain words");
    parse_end(&parse);
}

static void command_line_wins_wherever_it_stands(void **state)
{
    (void)state;
    struct parse parse;
    parse_with(&parse, "tls-echo-client --port 1 h", "port = 2\nserver-name = a\ncount = 3\n");
    assert_true(parse.ok);
    assert_int_equal(parse.options.port, 1);
    assert_string_equal(parse.options.server_name, "a");
    assert_int_equal(parse.options.count, 3);
    parse_end(&parse);
}

static void command_line_wins_where_the_file_excludes_it(void **state)
{
    (void)state;
    struct parse parse;
    parse_with(&parse, "tls-echo-client --message now h", "size = 100\n");
    assert_true(parse.ok);
    assert_int_equal(parse.options.size, 0);
    assert_string_equal(parse.options.message, "now");
    parse_end(&parse);
    parse_with(&parse, "tls-echo-client --size 5 h", "stdin = yes\n");
    assert_true(parse.ok);
    assert_false(parse.options.from_stdin);
    parse_end(&parse);
    parse_with(&parse, "tls-echo-client --stdin h", "message = a\ncount = 3\n");
    assert_true(parse.ok);
    assert_true(parse.options.from_stdin);
    assert_int_equal(parse.options.count, 1);
    parse_end(&parse);
    parse_with(&parse, "tls-echo-server --ip dhcp --netif tap:a", "gateway = 198.18.0.1\n");
    assert_true(parse.ok);
    assert_memory_equal(parse.options.gateway, "\0\0\0\0", 4);
    parse_end(&parse);
}

static void any_editor_will_do(void **state)
{
    (void)state;
    struct parse parse;
    parse_with(&parse, "tls-echo-server --netif tap:a",
               "\xef\xbb\xbfport = 9000\rmax-sessions = 3\r\nmin-tls = 1.3");
    assert_true(parse.ok);
    assert_int_equal(parse.options.port, 9000);
    assert_int_equal(parse.options.max_sessions, 3);
    assert_int_equal(parse.options.min_tls, TLS_VERSION_1_3);
    parse_end(&parse);
    assert_config_refused("tls-echo-server", "port = 1\r\rport = 0\r",
                          "3: given twice in this file: port");
}

static void mistakes_are_named_by_line(void **state)
{
    (void)state;
    const char *server = "tls-echo-server";
    assert_config_refused(server, "# fine\n\nport = 0\n",
                          "3: port: 0 is not allowed: must be a whole number from 1 to 65535");
    assert_config_refused(server, "port\n", "1: must be \"name = value\", not port");
    assert_config_refused(server, "prot = 1\n", "1: unknown option prot; did you mean port?");
    assert_config_refused(server, "no-such-option = 1", "1: unknown option no-such-option");
    assert_config_refused(server, "= 1", "1: there is no name before the value 1");
    assert_config_refused(server, "port =\n",
                          "1: port: \"\" is not allowed: must be a whole number from 1 to 65535");
    assert_config_refused(server, "port = \"1\nip = x",
                          "1: the quotes around a value do not match: port");
    assert_config_refused(server, "port = \"1\" 2",
                          "1: the quotes around a value do not match: port");
    assert_config_refused(server, "port = 1\nport = 2\n", "2: given twice in this file: port");
    assert_config_refused(server, "config = x\n",
                          "1: only the command line can have the option config");
    assert_config_refused(server, "message = x\n", "1: this is an option of the client: message");
    assert_config_refused(server, "role = client\n",
                          "1: only the file on a card can have the option role");
    assert_config_refused("tls-echo-client h", "max-sessions = 1",
                          "1: this is an option of the server: max-sessions");
}

static void mistake_in_the_file_counts_even_if_the_command_line_wins(void **state)
{
    (void)state;
    assert_config_refused("tls-echo-server --port 1", "port = x",
                          "1: port: x is not allowed: must be a whole number from 1 to 65535");
}

static void assert_unreadable(const char *why)
{
    char line[128], text[160];
    (void)snprintf(line, sizeof(line), "tls-echo-server --config %s", temp_file_path);
    (void)snprintf(text, sizeof(text), "--config: cannot read %s: %s", temp_file_path, why);
    assert_refused(line, EXIT_STATUS_USAGE, text);
}

static void file_that_cannot_be_read_is_a_usage_error(void **state)
{
    (void)state;
    assert_refused("tls-echo-server --config /nonexistent/a.conf", EXIT_STATUS_USAGE,
                   "--config: cannot read /nonexistent/a.conf: No such file or directory");
    assert_refused("tls-echo-server --config /", EXIT_STATUS_USAGE,
                   "--config: cannot read /: Is a directory");
    temp_file_write("port = 1\0\n", 10);
    assert_unreadable("not a text file");
}

static void largest_file_is_read(void **state)
{
    (void)state;
    enum { LARGEST = 65536 };
    struct parse parse;
    char *text = malloc(LARGEST + 2);
    assert_non_null(text);
    memset(text, '#', LARGEST + 1);
    text[LARGEST + 1] = '\0';
    temp_file_write(text, LARGEST + 1);
    assert_unreadable("larger than 65536 bytes");
    text[LARGEST] = '\0';
    parse_with(&parse, "tls-echo-server --netif tap:a", text);
    assert_true(parse.ok);
    parse_end(&parse);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(quotes_keep_spaces_and_comment_signs),
        cmocka_unit_test(command_line_wins_wherever_it_stands),
        cmocka_unit_test(command_line_wins_where_the_file_excludes_it),
        cmocka_unit_test(any_editor_will_do),
        cmocka_unit_test(mistakes_are_named_by_line),
        cmocka_unit_test(mistake_in_the_file_counts_even_if_the_command_line_wins),
        cmocka_unit_test(file_that_cannot_be_read_is_a_usage_error),
        cmocka_unit_test(largest_file_is_read),
    };
    return cmocka_run_group_tests(tests, temp_file_make, temp_file_remove);
}
