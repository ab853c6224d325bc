/* Does the blob come from where the user said, and does every failure say why? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "identity.h"
#include "temp_file.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void write_file(size_t len)
{
    static char bytes[CERT_BLOB_CAPACITY + 1];
    assert_true(len <= sizeof(bytes));
    memset(bytes, 'b', sizeof(bytes));
    temp_file_write(bytes, len);
}

static void embedded_blob_is_read_where_no_file_is_named(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128];
    memset(fake.embedded, 'e', sizeof(fake.embedded));
    assert_true(identity_load(NULL, &identity, reason, sizeof(reason)));
    assert_int_equal(fake.blob_len, CERT_BLOB_CAPACITY);
    assert_memory_equal(fake.blob_bytes, fake.embedded, CERT_BLOB_CAPACITY);
    assert_int_equal(identity.blob.server.chain_count, 1);
    identity_unload(&identity);
}

static void bad_embedded_blob_says_what_is_wrong(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128];
    fake.blob_outcome = CERT_BLOB_BAD_HASH;
    assert_false(identity_load(NULL, &identity, reason, sizeof(reason)));
    assert_string_equal(reason, "embedded certificates: the hash does not match");
    identity_unload(&identity);
}

static void file_is_read_whole(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128];
    for (size_t len = 0; len <= CERT_BLOB_CAPACITY; len += CERT_BLOB_CAPACITY / 4) {
        write_file(len);
        assert_true(identity_load(temp_file_path, &identity, reason, sizeof(reason)));
        assert_int_equal(fake.blob_len, len);
        assert_true(len == 0 || (fake.blob_bytes[0] == 'b' && fake.blob_bytes[len - 1] == 'b'));
        identity_unload(&identity);
        assert_null(identity.bytes);
    }
}

static void file_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128];
    write_file(CERT_BLOB_CAPACITY + 1);
    assert_false(identity_load(temp_file_path, &identity, reason, sizeof(reason)));
    assert_non_null(strstr(reason, "larger than 16384 bytes"));
    assert_null(fake.blob_bytes);
    identity_unload(&identity);
}

static void bad_file_is_named(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128], expected[128];
    write_file(100);
    fake.blob_outcome = CERT_BLOB_BAD_HASH;
    assert_false(identity_load(temp_file_path, &identity, reason, sizeof(reason)));
    (void)snprintf(expected, sizeof(expected), "%s: the hash does not match", temp_file_path);
    assert_string_equal(reason, expected);
    identity_unload(&identity);
}

static void file_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    struct identity identity;
    char reason[128];
    assert_false(identity_load("/nonexistent/blob.bin", &identity, reason, sizeof(reason)));
    assert_string_equal(reason, "cannot read /nonexistent/blob.bin: No such file or directory");
    identity_unload(&identity);
    assert_false(identity_load("/", &identity, reason, sizeof(reason)));
    assert_string_equal(reason, "cannot read /: Is a directory");
    identity_unload(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(embedded_blob_is_read_where_no_file_is_named, setup),
        cmocka_unit_test_setup(bad_embedded_blob_says_what_is_wrong, setup),
        cmocka_unit_test_setup(file_is_read_whole, setup),
        cmocka_unit_test_setup(file_that_is_too_large_is_refused, setup),
        cmocka_unit_test_setup(bad_file_is_named, setup),
        cmocka_unit_test_setup(file_that_cannot_be_read_says_why, setup),
    };
    return cmocka_run_group_tests(tests, temp_file_make, temp_file_remove);
}
