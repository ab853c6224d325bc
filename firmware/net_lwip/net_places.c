/* Received data: who may hold how much of the buffers that all connections share.
 *
 * A connection is sure of a few buffers, and its peer is offered a window that fits into them. Who
 * needs more takes one of the places of the busy, each of which stands for buffers enough for a
 * full window, so that a record which has begun to come can come whole. When all places are taken
 * he waits in line, and his peer waits with him: the window stays as it is until there is a place.
 * While somebody is in line, a place is worth one record, so that all get their turn in order.
 *
 * What was offered is never taken back, so the windows that are larger than what the owner waits
 * for are few. A segment that finds no place in spite of its window is dropped, its owner gets in
 * line, and the peer sends it again.
 *
 * A peer who has a place, and whose turn it is to send or to acknowledge, but who does not, is
 * reset after a while if others are in line; so is one who does, but takes too long in all. */
#include "lwip/opt.h"

#include "clock_port.h"
#include "lwip/api.h"
#include "lwip/memp.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"
#include "net_room.h"

/* Ethernet, IPv6 and TCP with options: what of a frame is in the buffers, too. */
#define HEADERS_LEN 90

/* What a connection without a place may be sent: see NET_LWIP_IDLE_BUFFERS. */
#define SURE_LEN (2 * TCP_MSS)

/* So many at a time may have a full window open, so that one record can come while another is
 * answered; others' windows are as long as the record that they wait for. */
#define FAVOURED_MAX (NET_LWIP_BUSY_MAX / 2)

/* ---- How much a connection holds ---------------------------------------------------------------
 */

/* Buffers that count segments with len bytes of data in all take at most. No frame takes more than
 * a full one, but a link may join several. */
static size_t buffers_of(size_t count, size_t len)
{
    const size_t full = (TCP_MSS + PBUF_POOL_BUFSIZE - 1) / PBUF_POOL_BUFSIZE;
    size_t most = count + (len + count * HEADERS_LEN) / PBUF_POOL_BUFSIZE;
    return len <= count * TCP_MSS ? LWIP_MIN(most, count * full) : most;
}

/* What the connection would hold with one more segment of len bytes; 0: as it is. */
static size_t held_with(const struct netconn *connection, size_t len)
{
    int fd = connection->callback_arg.socket;
    size_t begun = 0;
    if (fd >= 0) {
        const struct pbuf *lastdata = lwip_socket_dbg_get_socket(fd)->lastdata.pbuf;
        begun = lastdata != NULL ? pbuf_clen(lastdata) : 0;
    }
    size_t count = connection->recvmbox.count + (len > 0 ? 1u : 0u);
    return begun + buffers_of(count, (size_t)connection->recv_avail + len);
}

static struct netconn *connection_of(const struct net_socket *socket)
{
    return lwip_socket_dbg_get_socket(socket->fd)->conn;
}

/* NULL: it is no more. */
static struct tcp_pcb *pcb_of(const struct net_socket *socket)
{
    return connection_of(socket)->pcb.tcp;
}

/* NULL: not accepted yet, or nobody's any more. */
static struct net_socket *socket_of(const struct tcp_pcb *pcb)
{
    const struct netconn *connection = pcb->callback_arg;
    int fd = connection != NULL ? connection->callback_arg.socket : -1;
    struct net_socket *socket = fd >= 0 ? net_socket_of(&net_lwip_instance, fd) : NULL;
    return socket != NULL && socket->net != NULL ? socket : NULL;
}

/* Bytes that came and were not taken by the socket's owner. */
static size_t unread_len(const struct tcp_pcb *pcb)
{
    return TCP_WND - LWIP_MIN((size_t)pcb->rcv_wnd, (size_t)TCP_WND);
}

/* ---- The window --------------------------------------------------------------------------------
 */

static bool is_crowded(void)
{
    return net_lwip_instance.budget.first_in_line != NULL;
}

