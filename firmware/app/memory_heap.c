/* TLS's memory: the system's heap, counted, bounded, and zeroized when freed. */
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "memory_port.h"

/* Stands before each block, so that the block's length is known when it is freed. */
struct header {
    alignas(max_align_t) size_t len;
};
_Static_assert(sizeof(struct header) == alignof(max_align_t), "blocks keep malloc's alignment");

static atomic_size_t limit_len = SIZE_MAX;
static atomic_size_t used_len;
static atomic_size_t peak_len;
static atomic_size_t block_count;

static void raise_peak(size_t now_len)
{
    size_t peak = atomic_load(&peak_len);
    bool raised = now_len <= peak;
    while (!raised) {
        raised = atomic_compare_exchange_weak(&peak_len, &peak, now_len) || now_len <= peak;
    }
}

/* False: that would be more than is set aside. */
static bool count_taken(size_t len)
{
    size_t now_len = atomic_fetch_add(&used_len, len) + len;
    if (now_len > atomic_load(&limit_len) || now_len < len) {
        atomic_fetch_sub(&used_len, len);
        return false;
    }
    raise_peak(now_len);
    atomic_fetch_add(&block_count, 1);
    return true;
}

static void count_given(size_t len)
{
    atomic_fetch_sub(&used_len, len);
    atomic_fetch_sub(&block_count, 1);
}

bool memory_reserve(size_t len)
{
    atomic_store(&limit_len, len);
    return true;
}

void memory_release(void)
{
    atomic_store(&limit_len, SIZE_MAX);
}

static struct header *header_of(void *p)
{
    return (struct header *)p - 1;
}

void *memory_calloc(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - sizeof(struct header)) / size) {
        return NULL;
    }
    size_t len = count * size;
    if (!count_taken(len)) {
        return NULL;
    }
    struct header *header = calloc(1, sizeof(*header) + len);
    if (header == NULL) {
        count_given(len);
        return NULL;
    }
    header->len = len;
    return header + 1;
}

/* Always moves: realloc(3) could leave an old copy of a secret behind. */
void *memory_realloc(void *p, size_t size)
{
    void *moved = memory_calloc(1, size);
    if (moved == NULL || p == NULL) {
        return moved;
    }
    size_t old_len = header_of(p)->len;
    memcpy(moved, p, old_len < size ? old_len : size);
    memory_free(p);
    return moved;
}

void memory_free(void *p)
{
    if (p == NULL) {
        return;
    }
    struct header *header = header_of(p);
    size_t len = header->len;
    count_given(len);
    explicit_bzero(header, sizeof(*header) + len);
    free(header);
}

size_t memory_used_len(void)
{
    return atomic_load(&used_len);
}

size_t memory_peak_len(void)
{
    return atomic_load(&peak_len);
}

size_t memory_block_count(void)
{
    return atomic_load(&block_count);
}
