/* Two-level segregated fit: see arena.h. */
#include "arena.h"

#include <stdalign.h>

/* Stands before each block. Blocks lie without gaps, so each finds its neighbours by length; the
 * last one is a mere header, in use for ever. */
struct arena_block {
    alignas(max_align_t) size_t before_len; /* of the block before, its header included; 0: none */
    size_t len;                             /* of this one, header included; bit 0: in use */
    /* Only while it is free, in the bytes that were its user's: */
    struct arena_block *next, *previous;
};

#define HEADER_LEN offsetof(struct arena_block, next)
#define UNIT_LEN sizeof(struct arena_block) /* of the smallest block */
#define ALIGN_LEN alignof(max_align_t)
#define IN_USE ((size_t)1)
#define EIGHTH_BITS 3

_Static_assert(HEADER_LEN % alignof(max_align_t) == 0, "what follows a header is aligned");
_Static_assert(UNIT_LEN % alignof(max_align_t) == 0, "so is the next header");
_Static_assert(HEADER_LEN + alignof(max_align_t) <= ARENA_OVERHEAD_LEN, "as the header file says");

static size_t block_len(const struct arena_block *block)
{
    return block->len & ~IN_USE;
}

static bool is_in_use(const struct arena_block *block)
{
    return (block->len & IN_USE) != 0;
}

static struct arena_block *at(struct arena_block *block, size_t offset)
{
    void *there = (uint8_t *)block + offset;
    return there;
}

static struct arena_block *block_after(struct arena_block *block)
{
    return at(block, block_len(block));
}

static struct arena_block *block_before(struct arena_block *block)
{
    void *there = (uint8_t *)block - block->before_len;
    return there;
}

/* ---- Lists by size --------------------------------------------------------------------------- */

struct place {
    unsigned power, eighth;
};

/* Of a value that is not 0. */
static unsigned highest_bit(size_t value)
{
    return (unsigned)(8 * sizeof(unsigned long) - 1) - (unsigned)__builtin_clzl(value);
}

/* The list that a free block of this length stands in. */
static struct place place_of(size_t len)
{
    unsigned bit = highest_bit(len);
    unsigned lowest = highest_bit(UNIT_LEN);
    size_t eighth = (len >> (bit - EIGHTH_BITS)) & (ARENA_EIGHTHS - 1);
    return (struct place){.power = bit - lowest, .eighth = (unsigned)eighth};
}

/* The first list of which every block has at least this length. */
static struct place place_for(size_t len)
{
    size_t eighth_len = (size_t)1 << (highest_bit(len) - EIGHTH_BITS);
    return place_of(len + eighth_len - 1);
}

static void list_add(struct arena *arena, struct arena_block *block)
{
    struct place place = place_of(block_len(block));
    struct arena_block **list = &arena->lists[place.power][place.eighth];
    block->previous = NULL;
    block->next = *list;
    if (*list != NULL) {
        (*list)->previous = block;
    }
    *list = block;
    arena->powers |= (uint32_t)1 << place.power;
    arena->eighths[place.power] |= (uint8_t)(1U << place.eighth);
}

static void list_remove(struct arena *arena, struct arena_block *block)
{
    struct place place = place_of(block_len(block));
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
    if (block->previous != NULL) {
        block->previous->next = block->next;
        return;
    }
    arena->lists[place.power][place.eighth] = block->next;
    if (block->next == NULL) {
        arena->eighths[place.power] &= (uint8_t)~(1U << place.eighth);
    }
    if (arena->eighths[place.power] == 0) {
        arena->powers &= ~((uint32_t)1 << place.power);
    }
}

/* A free block of at least len bytes, or NULL. */
static struct arena_block *find(const struct arena *arena, size_t len)
{
    struct place place = place_for(len);
    if (place.power >= ARENA_POWERS) {
        return NULL;
    }
    unsigned eighths = arena->eighths[place.power] & (0xffU << place.eighth);
    if (eighths == 0) {
        uint32_t above = place.power + 1 < ARENA_POWERS ? UINT32_MAX << (place.power + 1) : 0;
        uint32_t powers = arena->powers & above;
        if (powers == 0) {
            return NULL;
        }
        place.power = (unsigned)__builtin_ctz(powers);
        eighths = arena->eighths[place.power];
    }
    return arena->lists[place.power][__builtin_ctz(eighths)];
}

