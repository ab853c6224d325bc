/* Is the derived hardware address stable, local, and another one for each role and board? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "mac.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void address_is_stable_and_differs_by_role_and_board(void **state)
{
    (void)state;
    uint8_t server[6], again[6], client[6], other[6];
    assert_true(mac_derive(TLS_SERVER, server));
    assert_true(mac_derive(TLS_SERVER, again));
    assert_true(mac_derive(TLS_CLIENT, client));
    fake.board_id = "another board";
    assert_true(mac_derive(TLS_SERVER, other));
    assert_memory_equal(server, again, 6);
    assert_memory_not_equal(server, client, 6);
    assert_memory_not_equal(server, other, 6);
}

static void address_is_locally_administered_and_unicast(void **state)
{
    (void)state;
    static char id[] = "board a"; /* outlives the test: fake keeps it */
    fake.board_id = id;
    for (; id[6] <= 'z'; id[6]++) {
        uint8_t mac[6];
        assert_true(mac_derive(TLS_CLIENT, mac));
        assert_int_equal(mac[0] & 3, 2);
    }
}

static void board_without_id_gets_a_random_address(void **state)
{
    (void)state;
    uint8_t first[6], second[6];
    fake.board_id = "";
    fake.entropy_next = 0xfd;
    assert_true(mac_derive(TLS_SERVER, first));
    fake.entropy_next = 0x31;
    assert_true(mac_derive(TLS_SERVER, second));
    assert_memory_equal(first, "\xfe\xfd\xfd\xfd\xfd\xfd", 6);
    assert_memory_equal(second, "\x32\x31\x31\x31\x31\x31", 6);
}

static void ip6_key_is_stable_and_like_nothing_else(void **state)
{
    (void)state;
    uint8_t server[16], again[16], client[16], other[16], mac[6];
    assert_true(mac_derive_ip6_key(TLS_SERVER, server));
    assert_true(mac_derive_ip6_key(TLS_SERVER, again));
    assert_true(mac_derive_ip6_key(TLS_CLIENT, client));
    assert_true(mac_derive(TLS_SERVER, mac));
    fake.board_id = "another board";
    assert_true(mac_derive_ip6_key(TLS_SERVER, other));
    assert_memory_equal(server, again, 16);
    assert_memory_not_equal(server, client, 16);
    assert_memory_not_equal(server, other, 16);
    assert_memory_not_equal(server + 1, mac + 1, 5);
}

static void no_hash_and_no_entropy_is_an_error(void **state)
{
    (void)state;
    uint8_t mac[6];
    fake.sha256_fails = true;
    assert_false(mac_derive(TLS_SERVER, mac));
    fake_reset();
    fake.board_id = "";
    fake.entropy_fails = true;
    assert_false(mac_derive(TLS_SERVER, mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(address_is_stable_and_differs_by_role_and_board, setup),
        cmocka_unit_test_setup(address_is_locally_administered_and_unicast, setup),
        cmocka_unit_test_setup(board_without_id_gets_a_random_address, setup),
        cmocka_unit_test_setup(ip6_key_is_stable_and_like_nothing_else, setup),
        cmocka_unit_test_setup(no_hash_and_no_entropy_is_an_error, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
