/* Takes pages of the program out of its memory. */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

bool pages_discard(const void *start, size_t len)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    if ((uintptr_t)start % page_len != 0 || len % page_len != 0) {
        return false;
    }
    return munmap((void *)(uintptr_t)start, len) == 0;
}
