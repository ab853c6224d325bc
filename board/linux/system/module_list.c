/* Reads the list of kernel modules. */
#include "module_list.h"

#include <stddef.h>
#include <string.h>

static char *cut_line(char **cursor)
{
    char *line = *cursor;
    char *end = strchr(line, '\n');
    *cursor = end != NULL ? end + 1 : line + strlen(line);
    line[strcspn(line, " \t\r\n")] = '\0';
    return line;
}

char *module_list_next(char **cursor)
{
    while (**cursor != '\0') {
        char *line = cut_line(cursor);
        if (line[0] != '\0' && line[0] != '#') {
            return line;
        }
    }
    return NULL;
}
