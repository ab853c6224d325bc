/* Finds the option that a person may have meant by a name that is none. */
#include <string.h>

#include "option_table.h"

#define NAME_MAX_LEN 24 /* longer than any name in the table */

/* What people mix up without meaning another option. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '_' ? '-' : c;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance: how many characters to insert, remove or change. row[j] is the distance of
 * what was seen of a to the first j characters of b. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1];
    size_t b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t changed = diagonal + (fold(a[i]) != b[j - 1] ? 1 : 0);
            row[j] = smallest(above + 1, row[j - 1] + 1, changed);
            diagonal = above;
        }
    }
    return row[b_len];
}

static bool is_candidate(const struct option_spec *spec, enum tls_role role,
                         enum option_place place)
{
    return option_is_of_role(spec, role) && option_belongs(spec, place);
}

const struct option_spec *option_find_nearest(const char *name, enum tls_role role,
                                              enum option_place place)
{
    size_t name_len = strlen(name);
    if (name_len > NAME_MAX_LEN) {
        return NULL;
    }
    const struct option_spec *nearest = NULL;
    size_t nearest_distance = name_len / 3 + 2; /* farther than this is not alike */
    for (size_t i = 0; i < option_count; i++) {
        if (!is_candidate(&option_table[i], role, place)) {
            continue;
        }
        size_t distance = edit_distance(name, option_table[i].name);
        if (distance >= nearest_distance) {
            continue;
        }
        nearest = &option_table[i];
        nearest_distance = distance;
    }
    return nearest;
}

/* ---- Words in common */

#define WORD_SEPARATORS "-_. \t"
#define WORD_MIN_LEN 3 /* shorter ones say nothing */

/* True if the len characters at word stand in name as a word. */
static bool has_word(const char *name, const char *word, size_t len)
{
    for (;;) {
        name += strspn(name, WORD_SEPARATORS);
        size_t name_len = strcspn(name, WORD_SEPARATORS);
        if (name_len == 0) {
            return false;
        }
        size_t same = 0;
        while (same < len && same < name_len && fold(name[same]) == word[same]) {
            same++;
        }
        if (same == len && same == name_len) {
            return true;
        }
        name += name_len;
    }
}

static bool share_word(const char *name, const char *other)
{
    while (*other != '\0') {
        size_t len = strcspn(other, WORD_SEPARATORS);
        if (len >= WORD_MIN_LEN && has_word(name, other, len)) {
            return true;
        }
        other += len;
        other += strspn(other, WORD_SEPARATORS);
    }
    return false;
}

const struct option_spec *option_find_security(const char *name, enum tls_role role)
{
    const struct option_spec *nearest = option_find_nearest(name, role, OPTION_ON_CARD);
    if (nearest != NULL && nearest->security) {
        return nearest;
    }
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (spec->security && is_candidate(spec, role, OPTION_ON_CARD) &&
            share_word(name, spec->name)) {
            return spec;
        }
    }
    return NULL;
}