/* ---- Blocks ---------------------------------------------------------------------------------- */

void arena_open(struct arena *arena, void *memory, size_t len)
{
    *arena = (struct arena){.powers = 0};
    len -= len % ALIGN_LEN;
    if (len < 2 * UNIT_LEN + HEADER_LEN) {
        return;
    }
    struct arena_block *first = memory;
    first->before_len = 0;
    first->len = len - HEADER_LEN;
    struct arena_block *end = block_after(first);
    end->before_len = first->len;
    end->len = HEADER_LEN | IN_USE;
    arena->begin = memory;
    arena->end = arena->begin + first->len;
    list_add(arena, first);
}

/* With header, rounded up; 0 if there is no such length. */
static size_t length_for(size_t len)
{
    if (len > SIZE_MAX / 2) {
        return 0;
    }
    len = (len + HEADER_LEN + ALIGN_LEN - 1) / ALIGN_LEN * ALIGN_LEN;
    return len < UNIT_LEN ? UNIT_LEN : len;
}

/* Cuts off what a block that is in no list has beyond len, if that makes a block. */
static void cut(struct arena *arena, struct arena_block *block, size_t len)
{
    size_t rest_len = block_len(block) - len;
    if (rest_len < UNIT_LEN) {
        return;
    }
    struct arena_block *rest = at(block, len);
    rest->before_len = len;
    rest->len = rest_len;
    block_after(rest)->before_len = rest_len;
    block->len = len;
    list_add(arena, rest);
}

void *arena_take(struct arena *arena, size_t len)
{
    len = length_for(len);
    struct arena_block *block = len > 0 ? find(arena, len) : NULL;
    if (block == NULL) {
        return NULL;
    }
    list_remove(arena, block);
    cut(arena, block, len);
    arena->used_len += block_len(block);
    block->len |= IN_USE;
    return &block->next;
}

static struct arena_block *block_of(void *p)
{
    void *header = (uint8_t *)p - HEADER_LEN;
    return header;
}

/* Makes one block of a free one and the free one behind it, both in no list. */
static void join_with_next(struct arena_block *block)
{
    block->len += block_after(block)->len;
    block_after(block)->before_len = block->len;
}

/* A length that leads to another header of this arena, no farther than most_len away. */
static bool leads_to_header(size_t len, size_t most_len)
{
    return len % ALIGN_LEN == 0 && len <= most_len;
}

/* Both neighbours must agree with what the header says; which may be anything, so it is not
 * followed out of the arena. */
static bool is_sound(const struct arena *arena, struct arena_block *block)
{
    uintptr_t here = (uintptr_t)block;
    uintptr_t begin = (uintptr_t)arena->begin;
    uintptr_t end = (uintptr_t)arena->end;
    if (here < begin || here >= end || here % ALIGN_LEN != 0 || !is_in_use(block)) {
        return false;
    }
    if (block_len(block) < UNIT_LEN || !leads_to_header(block_len(block), end - here) ||
        !leads_to_header(block->before_len, here - begin)) {
        return false;
    }
    bool next_agrees = block_after(block)->before_len == block_len(block);
    bool before_agrees =
        block->before_len == 0 || block_len(block_before(block)) == block->before_len;
    return next_agrees && before_agrees;
}

bool arena_give(struct arena *arena, void *p)
{
    struct arena_block *block = block_of(p);
    if (!is_sound(arena, block)) {
        return false;
    }
    arena->used_len -= block_len(block);
    block->len &= ~IN_USE;
    if (!is_in_use(block_after(block))) {
        list_remove(arena, block_after(block));
        join_with_next(block);
    }
    if (block->before_len != 0 && !is_in_use(block_before(block))) {
        block = block_before(block);
        list_remove(arena, block);
        join_with_next(block);
    }
    list_add(arena, block);
    return true;
}

size_t arena_block_len(const void *p)
{
    const struct arena_block *block = (const void *)((const uint8_t *)p - HEADER_LEN);
    return block_len(block) - HEADER_LEN;
}