/* With one segment more than is needed: a peer may leave a window alone that is smaller. */
static size_t wanted_len(const struct net_socket *socket)
{
    return socket->needed_len != 0 ? socket->needed_len + TCP_MSS : 0;
}

uint32_t net_budget_offered(const struct tcp_pcb *pcb)
{
    if (pcb->callback_arg == NULL) {
        return pcb->rcv_wnd;
    }
    const struct net_socket *socket = pcb->state >= ESTABLISHED ? socket_of(pcb) : NULL;
    bool is_busy = socket != NULL && socket->busy != NULL;
    if (is_busy && socket->is_favoured && !is_crowded()) {
        return pcb->rcv_wnd;
    }
    size_t len = is_busy ? LWIP_MAX(wanted_len(socket), (size_t)SURE_LEN) : SURE_LEN;
    size_t unread = unread_len(pcb);
    size_t offered = len > unread ? len - unread : 0;
    return LWIP_MIN((uint32_t)offered, pcb->rcv_wnd);
}

/* What the peer knows of. */
static size_t known_window(const struct tcp_pcb *pcb)
{
    int32_t left = (int32_t)(pcb->rcv_ann_right_edge - pcb->rcv_nxt);
    return left > 0 ? (size_t)left : 0;
}

static void acknowledge(struct tcp_pcb *pcb)
{
    tcp_ack_now(pcb);
    tcp_output(pcb);
}

/* Tells the peer at once if there are at_least bytes more. */
static bool offer(struct tcp_pcb *pcb, size_t at_least)
{
    uint32_t len = net_budget_offered(pcb);
    if (len < known_window(pcb) + at_least) {
        return false;
    }
    pcb->rcv_ann_wnd = len;
    acknowledge(pcb);
    return true;
}

/* A peer whose SYN has come is offered only what we are sure of. */
static err_t limit_newcomer(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
    (void)id, (void)listener;
    pcb->rcv_ann_wnd = SURE_LEN;
    return ERR_OK;
}

void net_budget_listen(struct tcp_pcb *listener)
{
    static const struct tcp_ext_arg_callbacks callbacks = {.passive_open = limit_newcomer};
    tcp_ext_arg_set_callbacks(listener, 0, &callbacks);
}

/* ---- Places, and the line before them ----------------------------------------------------------
 */

static struct net_busy *find_place(struct net_budget *budget)
{
    for (size_t i = 0; i < NET_LWIP_BUSY_MAX; i++) {
        if (budget->busy[i].holder == NULL) {
            return &budget->busy[i];
        }
    }
    return NULL;
}

/* A segment's worth came, or was acknowledged, since that was last so. */
static bool has_moved(const struct net_busy *busy, const struct tcp_pcb *pcb)
{
    return pcb->rcv_nxt - busy->received + (pcb->lastack - busy->acked) >= TCP_MSS;
}

/* Nothing counts against the holder up to now, but how long it was his turn. */
static void note_progress(struct net_busy *busy)
{
    const struct tcp_pcb *pcb = pcb_of(busy->holder);
    busy->idle_looks = 0;
    busy->moved_us = clock_now_us();
    if (pcb != NULL) {
        if (has_moved(busy, pcb)) {
            busy->looks_max = NET_BUDGET_LOOKS_MAX; /* his peer has tried again by now */
        }
        busy->received = pcb->rcv_nxt;
        busy->acked = pcb->lastack;
    }
}

static void hold_place(struct net_busy *busy, struct net_socket *socket, unsigned looks_max)
{
    *busy = (struct net_busy){.holder = socket};
    socket->busy = busy;
    note_progress(busy);
    busy->looks_max = looks_max;
}

/* Only if nobody is in line. */
static bool take_place(struct net_budget *budget, struct net_socket *socket)
{
    struct net_busy *busy = is_crowded() ? NULL : find_place(budget);
    if (busy == NULL) {
        return false;
    }
    hold_place(busy, socket, NET_BUDGET_LOOKS_MAX);
    if (!socket->is_favoured && budget->favoured_count < FAVOURED_MAX) {
        socket->is_favoured = true;
        budget->favoured_count++;
    }
    return true;
}

