/* A freed block of the arena is still there to be looked at. Its first bytes may have become part
 * of a list of free blocks: they hold no more than two pointers. */
#include <stdint.h>

#include "memory_watch.h"

static const uint8_t *watched;
static size_t watched_len;
static uint8_t content; /* what the test filled it with: no byte of an address is worth a look */

void memory_watch(const void *p, size_t len)
{
    watched = p;
    watched_len = len;
    content = watched[len - 1];
}

bool memory_watch_was_wiped(void)
{
    bool wiped = content != 0 && watched[0] != content;
    for (size_t i = 2 * sizeof(void *); i < watched_len; i++) {
        wiped = wiped && watched[i] == 0;
    }
    return wiped;
}
