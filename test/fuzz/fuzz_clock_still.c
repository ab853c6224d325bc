/* A clock that stands still until a target lets time pass: nothing here waits. */
#include "clock_port.h"
#include "fuzz_doubles.h"

static uint64_t now_us = 1000000;

uint64_t clock_now_us(void)
{
    return now_us;
}

void fuzz_clock_pass_us(uint64_t us)
{
    now_us += us;
}

uint64_t clock_cpu_us(void)
{
    return 0;
}
