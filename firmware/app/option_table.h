/* The table of options: what each is called, takes, defaults to, and where its value goes. */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stddef.h>

#include "options.h"

enum option_roles {
    OPTION_SERVER = 1 << TLS_SERVER,
    OPTION_CLIENT = 1 << TLS_CLIENT,
    OPTION_COMMON = OPTION_SERVER | OPTION_CLIENT
};

#define OPTION_NO_BOARD_DEFAULT SIZE_MAX

struct option_spec {
    const char *name;  /* without dashes */
    const char *value; /* what it takes, as the help shows it; NULL: a switch */
    unsigned roles;    /* bits of enum option_roles */
    /* Puts the value into its place; false: it is not allowed, nothing was changed. */
    bool (*parse)(const struct option_spec *spec, const char *value, struct options *out);
    size_t offset;              /* of the field in struct options, for the parsers shared by many */
    uint64_t min, max;          /* numbers: the range */
    const char *const *choices; /* choices: the words, in the order of their enum; ends in NULL */
    const char *allowed;        /* in words, for errors; NULL: made from the range or the choices */
    const char *fallback;       /* the default, as one would type it; NULL: none */
    size_t board_offset; /* of the default in struct board_defaults, or OPTION_NO_BOARD_DEFAULT */
    bool command_line_only; /* has no place in a configuration file */
    bool card_only;         /* has a place in the file on a card alone */
    bool security; /* on a card, a value that is not understood stops the start: the default could
                      be weaker than what was meant */
    const char *help;
};

extern const struct option_spec option_table[];
extern const size_t option_count;

/* The option of this name (len bytes), or NULL. */
const struct option_spec *option_find(const char *name, size_t len);

/* Where a person can give an option. */
enum option_place { OPTION_ON_COMMAND_LINE, OPTION_IN_FILE, OPTION_ON_CARD };

/* True if this is a place for the option. */
bool option_belongs(const struct option_spec *spec, enum option_place place);

/* True if the program of this role has the option. */
bool option_is_of_role(const struct option_spec *spec, enum tls_role role);

/* The option for this role and place whose name is most like name, or NULL if none is much alike.
 */
const struct option_spec *option_find_nearest(const char *name, enum tls_role role,
                                              enum option_place place);

/* The security setting that someone who wrote name, which is no option, may have meant: its name is
 * the nearest, or has a word in common; NULL: none. */
const struct option_spec *option_find_security(const char *name, enum tls_role role);

/* The default for a role as one would type it, the board's included; NULL: none. */
const char *option_default(const struct option_spec *spec, enum tls_role role);

/* What an option takes, in words, into out (cap bytes). */
void option_describe_allowed(const struct option_spec *spec, char *out, size_t cap);

/* Sets a value if it is allowed. False: error->text says why; prefix stands before the option's
 * name there ("--", or "FILE:LINE: "). error->status is left to the caller. */
PORT_MUST_USE bool option_set(const struct option_spec *spec, const char *value,
                              enum option_source source, const char *prefix, struct options *out,
                              struct options_error *error);

#endif
