/* Is an interface's hardware address the one that the system shows, and are those without one
 * refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>

#include "interface_mac.h"

static const uint8_t before[6] = {1, 2, 3, 4, 5, 6};

static void assert_refused(const char *name)
{
    uint8_t mac[6];
    memcpy(mac, before, sizeof(mac));
    assert_false(interface_read_mac(name, mac));
    assert_memory_equal(mac, before, sizeof(mac));
}

static void interface_without_an_address_is_refused(void **state)
{
    (void)state;
    assert_refused("lo");
    assert_refused("");
    assert_refused("no-such-iface0");
    assert_refused("a-name-that-is-longer-than-any-interface");
}

/* What the system shows as the interface's attribute; "" if nothing. */
static void read_attribute(const char *name, const char *attribute, char *out, int cap)
{
    char path[320];
    out[0] = '\0';
    (void)snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attribute);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return;
    }
    if (fgets(out, cap, file) == NULL) {
        out[0] = '\0';
    }
    (void)fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

static bool matches_the_system(const char *name)
{
    char shown[32], type[16], text[32];
    uint8_t mac[6];
    read_attribute(name, "address", shown, sizeof(shown));
    read_attribute(name, "type", type, sizeof(type));
    if (strcmp(type, "1") != 0 || strcmp(shown, "00:00:00:00:00:00") == 0) {
        return false; /* no Ethernet */
    }
    assert_true(interface_read_mac(name, mac));
    (void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                   mac[3], mac[4], mac[5]);
    assert_string_equal(text, shown);
    return true;
}

static void address_is_what_the_system_shows(void **state)
{
    (void)state;
    unsigned count = 0;
    DIR *folder = opendir("/sys/class/net");
    if (folder == NULL) {
        skip();
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.' && matches_the_system(entry->d_name) ? 1 : 0;
    }
    (void)closedir(folder);
    if (count == 0) {
        skip(); /* test_wire.py asks about an interface that it makes itself */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interface_without_an_address_is_refused),
        cmocka_unit_test(address_is_what_the_system_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
