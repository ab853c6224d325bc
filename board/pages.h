/* Pages of the program itself. */
#ifndef PAGES_H
#define PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Takes len bytes at start out of this process's memory for good; the file they came from is not
 * touched. False: they are not whole pages, and stay. Source: munmap(2). */
bool pages_discard(const void *start, size_t len);

#endif
