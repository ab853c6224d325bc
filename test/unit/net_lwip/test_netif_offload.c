/* Tests what is made of the virtio header before a received frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "netif_offload.h"

#define TCP_START 34
#define LEN 57

/* Ethernet, IPv4, TCP with "abc", and the pseudo-header's sum where the checksum belongs. */
static void make_frame(uint8_t frame[LEN])
{
    static const uint8_t ip[] = {0x45, 0, 0,   43, 0, 1, 0x40, 0,  64, 6,
                                 0,    0, 198, 18, 0, 1, 198,  18, 0,  2};
    static const uint8_t tcp[] = {0x1e, 0x61, 0x80, 0, 0,    0,    0, 1, 0,   0,   0,  2,
                                  0x50, 0x18, 0x7d, 0, 0x8c, 0x44, 0, 0, 'a', 'b', 'c'};
    memset(frame, 0, LEN);
    frame[12] = 0x08;
    memcpy(frame + 14, ip, sizeof(ip));
    memcpy(frame + TCP_START, tcp, sizeof(tcp));
}

static const struct virtio_net_hdr unfinished = {
    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = TCP_START, .csum_offset = 16};

static void leaves_a_checksum_out_with_offload_alone(void **state)
{
    (void)state;
    uint8_t frame[LEN], before[LEN];
    bool is_checked = false;
    make_frame(frame);
    memcpy(before, frame, LEN);
    assert_true(netif_offload_take(&unfinished, true, frame, LEN, &is_checked));
    assert_true(is_checked);
    assert_memory_equal(frame, before, LEN);
    assert_true(netif_offload_take(&unfinished, false, frame, LEN, &is_checked));
    assert_false(is_checked);
    assert_memory_not_equal(frame, before, LEN);
}

/* The header's places decide what is summed; who says others than the segment's gets that, made,
 * and the segment is looked at as any other. */
static void trusts_only_the_segments_own_place(void **state)
{
    (void)state;
    uint8_t frame[LEN];
    bool is_checked = true;
    struct virtio_net_hdr header = unfinished;
    header.csum_start = TCP_START + 2;
    make_frame(frame);
    assert_true(netif_offload_take(&header, true, frame, LEN, &is_checked));
    assert_false(is_checked);
    header = unfinished;
    header.csum_offset = 18;
    make_frame(frame);
    assert_true(netif_offload_take(&header, true, frame, LEN, &is_checked));
    assert_false(is_checked);
    make_frame(frame);
    frame[17]++; /* longer than the frame */
    assert_true(netif_offload_take(&unfinished, true, frame, LEN, &is_checked));
    assert_false(is_checked);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    uint8_t frame[LEN];
    bool is_checked = true;
    make_frame(frame);
    struct virtio_net_hdr header = unfinished;
    header.csum_start = LEN;
    assert_false(netif_offload_take(&header, true, frame, LEN, &is_checked));
    header.csum_start = UINT16_MAX;
    assert_false(netif_offload_take(&header, true, frame, LEN, &is_checked));
    header = unfinished;
    header.csum_offset = UINT16_MAX;
    assert_false(netif_offload_take(&header, true, frame, LEN, &is_checked));
    header = unfinished;
    header.gso_type = VIRTIO_NET_HDR_GSO_UDP;
    assert_false(netif_offload_take(&header, true, frame, LEN, &is_checked));
    header.gso_type = 99;
    assert_false(netif_offload_take(&header, true, frame, LEN, &is_checked));
}

static void believes_what_was_checked(void **state)
{
    (void)state;
    uint8_t frame[LEN];
    bool is_checked = false;
    make_frame(frame);
    struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_DATA_VALID};
    assert_true(netif_offload_take(&header, true, frame, LEN, &is_checked));
    assert_true(is_checked);
    header.flags = 0;
    header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN;
    assert_true(netif_offload_take(&header, true, frame, LEN, &is_checked));
    assert_false(is_checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_a_checksum_out_with_offload_alone),
        cmocka_unit_test(trusts_only_the_segments_own_place),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(believes_what_was_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
