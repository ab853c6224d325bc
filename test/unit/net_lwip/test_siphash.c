/* Tests SipHash-2-4 with the vectors of its authors: key 00..0f, input 00, 01, 02, ... */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "siphash.h"

static void gives_the_published_hashes(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {
        {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {8, 0x93f5f5799a932462},
        {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
    };
    uint8_t key[SIPHASH_KEY_LEN], input[64];
    for (uint8_t i = 0; i < sizeof(input); i++) {
        input[i] = i;
        key[i % sizeof(key)] = i % sizeof(key);
    }
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_true(siphash(key, input, vectors[i].len) == vectors[i].hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_published_hashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
