/* The seams below the code that is fuzzed, made so that one input always does the same. */
#ifndef FUZZ_DOUBLES_H
#define FUZZ_DOUBLES_H

#include <stddef.h>
#include <stdint.h>

/* Puts clock and entropy back to where every run starts. */
void fuzz_doubles_reset(void);

/* Lets time pass, where the clock stands still otherwise. */
void fuzz_clock_pass_us(uint64_t us);

/* From now on until the next reset each event that is logged is told to watch, too. */
void fuzz_log_watch(void (*watch)(const char *module, const char *event));

/* Ends the run as a finding if the condition does not hold. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
        }                                                                                          \
    } while (0)

_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* The bytes of an input, taken from the front; zeros once they are used up. */
struct fuzz_input {
    const uint8_t *bytes;
    size_t len;
};

uint8_t fuzz_take_byte(struct fuzz_input *input);
uint16_t fuzz_take_u16(struct fuzz_input *input);

/* Takes at most len bytes; *taken says how many there were. Borrowed from the input. */
const uint8_t *fuzz_take_bytes(struct fuzz_input *input, size_t len, size_t *taken);

#endif
