/* How much RAM a server takes at most: the sum of what is set aside, part by part. */
#ifndef MEMORY_PLAN_H
#define MEMORY_PLAN_H

#include <stddef.h>
#include <stdio.h>

#include "options.h"

/* total_len = fixed_len + session_count * session_len + busy_count * busy_len. Not in it: the
 * program itself, its stacks and the C library. */
struct memory_plan {
    unsigned session_count, busy_count;
    size_t tls_len;     /* of fixed_len: TLS apart from its sessions; 0: TLS has no bound */
    size_t net_len;     /* of fixed_len: the IP stack; 0: the system's */
    size_t fixed_len;   /* both */
    size_t session_len; /* each session: TLS and echo */
    size_t busy_len;    /* each buffer that data passes through */
    size_t total_len;
};

void memory_plan_make(const struct options *options, struct memory_plan *out);

/* What of it TLS may take; SIZE_MAX if that has no bound. */
size_t memory_plan_tls_len(const struct options *options);

/* As an event of the log, and as a page to read. */
void memory_plan_log(const struct memory_plan *plan);
void memory_plan_print(const struct memory_plan *plan, FILE *out);

#endif
