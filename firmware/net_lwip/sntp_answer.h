/* What a time server's answer is worth: RFC 5905 section 7.3 has the format, RFC 4330 section 5 the
 * checks. */
#ifndef SNTP_ANSWER_H
#define SNTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNTP_ANSWER_LEN 48
#define SNTP_COOKIE_LEN 8

enum sntp_verdict {
    SNTP_GOOD = 0,
    SNTP_MALFORMED,
    SNTP_NOT_OURS,         /* it does not answer our question: an old answer, or a forged one */
    SNTP_KISS_OF_DEATH,    /* the server does not want to be asked: ask less, or not at all */
    SNTP_NOT_SYNCHRONIZED, /* the server does not know the time itself */
};

/* Judges an answer of len bytes; cookie is the transmit timestamp of the question. */
enum sntp_verdict sntp_answer_judge(const uint8_t *bytes, size_t len,
                                    const uint8_t cookie[SNTP_COOKIE_LEN]);

/* The word that the log says; static. */
const char *sntp_verdict_name(enum sntp_verdict verdict);

/* The code of a kiss of death, "RATE", "DENY", ...: four characters, what is no letter as '?'. */
void sntp_answer_kiss(const uint8_t bytes[SNTP_ANSWER_LEN], char out[5]);

/* Microseconds since 1970 of an NTP timestamp. Its seconds are those since 2036-02-07T06:28:16Z as
 * a signed number, so that 1968 to 2104 can be told (RFC 4330 section 3). */
int64_t sntp_to_unix_us(int32_t seconds, uint32_t fraction);

#endif
