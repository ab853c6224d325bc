/* Opens and closes the stack, and tells its numbers. */
#include "net_lwip.h"

#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "lwip/dns.h"
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcpip.h"
#include "net_random.h"
#include "tls_port.h"

_Static_assert(TCP_WND > TLS_RECORD_MAX_LEN, "a TLS record would never arrive whole");
_Static_assert(TCP_SND_BUF > TLS_RECORD_MAX_LEN, "a TLS record would never be sent whole");

/* In 16 bits lwIP counts what is in a pool; more would silently be some of it. */
_Static_assert(PBUF_POOL_SIZE <= UINT16_MAX, "SESSIONS_MAX or BUSY_MAX: too many buffers");
_Static_assert(MEMP_NUM_TCP_SEG <= UINT16_MAX, "SESSIONS_MAX or BUSY_MAX: too many segments");

/* How long net_close waits for peers to acknowledge what was sent before. */
#define CLOSE_GRACE_US 1000000

struct net net_lwip_instance;

/* ---- The tcpip thread --------------------------------------------------------------------------
 */

static struct tcpip_callback_msg *kick_message;

static void do_nothing(void *ctx)
{
    (void)ctx;
}

void net_kick_timers(void)
{
    /* A full mailbox is as good: the thread is about to look. */
    (void)tcpip_callbackmsg_trycallback(kick_message);
}

static void note_started(void *arg)
{
    sys_sem_signal(arg);
}

/* Starts lwIP, once: its thread cannot be ended. */
static void start_stack(void)
{
    sys_sem_t started;
    sys_sem_new(&started, 0);
    tcpip_init(note_started, &started);
    sys_arch_sem_wait(&started, 0);
    sys_sem_free(&started);
    kick_message = tcpip_callbackmsg_new(do_nothing, NULL);
}

/* ---- Open and close ----------------------------------------------------------------------------
 */

static enum net_outcome open_parts(struct net *net, const struct net_config *config, char *reason,
                                   size_t cap)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!net_event_open(&net->event)) {
        snprintf(reason, cap, "cannot make an eventfd");
        return NET_FAILED;
    }
    enum net_outcome outcome = net_device_open(net, config, reason, cap);
    if (outcome != NET_OK) {
        net_event_close(&net->event);
        return outcome;
    }
    if (config->opened != NULL && !config->opened(config->opened_arg)) {
        net_device_close_link(net);
        net_event_close(&net->event);
        return NET_FAILED;
    }
    pthread_once(&once, start_stack);
    net_device_add(net, config);
    LOCK_TCPIP_CORE();
    net_address_open(net, config);
    net_time_open(net, config->time_server);
    net_mdns_open(net, config);
    UNLOCK_TCPIP_CORE();
    if (!net_device_start(net)) {
        net_close(net);
        snprintf(reason, cap, "cannot start the receive thread");
        return NET_FAILED;
    }
    return NET_OK;
}

enum net_outcome net_open(const struct net_config *config, struct net **out, char *reason,
                          size_t cap)
{
    struct net *net = &net_lwip_instance;
    *out = NULL;
    reason[0] = '\0';
    if (net->is_open) {
        snprintf(reason, cap, "the network stack is open already");
        return NET_MISUSE;
    }
    if (!net_random_open()) {
        snprintf(reason, cap, "the system gives no random numbers");
        return NET_FAILED;
    }
    uintptr_t last_question = net->question.number;
    memset(net, 0, sizeof(*net));
    net->question.number = last_question;
    net->is_open = true;
    enum net_outcome outcome = open_parts(net, config, reason, cap);
    net->is_open = outcome == NET_OK;
    *out = outcome == NET_OK ? net : NULL;
    return outcome;
}

static unsigned count_leftovers(void)
{
    LOCK_TCPIP_CORE();
    unsigned count = net_socket_count_leftovers();
    UNLOCK_TCPIP_CORE();
    return count;
}

/* Gives what was queued, and FIN, time to arrive: each frame that comes in is an event. */
static void wait_for_leftovers(struct net *net)
{
    uint64_t deadline_us = clock_now_us() + CLOSE_GRACE_US;
    atomic_store(&net->is_closing, true);
    for (;;) {
        net_event_arm(&net->event);
        if (count_leftovers() == 0 || clock_now_us() >= deadline_us) {
            break;
        }
        net_device_sleep(net, deadline_us);
    }
}