/* The socket has no window open any more that is larger than what it is sure of. */
static void end_favour(struct net_budget *budget, struct net_socket *socket)
{
    if (socket->is_favoured) {
        socket->is_favoured = false;
        budget->favoured_count--;
    }
}

static void get_in_line(struct net_budget *budget, struct net_socket *socket)
{
    if (socket->is_in_line) {
        return;
    }
    if (!is_crowded() && net_lwip_instance.is_receiving) {
        net_lwip_instance.has_news = true; /* the sleeper is to look at the holders from now on */
    }
    socket->is_in_line = true;
    socket->was_refused = false;
    socket->in_line_us = clock_now_us();
    socket->next_in_line = NULL;
    if (budget->first_in_line == NULL) {
        budget->line_end = &budget->first_in_line;
    }
    *budget->line_end = socket;
    budget->line_end = &socket->next_in_line;
}

static void leave_line(struct net_budget *budget, struct net_socket *socket)
{
    struct net_socket **at = &budget->first_in_line;
    if (!socket->is_in_line) {
        return;
    }
    while (*at != socket) {
        at = &(*at)->next_in_line;
    }
    *at = socket->next_in_line;
    if (budget->line_end == &socket->next_in_line) {
        budget->line_end = at;
    }
    socket->is_in_line = false;
    socket->held_back_us += clock_now_us() - socket->in_line_us;
}

/* A peer's TCP that was refused a segment tries again after twice the time each time: the next time
 * is as far away as the first one is long ago. */
static unsigned patience_for(const struct net_socket *socket)
{
    uint64_t waited_us = clock_now_us() - socket->in_line_us;
    uint64_t looks = NET_BUDGET_LOOKS_MAX;
    if (socket->was_refused) {
        looks += waited_us / NET_BUDGET_LOOK_US;
    }
    return (unsigned)LWIP_MIN(looks, (uint64_t)NET_BUDGET_PATIENT_LOOKS_MAX);
}

/* Gives a free place to the first in line, unless he needs it no more. */
static void serve_line(struct net_budget *budget)
{
    struct net_busy *busy;
    while (budget->first_in_line != NULL && (busy = find_place(budget)) != NULL) {
        struct net_socket *socket = budget->first_in_line;
        struct tcp_pcb *pcb = pcb_of(socket);
        leave_line(budget, socket);
        if (pcb == NULL || socket->needed_len <= unread_len(pcb)) {
            continue;
        }
        hold_place(busy, socket, patience_for(socket));
        if (!offer(pcb, 1)) {
            acknowledge(pcb); /* what the peer misses is welcome now */
        }
    }
}

uint64_t net_held_back_us(struct net_socket *socket)
{
    LOCK_TCPIP_CORE();
    uint64_t now_us = socket->is_in_line ? clock_now_us() - socket->in_line_us : 0;
    uint64_t held_back_us = socket->held_back_us + now_us;
    UNLOCK_TCPIP_CORE();
    return held_back_us;
}

static void leave_place(struct net_socket *socket)
{
    if (socket->busy != NULL) {
        socket->busy->holder = NULL;
        socket->busy = NULL;
    }
}

void net_budget_release(struct net_socket *socket)
{
    struct net_budget *budget = &net_lwip_instance.budget;
    leave_line(budget, socket);
    leave_place(socket);
    end_favour(budget, socket);
    serve_line(budget);
}

/* ---- What the socket's owner does --------------------------------------------------------------
 */

void net_budget_await(struct net_socket *socket, size_t len)
{
    struct net_budget *budget = &net_lwip_instance.budget;
    struct tcp_pcb *pcb = socket->is_listener ? NULL : pcb_of(socket);
    if (pcb == NULL || pcb->state < ESTABLISHED || pcb->state > FIN_WAIT_2) {
        return; /* nothing more can come */
    }
    socket->needed_len = len;
    if (len <= unread_len(pcb) || wanted_len(socket) <= unread_len(pcb) + known_window(pcb)) {
        return;
    }
    bool is_enough = wanted_len(socket) <= SURE_LEN || socket->busy != NULL;
    if (is_enough || take_place(budget, socket)) {
        (void)offer(pcb, 1);
    } else {
        get_in_line(budget, socket);
        /* Perhaps what he is sure of is all that he needs. */
        (void)offer(pcb, LWIP_MIN(len - unread_len(pcb), (size_t)TCP_MSS));
    }
}

