/* Is the answer of a time server taken only where it answers, and says a time it knows? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sntp_answer.h"

#define S_1900_TO_1970 INT64_C(2208988800) /* RFC 5905 figure 4 */

static const uint8_t cookie[SNTP_COOKIE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A good answer as it stands on the wire: version 4, stratum 2. */
static void make_good(uint8_t bytes[SNTP_ANSWER_LEN])
{
    memset(bytes, 0, SNTP_ANSWER_LEN);
    bytes[0] = 4 << 3 | 4;
    bytes[1] = 2;
    bytes[10] = 1; /* root dispersion: 1/256 s */
    memcpy(bytes + 24, cookie, sizeof(cookie));
    bytes[40] = 0xee;
}

/* Judges a good answer with the bytes at offset replaced. */
static enum sntp_verdict judge_with(size_t offset, const char *replacement, size_t len)
{
    uint8_t bytes[SNTP_ANSWER_LEN];
    make_good(bytes);
    memcpy(bytes + offset, replacement, len);
    return sntp_answer_judge(bytes, sizeof(bytes), cookie);
}

static void a_good_answer_is_good(void **state)
{
    (void)state;
    assert_int_equal(judge_with(0, "", 0), SNTP_GOOD);
    assert_int_equal(judge_with(0, "\x1c", 1), SNTP_GOOD); /* version 3 */
    assert_int_equal(judge_with(0, "\x64", 1), SNTP_GOOD); /* a leap second is announced */
    assert_int_equal(judge_with(1, "\x01", 1), SNTP_GOOD);
    assert_int_equal(judge_with(1, "\x0f", 1), SNTP_GOOD);
    assert_int_equal(judge_with(4, "\0\0\0\0\0\x10\0\0", 8), SNTP_GOOD); /* 16 s of dispersion */
}

static void every_length_but_one_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < 100; len++) {
        uint8_t *bytes = calloc(1, len + SNTP_ANSWER_LEN);
        assert_non_null(bytes);
        make_good(bytes);
        uint8_t *exact = malloc(len > 0 ? len : 1); /* so that a sanitizer sees what is read */
        assert_non_null(exact);
        memcpy(exact, bytes, len);
        enum sntp_verdict expected = len < 32                 ? SNTP_NOT_OURS
                                     : len != SNTP_ANSWER_LEN ? SNTP_MALFORMED
                                                              : SNTP_GOOD;
        assert_int_equal(sntp_answer_judge(exact, len, cookie), expected);
        free(exact);
        free(bytes);
    }
}

static void an_answer_to_another_question_is_not_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNTP_COOKIE_LEN; i++) {
        assert_int_equal(judge_with(24 + i, "\xff", 1), SNTP_NOT_OURS);
    }
    /* Whatever else it says: nobody else may end our wait. */
    uint8_t bytes[SNTP_ANSWER_LEN];
    make_good(bytes);
    bytes[24] ^= 1;
    for (unsigned first = 0; first < 256; first++) {
        bytes[0] = (uint8_t)first;
        bytes[1] = (uint8_t)(first % 3);
        assert_int_equal(sntp_answer_judge(bytes, sizeof(bytes), cookie), SNTP_NOT_OURS);
    }
}

static void what_is_no_answer_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(judge_with(0, "\x23", 1), SNTP_MALFORMED); /* a client's question */
    assert_int_equal(judge_with(0, "\x25", 1), SNTP_MALFORMED); /* a broadcast */
    assert_int_equal(judge_with(0, "\x04", 1), SNTP_MALFORMED); /* version 0 */
    assert_int_equal(judge_with(0, "\x2c", 1), SNTP_MALFORMED); /* version 5 */
    assert_int_equal(judge_with(40, "\0", 1), SNTP_MALFORMED);  /* no time at all */
}

