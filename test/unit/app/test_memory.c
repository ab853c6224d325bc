/* Is all of TLS's memory counted, bounded in its sums, and zeroized when it goes? */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "memory_port.h"
#include "memory_watch.h"

#define LIMIT_LEN 100000

static int set_up(void **state)
{
    (void)state;
    return memory_reserve(LIMIT_LEN) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(memory_used_len(), 0);
    memory_release();
    return 0;
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
    assert_in_range(memory_used_len(), used + 21, used + 21 + 64);
    assert_int_equal(memory_block_count(), blocks + 1);
    memory_free(p);
    assert_int_equal(memory_used_len(), used);
    assert_int_equal(memory_block_count(), blocks);
}

static void peak_is_the_most_that_ever_was(void **state)
{
    (void)state;
    void *a = memory_calloc(1, memory_peak_len() + 100);
    void *b = memory_calloc(1, 50);
    size_t most = memory_used_len();
    assert_int_equal(memory_peak_len(), most);
    memory_free(b);
    memory_free(a);
    assert_int_equal(memory_peak_len(), most);
    memory_free(memory_calloc(1, 10));
    assert_int_equal(memory_peak_len(), most);
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
    memory_watch(p, 100);
    memory_free(p);
    assert_true(memory_watch_was_wiped());
}

static const uint8_t secret[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void realloc_keeps_the_bytes_and_leaves_no_copy(void **state)
{
    (void)state;
    size_t used = memory_used_len();
    uint8_t *p = memory_realloc(NULL, 16);
    assert_non_null(p);
    memcpy(p, secret, sizeof(secret));
    memory_watch(p, 16);
    uint8_t *grown = memory_realloc(p, 4096);
    assert_non_null(grown);
    assert_true(memory_watch_was_wiped());
    assert_memory_equal(grown, secret, sizeof(secret));
    uint8_t *shrunk = memory_realloc(grown, 4);
    assert_non_null(shrunk);
    assert_memory_equal(shrunk, secret, 4);
    assert_in_range(memory_used_len(), used + 4, used + 4 + 64);
    assert_null(memory_realloc(shrunk, SIZE_MAX));
    assert_memory_equal(shrunk, secret, 4);
    memory_free(shrunk);
    assert_int_equal(memory_used_len(), used);
}

static void no_more_than_was_set_aside(void **state)
{
    (void)state;
    void *blocks[LIMIT_LEN / 1000];
    unsigned count = 0;
    do {
        blocks[count] = memory_calloc(1, 1000);
    } while (blocks[count] != NULL && ++count < LIMIT_LEN / 1000);
    assert_in_range(count, 90, 100);
    assert_in_range(memory_peak_len(), 1, LIMIT_LEN);
    assert_null(memory_calloc(1, LIMIT_LEN));
    while (count > 0) {
        memory_free(blocks[--count]);
    }
    void *all = memory_calloc(1, LIMIT_LEN / 10 * 8); /* nothing stays cut up */
    assert_non_null(all);
    memory_free(all);
}

static void *churn(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 20000; i++) {
        void *p = memory_calloc(1, i % 500);
        assert_non_null(p);
        memset(p, (int)i, i % 500);
        memory_free(p);
    }
    return NULL;
}

static void any_thread_may_take(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(memory_block_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_are_zeroed_aligned_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(peak_is_the_most_that_ever_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overflow_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_blocks_are_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freed_blocks_are_zeroized, set_up, tear_down),
        cmocka_unit_test_setup_teardown(realloc_keeps_the_bytes_and_leaves_no_copy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_was_set_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_thread_may_take, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
