/* Steps of reading options that the command line and a card have in common. */
#ifndef OPTIONS_STEPS_H
#define OPTIONS_STEPS_H

#include "options.h"

/* Sets every option of out->role to the board's default, or its own. */
PORT_MUST_USE bool options_set_defaults(struct options *out, struct options_error *error);

/* Takes HOST[:PORT]. */
PORT_MUST_USE bool options_take_host(const char *text, struct options *out,
                                     struct options_error *error);

/* Takes an option back to its default: one that another excludes. */
void options_forget(struct options *out, const char *name);

/* The last part of a path, for names of programs and files; it lies in path. */
const char *options_base_name(const char *path);

/* Works out what the options mean together. False: error->culprit, if any, is an option that
 * another excludes, the one that stands later in a file. */
PORT_MUST_USE bool options_settle(struct options *out, struct options_error *error);

#endif
