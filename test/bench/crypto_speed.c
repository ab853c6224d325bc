/* bench_crypto_NAME: how fast the primitives of one library are by themselves: what no TLS on it
 * can exceed. Prints one JSON object: operations, or MB, in a second of CPU time.
 *
 *   bench_crypto_NAME SECONDS */
#include "crypto_speed.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct speed_op {
    const char *name;
    size_t len; /* bytes that a run seals; 0: it is no cipher */
    bool (*run)(void);
};

static const struct speed_op ops[] = {
    {"x25519", 0, crypto_speed_x25519},
    {"p256", 0, crypto_speed_p256},
    {"sign", 0, crypto_speed_sign},
    {"verify", 0, crypto_speed_verify},
    {"aes-128-gcm", CRYPTO_SPEED_RECORD_LEN, crypto_speed_aes},
    {"chacha20-poly1305", CRYPTO_SPEED_RECORD_LEN, crypto_speed_chacha},
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs in a second of CPU time; negative: it failed. */
static double measure(const struct speed_op *op, double seconds)
{
    unsigned long runs = 0;
    bool ok = op->run();
    double begin_s = cpu_s(), now_s = begin_s;
    while (ok && now_s - begin_s < seconds) {
        ok = op->run();
        runs++;
        now_s = cpu_s();
    }
    return ok ? (double)runs / (now_s - begin_s) : -1;
}

int main(int argc, char *argv[])
{
    double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
    const char *separator = "{";
    if (!(seconds > 0 && seconds < 60) || !crypto_speed_start()) {
        fprintf(stderr, "usage: %s SECONDS\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const struct speed_op *op = &ops[i];
        double runs = measure(op, seconds);
        printf("%s\"%s\": %.3f", separator, op->name,
               op->len != 0 ? runs * (double)op->len * 1e-6 : runs);
        separator = ", ";
    }
    puts("}");
    return EXIT_SUCCESS;
}
