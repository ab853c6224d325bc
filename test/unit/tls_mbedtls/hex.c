/* Test vectors as they are published. */
#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t value_of(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, digit);
    assert_non_null(found);
    return (uint8_t)(found - digits);
}

size_t from_hex(uint8_t *out, size_t cap, const char *hex)
{
    size_t len = strlen(hex) / 2;
    assert_true(len <= cap);
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(value_of(hex[2 * i]) << 4 | value_of(hex[2 * i + 1]));
    }
    return len;
}
