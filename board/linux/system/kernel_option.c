/* Reads options for the firmware off the kernel's command line. */
#include "kernel_option.h"

#include <stdbool.h>
#include <string.h>

/* The kernel takes a name with a dot for a parameter of a module, and passes it over when no module
 * has it. */
#define PREFIX "tls_echo."

/* What follows the prefix, the name and "="; NULL: the word is another one. */
static const char *value_of(const char *word, const char *name)
{
    size_t prefix_len = strlen(PREFIX);
    size_t name_len = strlen(name);
    if (strncmp(word, PREFIX, prefix_len) != 0 || strncmp(word + prefix_len, name, name_len) != 0 ||
        word[prefix_len + name_len] != '=') {
        return NULL;
    }
    return word + prefix_len + name_len + 1;
}

static bool read_number(const char *text, size_t len, uint32_t max, uint32_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
        if (number > max) {
            return false;
        }
    }
    if (len == 0) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

uint32_t kernel_option_number(const char *command_line, const char *name, uint32_t max,
                              uint32_t otherwise)
{
    uint32_t number = otherwise;
    const char *word = command_line;
    while (*word != '\0') {
        size_t len = strcspn(word, " \t\n");
        const char *value = value_of(word, name);
        if (value != NULL) {
            (void)read_number(value, len - (size_t)(value - word), max, &number);
        }
        word += len;
        word += strspn(word, " \t\n");
    }
    return number;
}