/* Nothing is left, or little enough while others are in line. */
static bool is_done(const struct net_socket *socket)
{
    size_t held = held_with(connection_of(socket), 0);
    return held == 0 || (is_crowded() && held <= NET_LWIP_IDLE_BUFFERS);
}

void net_budget_note_received(struct net_socket *socket)
{
    struct net_budget *budget = &net_lwip_instance.budget;
    struct tcp_pcb *pcb = pcb_of(socket);
    leave_line(budget, socket); /* what it was for has come, in what it is sure of */
    if (socket->busy != NULL) {
        note_progress(socket->busy);
        if (!is_crowded()) {
            socket->busy->turn_looks = 0; /* nobody had to wait for this one */
        }
        socket->busy->is_full = false;
        if (is_done(socket)) {
            leave_place(socket);
            serve_line(budget);
        }
    }
    if (pcb == NULL || known_window(pcb) > SURE_LEN) {
        return;
    }
    if (socket->busy == NULL) {
        end_favour(budget, socket);
    }
    /* A peer who has used up his window hears of a new one now: perhaps nothing else goes to him.
     */
    if (known_window(pcb) < TCP_MSS) {
        (void)offer(pcb, TCP_MSS);
    }
}

/* ---- Segments ----------------------------------------------------------------------------------
 */

/* Many small segments take more than a window of that length: false, but the peer sends it again.
 */
static bool wait_for_place(struct net_budget *budget, struct net_socket *socket,
                           const struct tcp_pcb *pcb)
{
    if (socket->needed_len > unread_len(pcb)) {
        get_in_line(budget, socket);
        socket->was_refused = true;
    }
    return false;
}

static bool admits(struct net_budget *budget, struct tcp_pcb *pcb, size_t len)
{
    struct net_socket *socket = socket_of(pcb);
    size_t held = held_with(pcb->callback_arg, len);
    bool is_sure = held <= NET_LWIP_IDLE_BUFFERS;
    if (socket == NULL) {
        return is_sure; /* not accepted yet */
    }
    if (socket->busy == NULL) {
        /* A large segment that leaves little of the window is likely not the last one. */
        bool wants_more = len > TCP_MSS / 2 && known_window(pcb) < len + TCP_MSS;
        if ((is_sure && !wants_more) || !take_place(budget, socket)) {
            return is_sure || wait_for_place(budget, socket, pcb);
        }
        tcp_set_flags(pcb, TF_ACK_NOW); /* and with it the window */
    }
    socket->busy->is_full = held > NET_LWIP_BUSY_BUFFERS;
    return !socket->busy->is_full;
}

/* The segment has no data, or none that lwIP would keep: it is only acknowledged, or answered with
 * RST. A place taken for it would never be left again, as nothing of it is ever read. */
static bool brings_nothing(const struct tcp_pcb *pcb, const struct tcp_hdr *header, size_t len)
{
    bool takes_data = pcb->state >= SYN_RCVD && pcb->state <= FIN_WAIT_2;
    bool has_data = len > 0 && (TCPH_FLAGS(header) & (TCP_SYN | TCP_RST)) == 0;
    return !takes_data || !has_data || TCP_SEQ_LEQ(header->seqno + (uint32_t)len, pcb->rcv_nxt);
}

