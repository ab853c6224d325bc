/* free(3) is wrapped: the block about to go must hold nothing but zeroes. */
#include <stdint.h>

#include "memory_watch.h"

static const uint8_t *watched;
static size_t watched_len;
static unsigned watched_frees;
static bool watched_clean;

void real_free(void *p) __asm__("__real_free");
void wrapped_free(void *p) __asm__("__wrap_free");

void wrapped_free(void *p)
{
    uintptr_t distance = (uintptr_t)watched - (uintptr_t)p;
    if (watched != NULL && distance <= 64) {
        watched_frees++;
        watched_clean = true;
        for (size_t i = 0; i < watched_len; i++) {
            watched_clean = watched_clean && watched[i] == 0;
        }
        watched = NULL;
    }
    real_free(p);
}

void memory_watch(const void *p, size_t len)
{
    watched = p;
    watched_len = len;
    watched_frees = 0;
    watched_clean = false;
}

bool memory_watch_was_wiped(void)
{
    return watched_frees == 1 && watched_clean;
}
