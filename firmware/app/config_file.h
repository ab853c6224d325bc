/* The configuration file: options as "name = value", one a line (see config_text.h). */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "options.h"

/* Reads the file that --config names into *out, whose role must be known; the first mistake ends
 * it. False: *error says why; its status is CONFIG with file and line, or USAGE if there is no such
 * file to read. */
PORT_MUST_USE bool config_file_read(const char *path, struct options *out,
                                    struct options_error *error);

#endif
