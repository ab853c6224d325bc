/* A memory_port that counts what is in use and refuses the n-th allocation on request. */
#include "memory_double.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory_port.h"

#define MARK 0x6d656d6f72790000u

/* Before each block; keeps the block aligned for any type. */
union header {
    struct {
        size_t len;
        uint64_t mark;
    } is;
    max_align_t align;
};

static struct {
    atomic_size_t used_len, peak_len, blocks;
    atomic_size_t cost_peak_len; /* since memory_double_mark */
    atomic_size_t asked;
    atomic_size_t refuse_from, refuse_until; /* numbers of the allocations refused */
    atomic_bool refused;
} memory = {.refuse_from = SIZE_MAX, .refuse_until = SIZE_MAX};

void memory_double_reset(void)
{
    memory.refuse_from = SIZE_MAX;
    memory.refuse_until = SIZE_MAX;
    memory.asked = 0;
    memory.refused = false;
}

size_t memory_double_cost(void)
{
    return memory.used_len + memory.blocks * MEMORY_OVERHEAD_LEN;
}

void memory_double_mark(void)
{
    memory.cost_peak_len = memory_double_cost();
}

size_t memory_double_cost_peak(void)
{
    return memory.cost_peak_len;
}

size_t memory_double_asked(void)
{
    return memory.asked;
}

void memory_double_refuse(size_t number, bool all_after)
{
    memory.refused = false;
    memory.refuse_from = memory.asked + number;
    memory.refuse_until = all_after ? SIZE_MAX : memory.refuse_from + 1;
}

bool memory_double_refused(void)
{
    return memory.refused;
}

static bool is_refused(void)
{
    size_t number = atomic_fetch_add(&memory.asked, 1);
    bool refused = number >= memory.refuse_from && number < memory.refuse_until;
    if (refused) {
        memory.refused = true;
    }
    return refused;
}

static void raise(atomic_size_t *peak, size_t now)
{
    size_t before = *peak;
    while (now > before && !atomic_compare_exchange_weak(peak, &before, now)) {
    }
}

static void count_more(size_t len)
{
    raise(&memory.peak_len, atomic_fetch_add(&memory.used_len, len) + len);
}

/* A block that was not ours, or was freed before, ends the program: that is no outcome. */
static union header *header_of(void *p)
{
    union header *header = (union header *)p - 1;
    if (header->is.mark != MARK) {
        abort();
    }
    return header;
}

void *memory_calloc(size_t count, size_t size)
{
    if (is_refused() || (size != 0 && count > (SIZE_MAX - sizeof(union header)) / size)) {
        return NULL;
    }
    size_t len = count * size;
    union header *header = calloc(1, sizeof *header + len);
    if (header == NULL) {
        return NULL;
    }
    header->is.len = len;
    header->is.mark = MARK;
    atomic_fetch_add(&memory.blocks, 1);
    count_more(len);
    raise(&memory.cost_peak_len, memory_double_cost());
    return header + 1;
}

/* Always moves the block: a pointer kept across it is then found by the address sanitizer. */
void *memory_realloc(void *p, size_t size)
{
    if (p == NULL) {
        return memory_calloc(1, size);
    }
    void *moved = memory_calloc(1, size);
    if (moved == NULL) {
        return NULL;
    }
    size_t old_len = header_of(p)->is.len;
    memcpy(moved, p, old_len < size ? old_len : size);
    memory_free(p);
    return moved;
}

void memory_free(void *p)
{
    if (p == NULL) {
        return;
    }
    union header *header = header_of(p);
    atomic_fetch_sub(&memory.used_len, header->is.len);
    atomic_fetch_sub(&memory.blocks, 1);
    volatile uint8_t *byte = p;
    for (size_t i = 0; i < header->is.len; ++i) {
        byte[i] = 0;
    }
    header->is.mark = 0;
    free(header);
}

size_t memory_used_len(void)
{
    return memory.used_len;
}

size_t memory_peak_len(void)
{
    return memory.peak_len;
}

size_t memory_block_count(void)
{
    return memory.blocks;
}