static void a_server_without_the_time_is_refused(void **state)
{
    (void)state;
    assert_int_equal(judge_with(0, "\xe4", 1), SNTP_NOT_SYNCHRONIZED); /* the leap alarm */
    assert_int_equal(judge_with(1, "\x10", 1), SNTP_NOT_SYNCHRONIZED);
    assert_int_equal(judge_with(1, "\xff", 1), SNTP_NOT_SYNCHRONIZED);
    assert_int_equal(judge_with(4, "\0\0\0\0\0\x10\0\1", 8), SNTP_NOT_SYNCHRONIZED);
    assert_int_equal(judge_with(4, "\0\x20\0\2", 4), SNTP_NOT_SYNCHRONIZED);
    assert_int_equal(judge_with(4, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), SNTP_NOT_SYNCHRONIZED);
}

static void a_kiss_of_death_has_a_code(void **state)
{
    (void)state;
    static const uint8_t rate[] = {'R', 'A', 'T', 'E'}, hostile[] = {'a', '\n', '"', 0xff};
    char code[5];
    uint8_t bytes[SNTP_ANSWER_LEN];
    assert_int_equal(judge_with(1, "\0", 1), SNTP_KISS_OF_DEATH);
    assert_int_equal(judge_with(0, "\xe4\0", 2), SNTP_KISS_OF_DEATH); /* with the leap alarm, too */
    make_good(bytes);
    memcpy(bytes + 12, rate, sizeof(rate));
    sntp_answer_kiss(bytes, code);
    assert_string_equal(code, "RATE");
    memcpy(bytes + 12, hostile, sizeof(hostile));
    sntp_answer_kiss(bytes, code);
    assert_string_equal(code, "a???");
}

/* The seconds since 1900 as they stand on the wire: 32 bits. */
static int64_t to_unix_s(int64_t since_1900)
{
    uint32_t wire = (uint32_t)(since_1900 & 0xffffffff);
    /* lwIP's form: a signed number from the year 2036 on. */
    return sntp_to_unix_us((int32_t)wire, 0) / 1000000;
}

static void all_times_from_1968_to_2104_can_be_told(void **state)
{
    (void)state;
    static const int64_t times[] = {
        0,          1,          1700000000,
        1800000000, 2085978495, /* 2036-02-07T06:28:15Z, the last second of NTP's first era */
        2085978496, 2085978497, 2147483647, /* 2038-01-19 */
        2147483648, 4102444800,             /* 2100 */
        4233462143,                         /* 2104-02-26, the last one */
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        assert_int_equal(to_unix_s(times[i] + S_1900_TO_1970), times[i]);
    }
}

static void fractions_are_parts_of_two_to_the_32(void **state)
{
    (void)state;
    int64_t second_us = sntp_to_unix_us(0, 0);
    assert_int_equal(sntp_to_unix_us(0, 0x80000000U) - second_us, 500000);
    assert_int_equal(sntp_to_unix_us(0, UINT32_MAX) - second_us, 999999);
    assert_int_equal(sntp_to_unix_us(-1, 0x40000000U) - second_us, -750000);
}

static void every_verdict_has_its_own_word(void **state)
{
    (void)state;
    for (int a = SNTP_GOOD; a <= SNTP_NOT_SYNCHRONIZED; a++) {
        for (int b = SNTP_GOOD; b < a; b++) {
            assert_string_not_equal(sntp_verdict_name((enum sntp_verdict)a),
                                    sntp_verdict_name((enum sntp_verdict)b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_is_good),
        cmocka_unit_test(every_length_but_one_is_refused),
        cmocka_unit_test(an_answer_to_another_question_is_not_ours),
        cmocka_unit_test(what_is_no_answer_is_malformed),
        cmocka_unit_test(a_server_without_the_time_is_refused),
        cmocka_unit_test(a_kiss_of_death_has_a_code),
        cmocka_unit_test(all_times_from_1968_to_2104_can_be_told),
        cmocka_unit_test(fractions_are_parts_of_two_to_the_32),
        cmocka_unit_test(every_verdict_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
