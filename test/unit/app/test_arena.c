/* Blocks that do not overlap, whatever is taken and given; nothing lost, nothing kept cut up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define MEMORY_LEN (1 << 20)
#define BLOCKS_MAX 4096

static _Alignas(max_align_t) uint8_t memory[MEMORY_LEN];
static struct arena arena;

static struct taken {
    uint8_t *bytes; /* NULL: none */
    size_t len;
    uint8_t mark;
} taken[BLOCKS_MAX];

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % bound;
}

static int set_up(void **state)
{
    (void)state;
    random_state = 1;
    memset(taken, 0, sizeof(taken));
    arena_open(&arena, memory, sizeof(memory));
    return 0;
}

static bool take(unsigned i, size_t len)
{
    struct taken *block = &taken[i];
    block->bytes = arena_take(&arena, len);
    if (block->bytes == NULL) {
        return false;
    }
    assert_int_equal((uintptr_t)block->bytes % _Alignof(max_align_t), 0);
    assert_true(block->bytes >= memory && block->bytes + len <= memory + sizeof(memory));
    assert_true(arena_block_len(block->bytes) >= len);
    block->len = len;
    block->mark = (uint8_t)random_below(256);
    memset(block->bytes, block->mark, len);
    return true;
}

/* What was written must still be there: no other block lies over it. */
static void give(unsigned i)
{
    struct taken *block = &taken[i];
    for (size_t at = 0; at < block->len; at++) {
        assert_int_equal(block->bytes[at], block->mark);
    }
    assert_true(arena_give(&arena, block->bytes));
    block->bytes = NULL;
}

static void give_all(void)
{
    for (unsigned i = 0; i < BLOCKS_MAX; i++) {
        if (taken[i].bytes != NULL) {
            give(i);
        }
    }
}

/* Everything given back is one block again. */
static void assert_whole(void)
{
    assert_int_equal(arena.used_len, 0);
    void *all = arena_take(&arena, MEMORY_LEN / 8 * 7);
    assert_non_null(all);
    assert_true(arena_give(&arena, all));
}

static void test_random_load(void **state)
{
    (void)state;
    size_t most = 0;
    for (unsigned round = 0; round < 300000; round++) {
        unsigned i = random_below(BLOCKS_MAX);
        if (taken[i].bytes != NULL) {
            give(i);
        } else {
            (void)take(i, random_below(4) == 0 ? random_below(5000) : random_below(300));
        }
        most = arena.used_len > most ? arena.used_len : most;
    }
    print_message("at most %zu of %d bytes in use\n", most, MEMORY_LEN);
    assert_true(most > MEMORY_LEN * 9 / 10); /* it was full, and that did no harm */
    give_all();
    assert_whole();
}

static void test_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 5000; len++) {
        assert_true(take(0, len));
        assert_in_range(arena.used_len, len, len + ARENA_OVERHEAD_LEN);
        give(0);
    }
    assert_whole();
}

static void test_too_large(void **state)
{
    (void)state;
    assert_null(arena_take(&arena, MEMORY_LEN));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX / 2));
    assert_null(arena_take(&arena, SIZE_MAX - 40));
    assert_whole();
}

static void test_no_memory_to_begin_with(void **state)
{
    (void)state;
    for (size_t len = 0; len < 128; len++) {
        arena_open(&arena, memory, len);
        void *p = arena_take(&arena, 1);
        assert_true(p == NULL || arena_give(&arena, p));
    }
}

static void test_block_given_twice_is_noticed(void **state)
{
    (void)state;
    assert_true(take(0, 100));
    assert_true(take(1, 100));
    assert_true(take(2, 100));
    void *p = taken[1].bytes;
    give(1);
    assert_false(arena_give(&arena, p));
    give(0);
    assert_false(arena_give(&arena, p));
    give(2);
    assert_whole();
}

static void test_overwritten_neighbour_is_noticed(void **state)
{
    (void)state;
    assert_true(take(0, 100));
    assert_true(take(1, 100));
    memset(taken[0].bytes, 0x41, arena_block_len(taken[0].bytes) + 1);
    assert_false(arena_give(&arena, taken[0].bytes));
    assert_false(arena_give(&arena, taken[1].bytes));
}

/* Sessions come and go for a long time: of the same few sizes, some of them, and other things for a
 * moment in between. What fitted once must fit always. */
static void test_sessions_for_weeks(void **state)
{
    (void)state;
    enum { SESSIONS = 64, PARTS = 12, LEN = 5000 };
    static const size_t parts[PARTS] = {1400, 700, 700, 280, 280, 120, 96, 64, 400, 300, 48, 32};
    arena_open(&arena, memory, (size_t)SESSIONS * LEN + 30000);
    bool open[SESSIONS] = {false};
    for (unsigned round = 0; round < 200000; round++) {
        unsigned session = random_below(SESSIONS);
        for (unsigned i = 0; i < 20; i++) { /* a computation */
            void *p = arena_take(&arena, random_below(1000));
            assert_non_null(p);
            assert_true(arena_give(&arena, p));
        }
        for (unsigned part = 0; part < PARTS; part++) {
            unsigned i = session * PARTS + part;
            if (open[session]) {
                give(i);
            } else {
                assert_true(take(i, parts[part] - random_below(16)));
            }
        }
        open[session] = !open[session];
    }
    give_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random_load, set_up),
        cmocka_unit_test_setup(test_every_length, set_up),
        cmocka_unit_test_setup(test_too_large, set_up),
        cmocka_unit_test_setup(test_no_memory_to_begin_with, set_up),
        cmocka_unit_test_setup(test_block_given_twice_is_noticed, set_up),
        cmocka_unit_test_setup(test_overwritten_neighbour_is_noticed, set_up),
        cmocka_unit_test_setup(test_sessions_for_weeks, set_up),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
