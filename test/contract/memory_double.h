/* A memory_port that counts and can refuse: the test's side of it. */
#ifndef MEMORY_DOUBLE_H
#define MEMORY_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* Refuses nothing, counts allocations from 0. Blocks in use are not touched. */
void memory_double_reset(void);

/* Allocations (memory_calloc, and memory_realloc that grows) asked for since the reset. */
size_t memory_double_asked(void);

/* From now on the allocation with this number (0: the next one) is refused; with all_after also
 * every later one. */
void memory_double_refuse(size_t number, bool all_after);

/* True if something was refused since memory_double_refuse. */
bool memory_double_refused(void);

/* Bytes in use with MEMORY_OVERHEAD_LEN for each block: now, and the most since the mark. */
size_t memory_double_cost(void);
void memory_double_mark(void);
size_t memory_double_cost_peak(void);

#endif
