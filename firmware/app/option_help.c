/* The help page, made from the table of options. */
#include <string.h>

#include "option_table.h"

#define HELP_COLUMN 34

static void print_default(const struct option_spec *spec, enum tls_role role, FILE *out)
{
    const char *value = option_default(spec, role);
    if (spec->value == NULL || value == NULL) {
        return;
    }
    char quoted[128];
    (void)fprintf(out, " (default: %s)", log_quote(quoted, sizeof(quoted), value));
}

static void print_option(const struct option_spec *spec, enum tls_role role, FILE *out)
{
    char left[80];
    (void)snprintf(left, sizeof(left), "  --%s%s%s", spec->name, spec->value != NULL ? " " : "",
                   spec->value != NULL ? spec->value : "");
    if (strlen(left) >= HELP_COLUMN) {
        (void)fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
    } else {
        (void)fprintf(out, "%-*s", HELP_COLUMN, left);
    }
    (void)fprintf(out, "%s", spec->help);
    print_default(spec, role, out);
    (void)fputc('\n', out);
}

static void print_options(unsigned roles, enum tls_role role, FILE *out)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (spec->roles == roles && option_belongs(spec, OPTION_ON_COMMAND_LINE)) {
            print_option(spec, role, out);
        }
    }
}

static void print_both_programs(FILE *out)
{
    (void)fprintf(out, "Usage: tls-echo server [options]\n"
                       "       tls-echo client [options] HOST[:PORT]\n\n"
                       "An embedded TLS echo server and client. Their options:\n"
                       "       tls-echo server --help\n"
                       "       tls-echo client --help\n");
}

void options_print_help(const struct options *options, FILE *out)
{
    if (!options->role_given) {
        print_both_programs(out);
        return;
    }
    bool is_server = options->role == TLS_SERVER;
    (void)fprintf(out, "Usage: %s [options]%s\n\n%s\n\n", options_program_name(options),
                  is_server ? "" : " HOST[:PORT]",
                  is_server ? "Accepts TLS connections and sends back what it receives."
                            : "Sends a message over TLS and checks that it comes back unchanged.");
    print_options(is_server ? OPTION_SERVER : OPTION_CLIENT, options->role, out);
    (void)fputc('\n', out);
    print_options(OPTION_COMMON, options->role, out);
    (void)fprintf(out,
                  "\nExit status: 0 all echoed; 64 usage; 65 bad certificate blob; "
                  "69 cannot connect;\n"
                  "70 internal error; 71 netif cannot be opened; 74 echo differed or was cut;\n"
                  "75 a deadline passed; 76 TLS failure; 77 peer not trusted; "
                  "78 configuration.\n");
}
