/* Is all of TLS's memory counted, bounded in its sums, and zeroized when it goes? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory_port.h"

/* free(3) is wrapped: the block about to go must hold nothing but zeroes. */
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

static void watch(const void *p, size_t len)
{
    watched = p;
    watched_len = len;
    watched_frees = 0;
    watched_clean = false;
}

static void blocks_are_zeroed_aligned_and_counted(void **state)
{
    (void)state;
    size_t used = memory_used_len();
    size_t blocks = memory_block_count();
    uint8_t *p = memory_calloc(3, 7);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < 21; i++) {
        assert_int_equal(p[i], 0);
    }
    assert_int_equal(memory_used_len(), used + 21);
    assert_int_equal(memory_block_count(), blocks + 1);
    memory_free(p);
    assert_int_equal(memory_used_len(), used);
    assert_int_equal(memory_block_count(), blocks);
}

static void peak_is_the_most_that_ever_was(void **state)
{
    (void)state;
    size_t peak = memory_peak_len();
    void *a = memory_calloc(1, peak + 100);
    void *b = memory_calloc(1, 50);
    assert_int_equal(memory_peak_len(), memory_used_len());
    memory_free(b);
    memory_free(a);
    assert_int_equal(memory_peak_len(), peak + 150);
    memory_free(memory_calloc(1, 10));
    assert_int_equal(memory_peak_len(), peak + 150);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    size_t used = memory_used_len();
    assert_null(memory_calloc(SIZE_MAX / 2, 3));
    assert_null(memory_calloc(3, SIZE_MAX / 2));
    assert_null(memory_calloc(SIZE_MAX, 1));
    assert_null(memory_calloc(1, SIZE_MAX));
    assert_int_equal(memory_used_len(), used);
}

static void empty_blocks_are_blocks(void **state)
{
    (void)state;
    void *p = memory_calloc(0, 8);
    void *q = memory_calloc(8, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_ptr_not_equal(p, q);
    memory_free(p);
    memory_free(q);
    memory_free(NULL);
}

static void freed_blocks_are_zeroized(void **state)
{
    (void)state;
    uint8_t *p = memory_calloc(1, 100);
    assert_non_null(p);
    memset(p, 's', 100);
    watch(p, 100);
    memory_free(p);
    assert_int_equal(watched_frees, 1);
    assert_true(watched_clean);
}

static const uint8_t secret[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void realloc_keeps_the_bytes_and_leaves_no_copy(void **state)
{
    (void)state;
    size_t used = memory_used_len();
    uint8_t *p = memory_realloc(NULL, 16);
    assert_non_null(p);
    memcpy(p, secret, sizeof(secret));
    watch(p, 16);
    uint8_t *grown = memory_realloc(p, 4096);
    assert_non_null(grown);
    assert_true(watched_frees == 1 && watched_clean);
    assert_memory_equal(grown, secret, sizeof(secret));
    uint8_t *shrunk = memory_realloc(grown, 4);
    assert_non_null(shrunk);
    assert_memory_equal(shrunk, secret, 4);
    assert_int_equal(memory_used_len(), used + 4);
    assert_null(memory_realloc(shrunk, SIZE_MAX));
    assert_memory_equal(shrunk, secret, 4);
    memory_free(shrunk);
    assert_int_equal(memory_used_len(), used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_counted),
        cmocka_unit_test(peak_is_the_most_that_ever_was),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(empty_blocks_are_blocks),
        cmocka_unit_test(freed_blocks_are_zeroized),
        cmocka_unit_test(realloc_keeps_the_bytes_and_leaves_no_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
