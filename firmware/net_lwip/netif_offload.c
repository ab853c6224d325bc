/* Reads and writes the virtio header before a frame. */
#include "netif_offload.h"

#include <string.h>
#include <sys/uio.h>

#include "frame_checksum.h"

bool netif_offload_take(const struct virtio_net_hdr *header, bool use_offload, uint8_t *frame,
                        size_t len, bool *is_checked)
{
    *is_checked = (header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0;
    switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV6:
        break;
    default: /* datagrams in a row: not one */
        return false;
    }
    if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0) {
        return true;
    }
    *is_checked =
        use_offload && frame_checksum_is_whole(frame, len, header->csum_start, header->csum_offset);
    return *is_checked ||
           frame_checksum_complete(frame, len, header->csum_start, header->csum_offset);
}

static void describe(const struct link_offloaded *frame, struct virtio_net_hdr *out)
{
    memset(out, 0, sizeof(*out));
    out->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    out->csum_start = (uint16_t)frame->checksum_start;
    out->csum_offset = (uint16_t)frame->checksum_offset;
    out->hdr_len = (uint16_t)frame->headers_len;
    if (frame->segment_len > 0) {
        out->gso_type = frame->is_ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        out->gso_size = (uint16_t)frame->segment_len;
    }
}

bool netif_offload_send(int fd, const struct link_offloaded *frame)
{
    struct virtio_net_hdr header;
    struct iovec parts[1 + LINK_PARTS_MAX];
    describe(frame, &header);
    parts[0] = (struct iovec){&header, sizeof(header)};
    for (size_t i = 0; i < frame->part_count; i++) {
        parts[1 + i] =
            (struct iovec){(void *)(uintptr_t)frame->parts[i].bytes, frame->parts[i].len};
    }
    return writev(fd, parts, (int)(1 + frame->part_count)) ==
           (ssize_t)(sizeof(header) + frame->len);
}

bool netif_offload_send_plain(int fd, const uint8_t *frame, size_t len)
{
    struct virtio_net_hdr header;
    memset(&header, 0, sizeof(header));
    struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)frame, len}};
    return writev(fd, parts, 2) == (ssize_t)(sizeof(header) + len);
}
