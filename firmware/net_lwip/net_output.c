/* lwIP's frames on their way to the link. Where that has offload, segments of TCP that follow each
 * other go out as one long frame, which the kernel cuts again: lwIP itself only ever sees segments
 * of the size that the peer takes, so loss, windows and retransmission are what they are without.
 * A frame waits for the next one no longer than the core lock is held. */
#include "lwip/opt.h"

#include <string.h>

#include "frame_join.h"
#include "lwip/inet_chksum.h"
#include "lwip/pbuf.h"
#include "net_lwip.h"

#define CHECKSUM_OFFSET 16 /* in TCP's header, RFC 9293 section 3.1 */

/* A segment of many small writes has as many pieces, and lwIP makes no checksum for any. */
_Static_assert(LINK_PARTS_MAX > TCP_SND_QUEUELEN, "a segment would go out without its checksum");

/* Called for what lwIP copies to send it; see LWIP_CHKSUM_COPY. */
unsigned short net_output_copy(void *to, const void *from, unsigned short len)
{
    memcpy(to, from, len);
    /* With offload nobody will ask. The sum is what lwIP adds up, not yet its complement. */
    return net_lwip_instance.output.has_offload ? 0 : (unsigned short)~inet_chksum(to, len);
}

/* A frame is dropped like one on the wire, and sent again by TCP. */
static void count_sent(struct net *net, bool is_sent, size_t segments)
{
    if (is_sent) {
        atomic_fetch_add_explicit(&net->device.tx_frames, (unsigned)segments, memory_order_relaxed);
    }
}

static bool is_allowed(const struct net *net)
{
    return net->status.status.state != NET_STATE_CONFLICT;
}

/* ---- What waits --------------------------------------------------------------------------------
 */

static void send_waiting(struct net *net)
{
    struct net_output *output = &net->output;
    struct frame_join *join = &output->join;
    frame_join_finish(join);
    output->parts[0] = (struct link_part){join->headers, join->headers_len};
    const struct link_offloaded frame = {
        .parts = output->parts,
        .part_count = output->part_count,
        .len = join->headers_len + join->payload_len,
        .headers_len = join->headers_len,
        .checksum_start = join->tcp_start,
        .checksum_offset = CHECKSUM_OFFSET,
        .segment_len = join->segments > 1 ? join->segment_len : 0,
        .is_ip6 = join->is_ip6,
    };
    struct link *link = net->device.link;
    bool is_sent = is_allowed(net) && link->ops->send_offloaded(link, &frame);
    count_sent(net, is_sent, join->segments);
}

static void drop_waiting(struct net_output *output)
{
    for (size_t i = 0; i < output->held_count; i++) {
        pbuf_free(output->held[i]);
    }
    output->held_count = 0;
    output->part_count = 0;
    output->is_late = false;
}

static void flush(struct net *net)
{
    if (net->output.part_count > 0) {
        send_waiting(net);
        drop_waiting(&net->output);
    }
}

void net_output_note_received(struct net *net)
{
    net->output.may_wait = true;
}

void net_output_settle(struct net *net)
{
    struct net_output *output = &net->output;
    bool may_wait = output->may_wait && output->part_count > 0 && frame_join_is_ack(&output->join);
    output->may_wait = false;
    if (may_wait) {
        output->is_late = true;
    } else {
        flush(net);
    }
}

static bool has_places(const struct net_output *output, const struct pbuf *p)
{
    return output->part_count + pbuf_clen(p) <= LINK_PARTS_MAX;
}

/* Keeps the payload of a frame, all but its headers, which are in the first of its buffers. */
static void hold(struct net_output *output, struct pbuf *p)
{
    size_t skip = output->join.headers_len;
    for (const struct pbuf *part = p; part != NULL; part = part->next) {
        if (part->len > skip) {
            output->parts[output->part_count++] =
                (struct link_part){(const uint8_t *)part->payload + skip, part->len - skip};
        }
        skip = 0;
    }
    pbuf_ref(p);
    output->held[output->held_count++] = p;
}

static bool add_to_waiting(struct net_output *output, struct pbuf *p)
{
    bool is_added = output->part_count > 0 && has_places(output, p) &&
                    frame_join_add(&output->join, p->payload, p->len, p->tot_len);
    if (is_added) {
        hold(output, p);
    }
    return is_added;
}

/* False: it is none of TCP, or in too many pieces. */
static bool begin_waiting(struct net_output *output, struct pbuf *p)
{
    output->part_count = 1;
    bool is_begun =
        has_places(output, p) && frame_join_start(&output->join, p->payload, p->len, p->tot_len);
    if (is_begun) {
        hold(output, p);
    } else {
        output->part_count = 0;
    }
    return is_begun;
}

/* ---- Frames ------------------------------------------------------------------------------------
 */

static void send_plain(struct net *net, struct pbuf *p)
{
    struct net_device *device = &net->device;
    const uint8_t *frame = p->payload;
    if (p->next != NULL) {
        pbuf_copy_partial(p, device->tx_buf, p->tot_len, 0);
        frame = device->tx_buf;
    }
    count_sent(net, is_allowed(net) && device->link->ops->send(device->link, frame, p->tot_len), 1);
}

/* Always ERR_OK: any error would be taken for one of the connection. */
err_t net_output_frame(struct netif *netif, struct pbuf *p)
{
    struct net *net = netif->state;
    if (!net->output.has_offload) {
        send_plain(net, p);
        return ERR_OK;
    }
    if (add_to_waiting(&net->output, p)) {
        return ERR_OK;
    }
    if (net->output.is_late &&
        frame_join_is_covered(&net->output.join, p->payload, p->len, p->tot_len)) {
        drop_waiting(&net->output);
    }
    flush(net);
    if (!begin_waiting(&net->output, p)) {
        send_plain(net, p);
    }
    return ERR_OK;
}

void net_output_open(struct net *net)
{
    bool has_offload = net->device.link->has_offload;
    net->output.has_offload = has_offload;
    unsigned made_here = NETIF_CHECKSUM_ENABLE_ALL;
    if (has_offload) {
        made_here &= ~(unsigned)NETIF_CHECKSUM_GEN_TCP;
    }
    NETIF_SET_CHECKSUM_CTRL(&net->device.netif, (u16_t)made_here);
}
