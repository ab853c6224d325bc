/* Is the machine's id what its files say, without the line end, and within the room given? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "board_id.h"

/* The first line of the file into out (BOARD_ID_MAX bytes); its length, 0 without such a file. */
static size_t first_line(const char *path, char *out)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    if (fgets(out, BOARD_ID_MAX, file) == NULL) {
        out[0] = '\0';
    }
    (void)fclose(file);
    return strcspn(out, "\n");
}

static void id_is_the_first_that_a_file_has(void **state)
{
    (void)state;
    char expected[BOARD_ID_MAX] = "";
    uint8_t id[BOARD_ID_MAX];
    size_t expected_len = first_line("/etc/machine-id", expected);
    if (expected_len == 0) {
        expected_len = first_line("/sys/firmware/devicetree/base/serial-number", expected);
    }
    assert_int_equal(board_id_read(id, sizeof(id)), expected_len);
    assert_memory_equal(id, expected, expected_len);
}

static void id_fits_the_room(void **state)
{
    (void)state;
    uint8_t id[8];
    memset(id, 7, sizeof(id));
    assert_in_range(board_id_read(id, 4), 0, 4);
    assert_int_equal(id[4], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_is_the_first_that_a_file_has),
        cmocka_unit_test(id_fits_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
