/* A few buffers for many borrowers: in the order of asking, and wiped in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "echo_buffers.h"

static struct echo_buffers buffers;
static struct echo_borrower borrowers[5];

static int set_up(void **state)
{
    (void)state;
    memset(borrowers, 0, sizeof(borrowers));
    return echo_buffers_open(&buffers, 2) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    echo_buffers_close(&buffers);
    return 0;
}

static bool borrow(unsigned i)
{
    return echo_buffers_borrow(&buffers, &borrowers[i]);
}

static void give_back(unsigned i)
{
    echo_buffers_return(&buffers, &borrowers[i], ECHO_BUFFER_LEN);
}

static void test_as_many_as_there_are(void **state)
{
    (void)state;
    assert_true(borrow(0));
    assert_true(borrow(1));
    assert_ptr_not_equal(borrowers[0].buffer, borrowers[1].buffer);
    struct echo_buffer *first = borrowers[0].buffer;
    assert_true(borrow(0)); /* has one */
    assert_ptr_equal(borrowers[0].buffer, first);
    assert_false(borrow(2));
    assert_null(borrowers[2].buffer);
    give_back(0);
    give_back(1);
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    assert_true(borrow(0) && borrow(1));
    assert_false(borrow(2));
    assert_false(borrow(3));
    assert_false(borrow(4));
    assert_false(borrow(2)); /* asking again changes nothing */
    give_back(0);
    assert_true(borrowers[2].was_granted);
    assert_non_null(borrowers[2].buffer);
    assert_false(borrowers[3].was_granted);
    give_back(1);
    assert_true(borrowers[3].was_granted);
    assert_true(borrow(2));
    assert_false(borrowers[2].was_granted);
    assert_false(borrow(0)); /* behind 4 */
    give_back(2);
    assert_true(borrowers[4].was_granted);
    assert_false(borrowers[0].was_granted);
    give_back(3);
    assert_true(borrowers[0].was_granted);
    give_back(0);
    give_back(4);
    assert_true(borrow(1) && borrow(2));
}

static void test_who_leaves_the_line_is_forgotten(void **state)
{
    (void)state;
    assert_true(borrow(0) && borrow(1));
    assert_false(borrow(2));
    assert_false(borrow(3));
    assert_false(borrow(4));
    give_back(3);
    give_back(2);
    assert_false(borrowers[2].waits);
    give_back(0);
    assert_true(borrowers[4].was_granted);
    give_back(4); /* granted, but never used */
    assert_null(borrowers[4].buffer);
    assert_false(borrowers[4].was_granted);
    assert_true(borrow(3));
    give_back(1);
    give_back(1); /* has nothing any more */
    give_back(3);
}

static void test_nothing_of_one_is_seen_by_the_next(void **state)
{
    (void)state;
    assert_true(borrow(0) && borrow(1));
    assert_false(borrow(2));
    memset(borrowers[0].buffer->bytes, 's', 700);
    struct echo_buffer *buffer = borrowers[0].buffer;
    echo_buffers_return(&buffers, &borrowers[0], 700);
    assert_ptr_equal(borrowers[2].buffer, buffer);
    for (size_t i = 0; i < ECHO_BUFFER_LEN; i++) {
        assert_int_equal(buffer->bytes[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_many_as_there_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_come_first_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_leaves_the_line_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_of_one_is_seen_by_the_next, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("echo_buffers", tests, NULL, NULL);
}