static bool may_take(struct tcp_pcb *pcb, const struct tcp_hdr *header, size_t len)
{
    struct net_budget *budget = &net_lwip_instance.budget;
    if (brings_nothing(pcb, header, len)) {
        return true;
    }
    if (TCP_SEQ_GT(header->seqno, pcb->rcv_nxt)) {
        return memp_pools[MEMP_PBUF_POOL]->stats->used < NET_LWIP_OOSEQ_BUFFERS;
    }
    if (pcb->state < ESTABLISHED) {
        return len <= SURE_LEN; /* with the last ACK of the TCP handshake: as much as was offered */
    }
    /* Nobody's any more: what comes is dropped by lwIP. */
    return pcb->callback_arg == NULL || admits(budget, pcb, len);
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
    if (pcb->state >= ESTABLISHED && TCP_SEQ_GEQ(header->seqno, pcb->rcv_ann_right_edge)) {
        /* A probe of a closed window, which always has an answer (RFC 9293 section 3.8.6.1): who
         * gets none gives up. */
        (void)tcp_send_empty_ack(pcb);
    }
    return ERR_MEM;
}

/* ---- Who holds a place in vain -----------------------------------------------------------------
 */

/* It is the peer's turn: we wait for more of him, or for him to take what he asked for. While we
 * have not looked at what he sent, or have no room to answer that others hold, it is not. */
static bool is_peers_turn(const struct net_socket *socket, const struct tcp_pcb *pcb)
{
    const struct net_wait_item *awaited = &socket->awaited;
    if (!socket->is_watched) {
        return false;
    }
    if ((awaited->events & NET_EVENT_WRITE) != 0) {
        size_t len = LWIP_MAX(awaited->write_len, (size_t)1);
        return net_room_sendable(socket) < len && !net_room_is_short(socket, len);
    }
    return socket->needed_len > unread_len(pcb);
}

/* He neither holds nor waits for more than he is sure of. */
static bool needs_no_place(const struct net_socket *socket)
{
    size_t held = held_with(connection_of(socket), 0);
    return held <= NET_LWIP_IDLE_BUFFERS && wanted_len(socket) <= SURE_LEN;
}

/* The peer had his time: all that one may take who moves, or a while in which he did not. */
static bool is_time_up(struct net_busy *busy, const struct tcp_pcb *pcb)
{
    if (!is_peers_turn(busy->holder, pcb)) {
        note_progress(busy);
        return false;
    }
    busy->turn_looks++;
    if (has_moved(busy, pcb)) {
        note_progress(busy);
    } else {
        busy->idle_looks++;
    }
    return busy->idle_looks >= busy->looks_max || busy->turn_looks >= NET_BUDGET_TURN_LOOKS_MAX;
}

static void end_holder(const struct net_busy *busy, struct tcp_pcb *pcb)
{
    bool is_idle = busy->idle_looks >= busy->looks_max;
    uint64_t took_us = (uint64_t)busy->turn_looks * NET_BUDGET_LOOK_US;
    net_budget_end_stalled(pcb, is_idle ? busy->moved_us : clock_now_us() - took_us);
}

/* True: the place is free again. */
static bool look_at_holder(struct net_busy *busy)
{
    struct tcp_pcb *pcb = busy->holder != NULL ? pcb_of(busy->holder) : NULL;
    if (pcb == NULL) {
        return false; /* nobody's, or about to be closed */
    }
    if (!needs_no_place(busy->holder)) {
        if (!is_time_up(busy, pcb)) {
            return false;
        }
        end_holder(busy, pcb);
    }
    leave_place(busy->holder); /* what it holds comes back when its owner closes the socket: soon */
    return true;
}

/* Ends no more than are in line. */
static void look_at_holders(struct net_budget *budget)
{
    for (size_t i = 0; i < NET_LWIP_BUSY_MAX && is_crowded(); i++) {
        if (look_at_holder(&budget->busy[i])) {
            serve_line(budget);
        }
    }
}

bool net_budget_look(struct net *net)
{
    struct net_budget *budget = &net->budget;
    uint64_t now_us = clock_now_us();
    if (is_crowded() && now_us - budget->looked_us >= NET_BUDGET_LOOK_US) {
        budget->looked_us = now_us;
        look_at_holders(budget);
    }
    return is_crowded();
}
