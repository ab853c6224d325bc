/* Shares out the memory for data under way: each connection is sure of a little, a few at a time
 * may have a full window.
 *
 * Received data: a connection that holds more than its sure part takes one of the places of the
 * busy, each of which stands for buffers enough for a full window, so that a record which has begun
 * to come can come whole. When all places are taken, the segment is dropped and the peer sends it
 * again. Data to send: whole records are queued at once or not at all, so no place is needed; what
 * is left in heap and segments beyond what others are sure of is there for all.
 *
 * A peer who holds such memory and does not move, while others wait for it, is reset after a while:
 * otherwise as many as there are places could hold up all others. */
#include "lwip/opt.h"

#include "clock_port.h"
#include "lwip/api.h"
#include "lwip/memp.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "net_lwip.h"

/* How long one may hold what others wait for without moving. */
#define STALLED_US 5000000

/* How often it is looked for those. */
#define LOOK_US 200000

/* Ethernet, IPv6 and TCP with options: what of a frame is in the buffers, too. */
#define HEADERS_LEN 90

/* ---- Received: who may hold how much -----------------------------------------------------------
 */

/* Buffers that count segments with len bytes of data in all take at most. */
static size_t buffers_of(size_t count, size_t len)
{
    return count + (len + count * HEADERS_LEN) / PBUF_POOL_BUFSIZE;
}

/* What the connection would hold with one more segment of len bytes. */
static size_t held_with(const struct netconn *connection, size_t len)
{
    int fd = connection->callback_arg.socket;
    size_t begun = 0;
    if (fd >= 0) {
        const struct pbuf *lastdata = lwip_socket_dbg_get_socket(fd)->lastdata.pbuf;
        begun = lastdata != NULL ? pbuf_clen(lastdata) : 0;
    }
    return begun + buffers_of(connection->recvmbox.count + 1, (size_t)connection->recv_avail + len);
}

void net_budget_release(struct net_socket *socket)
{
    if (socket->busy != NULL) {
        socket->busy->holder = NULL;
        socket->busy = NULL;
    }
}

static void end_stalled(struct tcp_pcb *pcb, uint64_t since_us)
{
    char ip[IPADDR_STRLEN_MAX];
    bool is_ip6 = IP_IS_V6_VAL(pcb->remote_ip);
    ipaddr_ntoa_r(&pcb->remote_ip, ip, sizeof(ip));
    log_event(LOG_LEVEL_WARN, "net", "stalled", "peer=%s%s%s:%u ms=%llu", is_ip6 ? "[" : "", ip,
              is_ip6 ? "]" : "", pcb->remote_port,
              (unsigned long long)(clock_now_us() - since_us) / 1000);
    tcp_abandon(pcb, 1);
}

/* The connection behind a place, or NULL if it is no more. */
static struct tcp_pcb *pcb_of(const struct net_busy *busy)
{
    return lwip_socket_dbg_get_socket(busy->holder->fd)->conn->pcb.tcp;
}

/* All places are taken: ends the one who has not moved for the longest time, if that is too long,
 * and returns its place; else NULL. Its buffers come back when its owner closes the socket, which
 * is soon: until then those for frames on their way make up for them. */
static struct net_busy *end_stalled_receiver(struct net_budget *budget)
{
    struct net_busy *oldest = NULL;
    uint64_t now_us = clock_now_us();
    if (now_us - budget->looked_us < LOOK_US) {
        return NULL;
    }
    budget->looked_us = now_us;
    for (size_t i = 0; i < NET_LWIP_BUSY_MAX; i++) {
        struct net_busy *busy = &budget->busy[i];
        bool is_older = oldest == NULL || busy->moved_us < oldest->moved_us;
        if (pcb_of(busy) != NULL && is_older) {
            oldest = busy;
        }
    }
    if (oldest == NULL || now_us - oldest->moved_us <= STALLED_US) {
        return NULL;
    }
    end_stalled(pcb_of(oldest), oldest->moved_us);
    net_budget_release(oldest->holder);
    return oldest;
}

static struct net_busy *find_place(struct net_budget *budget)
{
    for (size_t i = 0; i < NET_LWIP_BUSY_MAX; i++) {
        if (budget->busy[i].holder == NULL) {
            return &budget->busy[i];
        }
    }
    return end_stalled_receiver(budget);
}

static bool take_place(struct net_budget *budget, struct net_socket *socket)
{
    struct net_busy *busy = find_place(budget);
    if (busy == NULL) {
        return false;
    }
    *busy = (struct net_busy){.holder = socket, .moved_us = clock_now_us()};
    socket->busy = busy;
    return true;
}

