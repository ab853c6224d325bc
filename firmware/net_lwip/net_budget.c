/* Data to send: who may queue how much of the memory that all connections share.
 *
 * A connection is sure of a little; what is left in heap and segments beyond what others are sure
 * of is there for all. Whole records are queued at once or not at all, so who finds too little left
 * waits and holds nothing meanwhile. (For what is received see net_places.c.)
 *
 * A peer who was sent more than the sure part and acknowledges nothing of it, although he was sent
 * it or keeps his window closed, is reset after a while if others wait; so is one who acknowledges
 * it, but takes too long in all. */
#include "lwip/opt.h"

#include "clock_port.h"
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "net_lwip.h"
#include "net_room.h"

/* Nobody has waited for so long: that was another shortage. */
#define SHORTAGE_GAP_US (5 * NET_BUDGET_LOOK_US)

void net_budget_end_stalled(struct tcp_pcb *pcb, uint64_t since_us)
{
    char ip[IPADDR_STRLEN_MAX];
    bool is_ip6 = IP_IS_V6_VAL(pcb->remote_ip);
    ipaddr_ntoa_r(&pcb->remote_ip, ip, sizeof(ip));
    log_event(LOG_LEVEL_WARN, "net", "stalled", "peer=%s%s%s:%u ms=%llu", is_ip6 ? "[" : "", ip,
              is_ip6 ? "]" : "", pcb->remote_port,
              (unsigned long long)(clock_now_us() - since_us) / 1000);
    tcp_abandon(pcb, 1);
}

/* ---- Room ------------------------------------------------------------------------------------ */

/* Full segments that may be taken from what is shared. */
static size_t shared_segments(void)
{
    size_t heap_left = MEM_SIZE / 9 * 8 - LWIP_MIN(lwip_stats.mem.used, MEM_SIZE / 9 * 8);
    size_t left = MEMP_NUM_TCP_SEG - memp_pools[MEMP_TCP_SEG]->stats->used;
    size_t segments = left > NET_LWIP_IDLE_TCP_SEG + NET_LWIP_OOSEQ_BUFFERS
                          ? left - NET_LWIP_IDLE_TCP_SEG - NET_LWIP_OOSEQ_BUFFERS
                          : 0;
    size_t in_heap = heap_left > NET_LWIP_IDLE_HEAP
                         ? (heap_left - NET_LWIP_IDLE_HEAP) / NET_LWIP_SEGMENT_LEN
                         : 0;
    return LWIP_MIN(segments, in_heap);
}

/* The connection's full segments that are left of what it is sure of. */
static size_t sure_segments(const struct tcp_pcb *pcb)
{
    size_t queued_len = TCP_SND_BUF - tcp_sndbuf(pcb);
    size_t segment_len = net_room_segment_len(pcb);
    size_t segments = (queued_len + segment_len - 1) / segment_len;
    bool is_used = pcb->snd_queuelen >= NET_LWIP_IDLE_QUEUELEN;
    return is_used || segments >= NET_LWIP_IDLE_SEGMENTS ? 0 : NET_LWIP_IDLE_SEGMENTS - segments;
}

size_t net_budget_send_room(const struct tcp_pcb *pcb)
{
    size_t sure = sure_segments(pcb);
    size_t shared = shared_segments();
    return LWIP_MAX(sure, shared) * net_room_segment_len(pcb);
}

/* ---- Who holds it in vain -------------------------------------------------------------------- */

/* lwIP's extra arguments of a connection: the last acknowledged, and how often it was so since; the
 * end of what was queued once, and how often not all of that was acknowledged (0: no end noted). */
enum { NOTE_ACK, NOTE_LOOKS, NOTE_END, NOTE_END_LOOKS };

static uint32_t get_note(const struct tcp_pcb *pcb, uint8_t which)
{
    return (uint32_t)(uintptr_t)tcp_ext_arg_get(pcb, which);
}

static void set_note(struct tcp_pcb *pcb, uint8_t which, uint32_t value)
{
    tcp_ext_arg_set(pcb, which, (void *)(uintptr_t)value);
}

/* His window is closed, or he was sent, more than once, what he does not acknowledge. */
static bool is_peers_turn(const struct tcp_pcb *pcb)
{
    return pcb->persist_backoff > 0 || (pcb->unacked != NULL && pcb->nrtx > 0);
}

/* How often in a row, up to now, the peer has not acknowledged a segment, although it was his turn.
 */
static uint32_t count_idle_look(struct tcp_pcb *pcb, bool holds)
{
    bool has_moved = pcb->lastack - get_note(pcb, NOTE_ACK) >= pcb->mss;
    bool is_idle = holds && !has_moved && is_peers_turn(pcb);
    if (!is_idle) {
        set_note(pcb, NOTE_ACK, pcb->lastack);
    }
    set_note(pcb, NOTE_LOOKS, is_idle ? get_note(pcb, NOTE_LOOKS) + 1 : 0);
    return get_note(pcb, NOTE_LOOKS);
}

/* How long he has taken for all that was queued at the first look of these. Whose turn it is does
 * not matter here: a byte now and then would make it ours. */
static uint32_t count_slow_look(struct tcp_pcb *pcb, bool holds, bool is_first)
{
    bool is_noted = !is_first && get_note(pcb, NOTE_END_LOOKS) > 0;
    bool is_slow = holds && is_noted && TCP_SEQ_LT(pcb->lastack, get_note(pcb, NOTE_END));
    if (!is_slow) {
        set_note(pcb, NOTE_END, pcb->snd_lbb);
        set_note(pcb, NOTE_END_LOOKS, 0);
    }
    set_note(pcb, NOTE_END_LOOKS, holds ? get_note(pcb, NOTE_END_LOOKS) + 1 : 0);
    return get_note(pcb, NOTE_END_LOOKS);
}

/* Ends the connection if it has held more than its sure part for too long. */
static void look_at_sender(struct tcp_pcb *pcb, bool is_first)
{
    bool holds = tcp_sndqueuelen(pcb) > 0 && sure_segments(pcb) == 0;
    uint32_t idle_looks = count_idle_look(pcb, holds);
    uint32_t slow_looks = count_slow_look(pcb, holds, is_first);
    bool is_idle = idle_looks >= NET_BUDGET_LOOKS_MAX;
    if (is_idle || slow_looks >= NET_BUDGET_TURN_LOOKS_MAX) {
        uint64_t looks = is_idle ? idle_looks : slow_looks;
        net_budget_end_stalled(pcb, clock_now_us() - (looks - 1) * NET_BUDGET_LOOK_US);
    }
}

void net_budget_reclaim(struct net *net)
{
    struct net_budget *budget = &net->budget;
    uint64_t now_us = clock_now_us();
    if (now_us - budget->short_us < NET_BUDGET_LOOK_US) {
        return;
    }
    /* What was counted while somebody waited the last time counts no more. */
    bool is_first = now_us - budget->short_us >= SHORTAGE_GAP_US;
    budget->short_us = now_us;
    struct tcp_pcb *next = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = next) {
        next = pcb->next;
        look_at_sender(pcb, is_first);
    }
}
