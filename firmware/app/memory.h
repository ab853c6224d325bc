/* The one piece of memory that memory_port.h hands out of. Two implementations: memory_arena.c, for
 * firmware, and memory_heap.c, for backends without a bound and for sanitizers, which know the
 * system's allocator and no other. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "port.h"

/* Sets len bytes aside: no more than that is ever in use. Once, before anything is taken. SIZE_MAX:
 * no limit, which only memory_heap.c can give. False: the system does not have them. */
PORT_MUST_USE bool memory_reserve(size_t len);

/* Gives all of it back to the system, wiped. Nothing that was taken may be used any more. */
void memory_release(void);

#endif