static bool admits(struct net_budget *budget, const struct netconn *connection, size_t len)
{
    size_t held = held_with(connection, len);
    if (held <= NET_LWIP_IDLE_BUFFERS) {
        return true;
    }
    int fd = connection->callback_arg.socket;
    struct net_socket *socket = fd >= 0 ? net_socket_of(&net_lwip_instance, fd) : NULL;
    if (socket == NULL || socket->net == NULL) {
        return false; /* not accepted yet */
    }
    if (socket->busy == NULL && !take_place(budget, socket)) {
        return false;
    }
    if (held > NET_LWIP_BUSY_BUFFERS) {
        socket->busy->is_full = true;
        return false;
    }
    return true;
}

static bool may_take(const struct tcp_pcb *pcb, const struct tcp_hdr *header, size_t len)
{
    struct net_budget *budget = &net_lwip_instance.budget;
    if (len == 0 || pcb->state < ESTABLISHED) {
        return true;
    }
    if (TCP_SEQ_GT(header->seqno, pcb->rcv_nxt)) {
        return memp_pools[MEMP_PBUF_POOL]->stats->used < NET_LWIP_OOSEQ_BUFFERS;
    }
    /* Nobody's any more: what comes is dropped by lwIP. */
    return pcb->callback_arg == NULL || admits(budget, pcb->callback_arg, len);
}

/* Called for each segment to a listener or a connection. */
err_t net_budget_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    if (pcb->state == LISTEN) {
        net_backlog_make_room((const struct tcp_pcb_listen *)pcb, header);
        return ERR_OK;
    }
    if (may_take(pcb, header, p->tot_len)) {
        return ERR_OK;
    }
    net_lwip_instance.budget.refused_segments++;
    return ERR_MEM;
}

void net_budget_note_received(struct net_socket *socket)
{
    const struct lwip_sock *state = lwip_socket_dbg_get_socket(socket->fd);
    if (socket->busy == NULL) {
        return;
    }
    socket->busy->moved_us = clock_now_us();
    socket->busy->is_full = false;
    if (state->lastdata.pbuf == NULL && state->conn->recvmbox.count == 0) {
        net_budget_release(socket);
    }
}

/* ---- To send: how much room there is -----------------------------------------------------------
 */

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

/* Full segments that are left of what the connection is sure of. */
static size_t sure_segments(const struct tcp_pcb *pcb)
{
    size_t queued_len = TCP_SND_BUF - tcp_sndbuf(pcb);
    size_t segments = (queued_len + pcb->mss - 1) / pcb->mss;
    bool is_used = pcb->snd_queuelen >= NET_LWIP_IDLE_QUEUELEN;
    return is_used || segments >= NET_LWIP_IDLE_SEGMENTS ? 0 : NET_LWIP_IDLE_SEGMENTS - segments;
}

size_t net_budget_send_room(const struct tcp_pcb *pcb)
{
    size_t sure = sure_segments(pcb);
    size_t shared = shared_segments();
    return LWIP_MAX(sure, shared) * pcb->mss;
}

enum { NOTE_ACK, NOTE_MS }; /* lwIP's extra arguments of a connection */

static uint32_t get_note(const struct tcp_pcb *pcb, uint8_t which)
{
    return (uint32_t)(uintptr_t)tcp_ext_arg_get(pcb, which);
}

static void set_note(struct tcp_pcb *pcb, uint8_t which, uint32_t value)
{
    tcp_ext_arg_set(pcb, which, (void *)(uintptr_t)value);
}

/* Ends the connection if it holds more than its sure part and nothing of that was acknowledged for
 * too long. What was noted before this shortage means nothing. */
static void look_at_sender(struct tcp_pcb *pcb, uint64_t now_us, bool is_first_look)
{
    uint32_t now_ms = (uint32_t)(now_us / 1000);
    bool holds = tcp_sndqueuelen(pcb) > 0 && sure_segments(pcb) == 0;
    if (is_first_look || !holds || pcb->lastack != get_note(pcb, NOTE_ACK)) {
        set_note(pcb, NOTE_ACK, pcb->lastack);
        set_note(pcb, NOTE_MS, now_ms);
        return;
    }
    uint32_t waited_ms = now_ms - get_note(pcb, NOTE_MS);
    if (waited_ms > STALLED_US / 1000) {
        end_stalled(pcb, now_us - (uint64_t)waited_ms * 1000);
    }
}

void net_budget_reclaim(struct net *net)
{
    struct net_budget *budget = &net->budget;
    uint64_t now_us = clock_now_us();
    bool is_first_look = now_us - budget->short_us > 5 * LOOK_US;
    if (now_us - budget->short_us < LOOK_US) {
        return;
    }
    budget->short_us = now_us;
    struct tcp_pcb *next = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = next) {
        next = pcb->next;
        look_at_sender(pcb, now_us, is_first_look);
    }
}
