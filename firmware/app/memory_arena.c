/* TLS's memory: blocks of one arena that is set aside at start, counted, and zeroized when freed.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "log_port.h"
#include "memory.h"
#include "memory_port.h"

static struct {
    pthread_mutex_t lock;
    struct arena arena;
    void *bytes; /* owned */
    size_t len;
    size_t peak_len, block_count;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool memory_reserve(size_t len)
{
    memory.bytes = malloc(len);
    if (memory.bytes == NULL) {
        return false;
    }
    memory.len = len;
    memory.peak_len = memory.block_count = 0;
    arena_open(&memory.arena, memory.bytes, len);
    return true;
}

void memory_release(void)
{
    if (memory.bytes != NULL) {
        explicit_bzero(memory.bytes, memory.len);
    }
    arena_open(&memory.arena, NULL, 0);
    free(memory.bytes);
    memory.bytes = NULL;
    memory.len = 0;
}

static void *take(size_t len)
{
    pthread_mutex_lock(&memory.lock);
    void *p = arena_take(&memory.arena, len);
    if (p != NULL) {
        memory.block_count++;
        size_t used_len = memory.arena.used_len;
        memory.peak_len = used_len > memory.peak_len ? used_len : memory.peak_len;
    }
    pthread_mutex_unlock(&memory.lock);
    return p;
}

void *memory_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *p = take(count * size);
    if (p != NULL) {
        memset(p, 0, count * size);
    }
    return p;
}

/* Always moves: growing in place is not worth a second way through the arena. */
void *memory_realloc(void *p, size_t size)
{
    void *moved = memory_calloc(1, size);
    if (moved == NULL || p == NULL) {
        return moved;
    }
    size_t old_len = arena_block_len(p);
    memcpy(moved, p, old_len < size ? old_len : size);
    memory_free(p);
    return moved;
}

void memory_free(void *p)
{
    if (p == NULL) {
        return;
    }
    explicit_bzero(p, arena_block_len(p));
    pthread_mutex_lock(&memory.lock);
    bool given = arena_give(&memory.arena, p);
    memory.block_count -= given;
    pthread_mutex_unlock(&memory.lock);
    if (!given) {
        /* Freed twice, or overwritten: whatever comes next, it is not safe. */
        log_event(LOG_LEVEL_ERROR, "app", "memory_damaged", "reason=\"a block is not sound\"");
        abort();
    }
}

static size_t read_locked(const size_t *value)
{
    pthread_mutex_lock(&memory.lock);
    size_t copy = *value;
    pthread_mutex_unlock(&memory.lock);
    return copy;
}

size_t memory_used_len(void)
{
    return read_locked(&memory.arena.used_len);
}

size_t memory_peak_len(void)
{
    return read_locked(&memory.peak_len);
}

size_t memory_block_count(void)
{
    return read_locked(&memory.block_count);
}
