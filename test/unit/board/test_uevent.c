/* Are the kernel's messages about devices understood, and others refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uevent.h"

/* The literal without the zero byte that C adds: each has its own at the end. */
#define MESSAGE(literal) (literal), (sizeof(literal) - 1)

static void a_partition_has_a_name_in_dev(void **state)
{
    (void)state;
    struct uevent event;
    assert_true(
        uevent_parse(MESSAGE("add@/devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1\0"
                             "ACTION=add\0DEVPATH=/devices/vda1\0SUBSYSTEM=block\0MAJOR=254\0"
                             "MINOR=1\0DEVNAME=vda1\0DEVTYPE=partition\0SEQNUM=1407\0"),
                     &event));
    assert_string_equal(event.action, "add");
    assert_string_equal(event.subsystem, "block");
    assert_string_equal(event.device, "vda1");
    assert_string_equal(event.type, "partition");
    assert_null(event.interface);
}

static void an_ethernet_interface_has_a_name_and_no_type(void **state)
{
    (void)state;
    struct uevent event;
    assert_true(uevent_parse(
        MESSAGE("add@/devices/x/net/eth0\0ACTION=add\0SUBSYSTEM=net\0INTERFACE=eth0\0IFINDEX=2\0"),
        &event));
    assert_string_equal(event.subsystem, "net");
    assert_string_equal(event.interface, "eth0");
    assert_null(event.type);
    assert_null(event.device);
}

static void keys_are_whole_words(void **state)
{
    (void)state;
    struct uevent event;
    assert_true(uevent_parse(
        MESSAGE(
            "remove@/x\0ACTION=remove\0SUBSYSTEM=net\0XINTERFACE=a\0INTERFACE_OLD=b\0DEVNAM=c\0"),
        &event));
    assert_string_equal(event.action, "remove");
    assert_null(event.interface);
    assert_null(event.device);
}

static void empty_values_and_pairs_do_no_harm(void **state)
{
    (void)state;
    struct uevent event;
    assert_true(uevent_parse(MESSAGE("add@/x\0\0ACTION=add\0=\0SUBSYSTEM=\0\0"), &event));
    assert_string_equal(event.subsystem, "");
}

static void what_is_no_whole_message_is_refused(void **state)
{
    (void)state;
    struct uevent event;
    assert_false(uevent_parse("", 0, &event));
    assert_false(uevent_parse(MESSAGE("\0"), &event));
    assert_false(uevent_parse(MESSAGE("libudev\0\xfe\xed\xca\xfe\0"), &event));
    assert_false(uevent_parse(MESSAGE("add@/x\0"), &event));
    assert_false(uevent_parse(MESSAGE("add@/x\0ACTION=add\0"), &event));
    assert_false(uevent_parse(MESSAGE("add@/x\0SUBSYSTEM=net\0"), &event));
    assert_false(uevent_parse(MESSAGE("add@/x\0ACTION=add\0SUBSYSTEM=net"), &event)); /* cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_has_a_name_in_dev),
        cmocka_unit_test(an_ethernet_interface_has_a_name_and_no_type),
        cmocka_unit_test(keys_are_whole_words),
        cmocka_unit_test(empty_values_and_pairs_do_no_harm),
        cmocka_unit_test(what_is_no_whole_message_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
