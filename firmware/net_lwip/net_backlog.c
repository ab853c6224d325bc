/* Keeps the listener's door open in a SYN flood: the oldest half-open connection makes room for the
 * newest.
 *
 * lwIP itself drops every new SYN while as many connections as the backlog are half open, for 20 s
 * each: a few forged SYNs a second would keep everybody out. A peer that is there answers within a
 * round trip, and so has long been accepted when its turn to be dropped would come (RFC 4987
 * section 3.4). */
#include "lwip/opt.h"

#include "lwip/priv/tcp_priv.h"
#include "net_lwip.h"

/* The half-open connection that has waited longest; NULL if there is none. New ones come first in
 * the list. */
static struct tcp_pcb *oldest_half_open(const struct tcp_pcb_listen *listener)
{
    struct tcp_pcb *oldest = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        bool is_half_open = pcb->state == SYN_RCVD && pcb->listener == listener;
        if (is_half_open && (oldest == NULL || tcp_ticks - pcb->tmr >= tcp_ticks - oldest->tmr)) {
            oldest = pcb;
        }
    }
    return oldest;
}

void net_backlog_make_room(const struct tcp_pcb_listen *listener, const struct tcp_hdr *header)
{
    bool is_syn = (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    if (!is_syn || listener->accepts_pending < listener->backlog) {
        return;
    }
    net_lwip_instance.syn_dropped++;
    struct tcp_pcb *oldest = oldest_half_open(listener);
    if (oldest != NULL) {
        tcp_abandon(oldest,
                    0); /* without RST: who forges a SYN shall not make us send two frames */
    }
    /* Else all are waiting for accept: lwIP drops the SYN, and the peer sends it again. */
}

uint32_t net_backlog_count_half_open(void)
{
    uint32_t count = 0;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        count += pcb->state == SYN_RCVD;
    }
    return count;
}
