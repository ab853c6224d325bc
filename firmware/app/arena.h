/* One piece of memory, cut into blocks: two-level segregated fit.
 *
 * Free blocks stand in lists by size, eight to each power of two, and a bitmap says which lists are
 * not empty. A request takes a block of the first list in which every block is large enough, cuts
 * off what it does not need, and a freed block is joined with its free neighbours at once. So both
 * take the same short time whatever came before, a block is at most an eighth larger than it has
 * to be, and nothing is kept of a load that is over. Source: M. Masmano et al., "TLSF: a new
 * dynamic memory allocator for real-time systems", ECRTS 2004.
 *
 * Not for several threads at a time. */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

#define ARENA_EIGHTHS 8
#define ARENA_POWERS 32 /* of two, from the smallest block: more than any memory here */

struct arena_block;

struct arena {
    struct arena_block *lists[ARENA_POWERS][ARENA_EIGHTHS];
    uint32_t powers;               /* bit p: one of lists[p] is not empty */
    uint8_t eighths[ARENA_POWERS]; /* bit e: lists[p][e] is not empty */
    size_t used_len;               /* of blocks with their headers: what is left is the rest */
    const uint8_t *begin, *end;    /* of the blocks; the last header stands at end */
};

/* What a block costs beside the bytes that were asked for, at most, unless it is tiny. */
#define ARENA_OVERHEAD_LEN 32

/* Makes an arena of memory (len bytes, borrowed for as long as the arena is used, aligned for any
 * type). len less than 128 is an arena that has nothing to give. */
void arena_open(struct arena *arena, void *memory, size_t len);

/* A block of len bytes, aligned for any type, its content left as it is. NULL: there is none. */
PORT_MUST_USE void *arena_take(struct arena *arena, size_t len);

/* Gives a block back. False: it is none of this arena's, was given back before, or what stands
 * before or behind it has been overwritten; nothing was changed. */
PORT_MUST_USE bool arena_give(struct arena *arena, void *block);

/* Bytes that may be used at a block, at least as many as were asked for. */
size_t arena_block_len(const void *block);

#endif
