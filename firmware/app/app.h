/* Brings the parts of the firmware together: identity, self-check, stack, TLS, echo. */
#ifndef APP_H
#define APP_H

#include "options.h"

/* Runs one program to its end; frees all it took. */
enum exit_status app_run(const struct options *options);

/* Prints what this program is made of, in one line. */
void app_print_version(FILE *out);

/* Logs the program's begin and end. */
void app_log_boot(const struct options *options);
void app_log_shutdown(const struct options *options, enum exit_status status);

#endif
