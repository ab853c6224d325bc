/* Does the CPU say of itself what the kernel says of it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_port.h"

/* True if a line of flags in /proc/cpuinfo has the word. */
static bool kernel_lists(const char *word)
{
    static char line[8192];
    bool found = false;
    FILE *file = fopen("/proc/cpuinfo", "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        char *rest = NULL;
        bool is_flags = strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0;
        for (char *flag = strtok_r(line, " \t\n", &rest); is_flags && flag != NULL;
             flag = strtok_r(NULL, " \t\n", &rest)) {
            found = found || strcmp(flag, word) == 0;
        }
    }
    (void)fclose(file);
    return found;
}

static void aes_is_what_the_kernel_lists(void **state)
{
    (void)state;
    assert_int_equal(cpu_has_aes(), kernel_lists("aes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(aes_is_what_the_kernel_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
