/* Test doubles for the seams below the backend: the test's side of them. */
#ifndef DOUBLES_H
#define DOUBLES_H

#include <stdbool.h>
#include <stdint.h>

extern int64_t double_wall_s;     /* what clock_wall says; starts as the system's time */
extern uint64_t double_now_us;    /* what clock_now_us says */
extern bool double_entropy_fails; /* entropy_fill gives nothing */

/* Every allocation but the next count ones is refused; -1: none is. */
extern long double_allocations_left;

/* No block is left but what a crypto driver keeps until the program ends. */
void double_assert_all_freed(void);

#endif
