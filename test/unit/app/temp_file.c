/* One file in /tmp for all tests of a program. */
#include "temp_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

char temp_file_path[] = "/tmp/tls-echo-test-XXXXXX";

int temp_file_make(void **state)
{
    (void)state;
    int fd = mkstemp(temp_file_path);
    return fd < 0 ? -1 : close(fd);
}

int temp_file_remove(void **state)
{
    (void)state;
    return unlink(temp_file_path);
}

void temp_file_write(const char *bytes, size_t len)
{
    FILE *file = fopen(temp_file_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}
