/* Options for the firmware on the kernel's command line. */
#ifndef KERNEL_OPTION_H
#define KERNEL_OPTION_H

#include <stdint.h>

/* The number of "tls_echo.NAME=NUMBER" in the kernel's command line, the last one if there are
 * several; otherwise if there is none, or if it is no number up to max. */
uint32_t kernel_option_number(const char *command_line, const char *name, uint32_t max,
                              uint32_t otherwise);

#endif
