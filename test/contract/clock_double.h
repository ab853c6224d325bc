/* A clock_port whose wall time a test sets; monotonic time is real. */
#ifndef CLOCK_DOUBLE_H
#define CLOCK_DOUBLE_H

#include <stdint.h>

#include "clock_port.h"

/* Wall times, seconds since 1970. make-certs.sh says why these. */
#define CLOCK_2022 INT64_C(1641038400) /* before the leaves, CAs are valid */
#define CLOCK_2030 INT64_C(1893456000) /* all is valid; the default */
#define CLOCK_2040 INT64_C(2209032000) /* the leaves have expired, CAs are valid */

void clock_double_set_wall(int64_t unix_s, enum clock_source source);

#endif
