/* The configuration file: options as "name = value", one a line. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "options.h"

/* Largest configuration file, bytes. */
#define CONFIG_FILE_MAX 65536

/* Reads the file at path into *out, whose role must be known. Blank lines and what follows a '#' at
 * the begin of a line or after white space are skipped; a value in double quotes keeps its spaces
 * and '#'. False: *error says why; its status is CONFIG with file and line, or USAGE if there is no
 * such file to read. */
PORT_MUST_USE bool config_file_read(const char *path, struct options *out,
                                    struct options_error *error);

#endif
