/* The memory seam: where a TLS backend takes its memory from.
 *
 * One allocator for all of TLS, so that what TLS uses can be counted, bounded, and refused by a
 * test. A backend hands these functions to its library and uses them itself; nothing above the
 * seams allocates after start. */
#ifndef MEMORY_PORT_H
#define MEMORY_PORT_H

#include <stddef.h>

#include "port.h"

/* count * size zeroed bytes, aligned for any type, owned by the caller; NULL when there is no
 * memory, or the product overflows. Any thread. */
PORT_MUST_USE void *memory_calloc(size_t count, size_t size);

/* Grows or shrinks what memory_calloc gave; new bytes are not zeroed. NULL leaves the old block as
 * it was. p NULL: a new block. */
PORT_MUST_USE void *memory_realloc(void *p, size_t size);

/* Zeroizes and frees. NULL is allowed. */
void memory_free(void *p);

/* What an implementation may take for a block beside the bytes asked for, at most. Sums of memory
 * count it. */
#define MEMORY_OVERHEAD_LEN 32

/* Bytes in use now, the most that ever were, and the number of blocks in use now. */
size_t memory_used_len(void);
size_t memory_peak_len(void);
size_t memory_block_count(void);

#endif
