/* What a time server's answer is worth. */
#include "sntp_answer.h"

#include <string.h>

#define MODE_SERVER 4
#define LEAP_ALARM 3 /* the clock is not synchronized */
#define VERSION_MAX 4
#define STRATUM_MAX 15

#define OFFSET_STRATUM 1
#define OFFSET_ROOT_DELAY 4
#define OFFSET_ROOT_DISPERSION 8
#define OFFSET_REFERENCE_ID 12
#define OFFSET_ORIGINATE 24
#define OFFSET_TRANSMIT 40

/* A server whose own clock may be off by more has lost its source: RFC 5905 appendix A.1.1,
 * MAXDISP.
 */
#define ROOT_DISTANCE_MAX_S 16

#define S_1970_TO_2036 INT64_C(2085978496)

static uint64_t read_number(const uint8_t *bytes, size_t len)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* Half the way there and back, and what the server's sources may be off: seconds, 16 bits behind
 * the point. */
static bool is_too_far_from_the_source(const uint8_t *bytes)
{
    uint64_t delay = read_number(bytes + OFFSET_ROOT_DELAY, 4);
    uint64_t dispersion = read_number(bytes + OFFSET_ROOT_DISPERSION, 4);
    return delay / 2 + dispersion > (uint64_t)ROOT_DISTANCE_MAX_S << 16;
}

/* Who has not seen the question may not even end the wait for the answer: so that comes first. */
static bool repeats(const uint8_t *bytes, size_t len, const uint8_t cookie[SNTP_COOKIE_LEN])
{
    return len >= OFFSET_ORIGINATE + SNTP_COOKIE_LEN &&
           memcmp(bytes + OFFSET_ORIGINATE, cookie, SNTP_COOKIE_LEN) == 0;
}

enum sntp_verdict sntp_answer_judge(const uint8_t *bytes, size_t len,
                                    const uint8_t cookie[SNTP_COOKIE_LEN])
{
    if (!repeats(bytes, len, cookie)) {
        return SNTP_NOT_OURS;
    }
    unsigned leap = bytes[0] >> 6, version = bytes[0] >> 3 & 7, mode = bytes[0] & 7;
    if (len != SNTP_ANSWER_LEN || mode != MODE_SERVER || version == 0 || version > VERSION_MAX) {
        return SNTP_MALFORMED;
    }
    if (bytes[OFFSET_STRATUM] == 0) {
        return SNTP_KISS_OF_DEATH;
    }
    if (leap == LEAP_ALARM || bytes[OFFSET_STRATUM] > STRATUM_MAX ||
        is_too_far_from_the_source(bytes)) {
        return SNTP_NOT_SYNCHRONIZED;
    }
    return read_number(bytes + OFFSET_TRANSMIT, 8) == 0 ? SNTP_MALFORMED : SNTP_GOOD;
}

const char *sntp_verdict_name(enum sntp_verdict verdict)
{
    switch (verdict) {
    case SNTP_GOOD:
        return "good";
    case SNTP_NOT_OURS:
        return "not_ours";
    case SNTP_KISS_OF_DEATH:
        return "kiss_of_death";
    case SNTP_NOT_SYNCHRONIZED:
        return "not_synchronized";
    case SNTP_MALFORMED:
        break;
    }
    return "malformed";
}

void sntp_answer_kiss(const uint8_t bytes[SNTP_ANSWER_LEN], char out[5])
{
    for (size_t i = 0; i < 4; i++) {
        char c = (char)bytes[OFFSET_REFERENCE_ID + i];
        out[i] = (char)((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : '?');
    }
    out[4] = '\0';
}

int64_t sntp_to_unix_us(int32_t seconds, uint32_t fraction)
{
    int64_t fraction_us = (int64_t)((uint64_t)fraction * 1000000 >> 32);
    return (S_1970_TO_2036 + seconds) * 1000000 + fraction_us;
}
