/* Looks at a block as it is freed. */
#ifndef MEMORY_WATCH_H
#define MEMORY_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* The block p of len bytes is about to be freed. */
void memory_watch(const void *p, size_t len);

/* True if it was freed once, with nothing of its content left. */
bool memory_watch_was_wiped(void);

#endif