void net_close(struct net *net)
{
    if (net == NULL) {
        return;
    }
    net_socket_abort_all(net);
    wait_for_leftovers(net);
    LOCK_TCPIP_CORE();
    net_socket_abort_leftovers();
    net_time_close(net);
    net_mdns_close(net);
    net_address_close(net);
    net_question_drop(net);
    UNLOCK_TCPIP_CORE();
    net_device_close(net);
    net_event_close(&net->event);
    net->is_open = false;
}

void net_get_status(struct net *net, struct net_status *out)
{
    LOCK_TCPIP_CORE();
    *out = net->status.status;
    UNLOCK_TCPIP_CORE();
}

void net_wake(struct net *net)
{
    net_event_wake(&net->event);
}

/* ---- Numbers -----------------------------------------------------------------------------------
 */

static uint32_t count_list(const struct tcp_pcb *pcb)
{
    uint32_t count = 0;
    for (; pcb != NULL; pcb = pcb->next) {
        count++;
    }
    return count;
}

/* Heap and pools in use. Connections in TIME_WAIT are counted apart: their pool is their cap, and
 * memory that only waits for its end is no leak. The peak is the sum of each pool's own. */
static void add_up_memory(struct net_stats *out)
{
    uint32_t used_len = lwip_stats.mem.used;
    uint32_t peak_len = lwip_stats.mem.max;
    for (size_t i = 0; i < MEMP_MAX; i++) {
        used_len += memp_pools[i]->stats->used * memp_pools[i]->size;
        peak_len += memp_pools[i]->stats->max * memp_pools[i]->size;
    }
    out->heap_used_len = used_len - out->time_wait_pcbs * memp_pools[MEMP_TCP_PCB]->size;
    out->heap_peak_len = peak_len;
}

void net_get_stats(struct net *net, struct net_stats *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < MEMP_NUM_NETCONN; i++) {
        out->sockets += net->sockets[i].net != NULL;
    }
    LOCK_TCPIP_CORE();
    out->active_pcbs = count_list(tcp_active_pcbs);
    out->time_wait_pcbs = count_list(tcp_tw_pcbs);
    out->half_open = net_backlog_count_half_open();
    out->syn_dropped = net->syn_dropped;
    SYS_ARCH_DECL_PROTECT(level);
    SYS_ARCH_PROTECT(level);
    out->netconns = memp_pools[MEMP_NETCONN]->stats->used;
    add_up_memory(out);
    SYS_ARCH_UNPROTECT(level);
    UNLOCK_TCPIP_CORE();
    out->rx_frames = atomic_load(&net->device.rx_frames);
    out->tx_frames = atomic_load(&net->device.tx_frames);
    out->rx_dropped = atomic_load(&net->device.rx_dropped);
}

static size_t memory_len(void)
{
    size_t len = MEM_SIZE + sizeof(net_lwip_instance);
    for (size_t i = 0; i < MEMP_MAX; i++) {
        len += (size_t)memp_pools[i]->num * memp_pools[i]->size;
    }
    return len;
}

void net_get_memory(struct net_memory *out)
{
    const size_t buffer_len = memp_pools[MEMP_PBUF_POOL]->size;
    const size_t segment_len = memp_pools[MEMP_TCP_SEG]->size;
    *out = (struct net_memory){
        .connection_count = NET_LWIP_CONNECTIONS_MAX,
        .busy_count = NET_LWIP_BUSY_MAX,
        .connection_len = memp_pools[MEMP_NETCONN]->size + memp_pools[MEMP_TCP_PCB]->size +
                          sizeof(struct net_socket) + NET_LWIP_IDLE_BUFFERS * buffer_len +
                          (NET_LWIP_IDLE_QUEUELEN + 2) * segment_len +
                          NET_LWIP_IDLE_SEGMENTS * NET_LWIP_SEGMENT_LEN / 8 * 9,
        .busy_len = (NET_LWIP_BUSY_BUFFERS + NET_LWIP_WINDOW_SEGMENTS) * buffer_len +
                    (TCP_SND_QUEUELEN + NET_LWIP_WINDOW_SEGMENTS) * segment_len +
                    NET_LWIP_WINDOW_SEGMENTS * NET_LWIP_SEGMENT_LEN / 8 * 9,
    };
    out->fixed_len = memory_len() - NET_LWIP_CONNECTIONS_MAX * out->connection_len -
                     NET_LWIP_BUSY_MAX * out->busy_len;
}

void net_get_limits(struct net *net, struct net_limits *out)
{
    (void)net;
    out->window_len = TCP_WND;
    out->connections_max = NET_LWIP_CONNECTIONS_MAX;
}
