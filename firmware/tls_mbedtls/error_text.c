/* The library's own words for its codes. */
#include "backend.h"
#include "mbedtls/error.h"

void error_text(int code, char *out, size_t cap)
{
    mbedtls_strerror(code, out, cap);
}
