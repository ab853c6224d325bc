/* The relay's settings by name: the same words on its command line and on its standard input. */
#ifndef RELAY_SETTING_H
#define RELAY_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "impair.h"

struct relay_setting {
    const char *name;
    const char *unit;
    const char *help;
    size_t offset; /* of its uint32_t in struct impair_settings */
    double scale;  /* the member's units in one of ours */
    double max;
};

/* Terminated by one without a name. */
extern const struct relay_setting relay_settings[];

/* NULL if there is none of that name. */
const struct relay_setting *relay_setting_find(const char *name);

/* Sets it from text: one number for both directions, or two with a comma between, from a to b and
 * from b to a. False, with nothing changed, if text is no such thing. */
bool relay_setting_apply(const struct relay_setting *setting, const char *text,
                         struct impair_settings *a_to_b, struct impair_settings *b_to_a);

#endif
