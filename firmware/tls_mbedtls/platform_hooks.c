/* What Mbed TLS calls of the system below: memory, time and random bytes, each from its seam. */
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "clock_port.h"
#include "crypto_driver.h"
#include "entropy_port.h"
#include "mbedtls/entropy.h"
#include "mbedtls/platform.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"
#include "memory_port.h"
#include "psa/crypto.h"

/* Global because the library's allocator has no context; only ever counts up. */
static unsigned allocation_failures;

void tls_mbedtls_note_refusal(void)
{
    allocation_failures++;
}

void *tls_mbedtls_calloc(size_t count, size_t size)
{
    void *p = memory_calloc(count, size);
    if (p == NULL) {
        tls_mbedtls_note_refusal();
    }
    return p;
}

void tls_mbedtls_free(void *p)
{
    memory_free(p);
}

unsigned tls_mbedtls_allocation_failures(void)
{
    return allocation_failures;
}

int64_t tls_mbedtls_time(int64_t *out)
{
    int64_t now = clock_wall().unix_s;
    if (out != NULL) {
        *out = now;
    }
    return now;
}

/* The age of tickets: monotonic, so that a clock that is set cannot revive one. */
mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(clock_now_us() / 1000);
}

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar, counting years from March
 * so that the leap day is a year's last, in eras of 400 years. */
static void date_from_days(int64_t days, struct tm *out)
{
    int64_t z = days + 719468; /* since 0000-03-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    out->tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
    out->tm_year = (int)(year_of_era + era * 400 + (month >= 10) - 1900);
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    int64_t days = *tt / 86400;
    int64_t second = *tt % 86400;
    if (second < 0) {
        second += 86400;
        days--;
    }
    memset(tm_buf, 0, sizeof(*tm_buf));
    date_from_days(days, tm_buf);
    tm_buf->tm_hour = (int)(second / 3600);
    tm_buf->tm_min = (int)(second / 60 % 60);
    tm_buf->tm_sec = (int)(second % 60);
    return tm_buf;
}

int tls_mbedtls_random(void *unused, unsigned char *out, size_t len)
{
    (void)unused;
    return entropy_fill(out, len) ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    if (!entropy_fill(output, output_size)) {
        *output_length = 0;
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}
