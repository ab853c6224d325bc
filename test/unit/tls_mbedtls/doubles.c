/* Test doubles for the seams below the backend: clock, entropy and memory as a test wants them. */
#include "doubles.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <cmocka.h>

#include "clock_port.h"
#include "crypto_driver.h"
#include "entropy_port.h"
#include "memory_port.h"

int64_t double_wall_s;
uint64_t double_now_us = 1000000;
bool double_entropy_fails;
long double_allocations_left = -1;

static size_t block_count, used_len;

struct clock_wall clock_wall(void)
{
    if (double_wall_s == 0) {
        double_wall_s = time(NULL);
    }
    return (struct clock_wall){.unix_s = double_wall_s, .source = CLOCK_SOURCE_SYSTEM};
}

uint64_t clock_now_us(void)
{
    return double_now_us;
}

bool entropy_fill(uint8_t *buf, size_t len)
{
    bool filled = !double_entropy_fails && getrandom(buf, len, 0) == (ssize_t)len;
    if (!filled) {
        memset(buf, 0, len);
    }
    return filled;
}

void *memory_calloc(size_t count, size_t size)
{
    if (double_allocations_left == 0) {
        return NULL;
    }
    double_allocations_left -= double_allocations_left > 0;
    void *p = calloc(count, size);
    block_count += p != NULL;
    used_len += malloc_usable_size(p);
    return p;
}

void *memory_realloc(void *p, size_t size)
{
    void *moved = memory_calloc(1, size);
    if (moved != NULL && p != NULL) {
        size_t old_len = malloc_usable_size(p);
        memcpy(moved, p, old_len < size ? old_len : size);
        memory_free(p);
    }
    return moved;
}

void memory_free(void *p)
{
    block_count -= p != NULL;
    used_len -= malloc_usable_size(p);
    free(p);
}

void double_assert_all_freed(void)
{
    static size_t kept; /* by the driver, in its first life */
    if (kept == 0 && crypto_driver_memory.fixed_len > 0) {
        kept = block_count;
    }
    assert_int_equal(block_count, kept);
}

size_t memory_block_count(void)
{
    return block_count;
}

size_t memory_used_len(void)
{
    return used_len;
}
