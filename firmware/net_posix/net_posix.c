/* The net seam on the kernel's own TCP: starting, stopping, waiting, numbers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "clock_port.h"
#include "log_port.h"

/* ---- Start and stop ---- */

static bool netif_is_ours(const char *netif)
{
    return netif == NULL || strcmp(netif, "posix:") == 0;
}

static bool has_ip(const struct net_config *config)
{
    static const uint8_t none[4] = {0};
    return config->ip_mode == NET_IP_STATIC && memcmp(config->ip, none, sizeof none) != 0;
}

/* A wrong address is found out here, with words, and not by the first listen. */
static bool probe_ip(struct net *net, char *reason, size_t cap)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = net->bind_ip};
    int window_len = 0;
    socklen_t window_size = sizeof window_len;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
              getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window_len, &window_size) == 0;
    if (!ok && errno == EADDRNOTAVAIL) {
        snprintf(reason, cap,
                 "the address is none of this machine's: use one of its own, or 0.0.0.0");
    } else if (!ok) {
        snprintf(reason, cap, "cannot make a TCP socket: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    net->window_len = window_len > 0 ? (uint32_t)window_len : 0;
    return ok;
}

static bool open_descriptors(struct net *net, char *reason, size_t cap)
{
    net->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    net->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (net->wake_fd < 0 || net->spare_fd < 0) {
        snprintf(reason, cap, "cannot open a descriptor: %s", strerror(errno));
        return false;
    }
    return true;
}

static void log_net_up(const struct net_config *config, const struct net *net)
{
    const uint8_t *ip = (const uint8_t *)&net->bind_ip.s_addr;
    log_event(LOG_LEVEL_INFO, "net", "net_up", "if=posix ip=%u.%u.%u.%u/%u mac=none", ip[0], ip[1],
              ip[2], ip[3], net->bind_ip.s_addr == INADDR_ANY ? 0U : config->prefix_len);
}

enum net_outcome net_open(const struct net_config *config, struct net **out, char *reason,
                          size_t cap)
{
    *out = NULL;
    if (cap > 0) {
        reason[0] = '\0';
    }
    if (!netif_is_ours(config->netif)) {
        snprintf(reason, cap, "this build uses the kernel's TCP: the only netif is \"posix:\"");
        return NET_MISUSE;
    }
    if (config->time_server != NULL) {
        snprintf(reason, cap, "this build uses the system's clock, which the system itself sets");
        return NET_MISUSE;
    }
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        snprintf(reason, cap, "out of memory");
        return NET_NO_MEMORY;
    }
    net->wake_fd = net->spare_fd = -1;
    if (has_ip(config)) {
        memcpy(&net->bind_ip, config->ip, sizeof net->bind_ip);
    }
    if (!probe_ip(net, reason, cap) || !open_descriptors(net, reason, cap)) {
        net_close(net);
        return NET_FAILED;
    }
    if (config->opened != NULL && !config->opened(config->opened_arg)) {
        net_close(net);
        return NET_FAILED;
    }
    log_net_up(config, net);
    *out = net;
    return NET_OK;
}

void net_close(struct net *net)
{
    if (net == NULL) {
        return;
    }
    net_posix_drop_question(net);
    while (net->sockets != NULL) {
        net_socket_abort(net->sockets);
    }
    if (net->wake_fd >= 0) {
        close(net->wake_fd);
    }
    if (net->spare_fd >= 0) {
        close(net->spare_fd);
    }
    free(net);
}

void net_get_status(struct net *net, struct net_status *out)
{
    *out = (struct net_status){.state = NET_STATE_UP, .ip.family = NET_FAMILY_IPV4};
    memcpy(out->ip.bytes, &net->bind_ip, sizeof net->bind_ip);
}

/* ---- Waiting ---- */

void net_wake(struct net *net)
{
    const uint64_t one = 1;
    int saved = errno; /* this may run in a signal handler */
    /* The only error possible is EAGAIN at 2^64 - 2 wake-ups, when a wake-up is pending anyway. */
    ssize_t written = write(net->wake_fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

static short poll_events(uint8_t events)
{
    return (short)(((events & NET_EVENT_READ) != 0 ? POLLIN : 0) |
                   ((events & NET_EVENT_WRITE) != 0 ? POLLOUT : 0));
}

static uint8_t ready_events(short revents)
{
    if ((revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        return NET_EVENT_READ | NET_EVENT_WRITE;
    }
    return (uint8_t)(((revents & POLLIN) != 0 ? NET_EVENT_READ : 0) |
                     ((revents & POLLOUT) != 0 ? NET_EVENT_WRITE : 0));
}

/* An item that waits for nothing is left out: ppoll would report its errors nevertheless. */
static bool is_polled(const struct net_wait_item *item)
{
    return item->socket != NULL && item->events != 0;
}

static nfds_t fill_polls(struct net *net, const struct net_wait_item *items, size_t count)
{
    nfds_t used = 0;
    net->polls[used++] = (struct pollfd){.fd = net->wake_fd, .events = POLLIN};
    for (size_t i = 0; i < count && used <= NET_POSIX_SOCKETS_MAX; i++) {
        if (is_polled(&items[i])) {
            net->polls[used++] =
                (struct pollfd){.fd = items[i].socket->fd, .events = poll_events(items[i].events)};
        }
    }
    return used;
}

/* What the table had no room for (one socket in several items) is called ready: sockets do not
 * block, so the caller loses a call, not its data. */
static void take_results(const struct net *net, nfds_t used, struct net_wait_item *items,
                         size_t count)
{
    nfds_t at = 1;
    for (size_t i = 0; i < count; i++) {
        items[i].ready = 0;
        if (!is_polled(&items[i])) {
            continue;
        }
        uint8_t ready = at < used ? ready_events(net->polls[at].revents) : items[i].events;
        items[i].ready = (uint8_t)(ready & items[i].events);
        at++;
    }
}

static void forget_results(struct net *net, nfds_t used)
{
    for (nfds_t i = 0; i < used; i++) {
        net->polls[i].revents = 0;
    }
}

static void take_wakes(const struct net *net)
{
    uint64_t wakes;
    ssize_t taken = read(net->wake_fd, &wakes, sizeof wakes);
    (void)taken;
}

/* NULL: for ever. */
static const struct timespec *time_left(uint64_t deadline_us, struct timespec *out)
{
    if (deadline_us == NET_NO_DEADLINE) {
        return NULL;
    }
    uint64_t now_us = clock_now_us();
    uint64_t left_us = deadline_us > now_us ? deadline_us - now_us : 0;
    out->tv_sec = (time_t)(left_us / 1000000U);
    out->tv_nsec = (long)(left_us % 1000000U) * 1000L;
    return out;
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    nfds_t used = fill_polls(net, items, count);
    int found;
    do {
        struct timespec left;
        found = ppoll(net->polls, used, time_left(deadline_us, &left), NULL);
    } while (found <= 0 && clock_now_us() < deadline_us);
    if (found < 0) {
        forget_results(net, used); /* after an error the table says nothing */
    }
    if (net->polls[0].revents != 0) {
        take_wakes(net);
    }
    take_results(net, used, items, count);
}

/* ---- Numbers ---- */

void net_get_stats(struct net *net, struct net_stats *out)
{
    *out = (struct net_stats){.sockets = net->socket_count};
}

size_t net_memory_len(void)
{
    return 0;
}

void net_get_limits(struct net *net, struct net_limits *out)
{
    const uint32_t others = 32; /* standard streams, eventfd, listeners, resolver, log */
    struct rlimit limit;
    uint32_t files = NET_POSIX_SOCKETS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < files) {
        files = (uint32_t)limit.rlim_cur;
    }
    *out = (struct net_limits){.window_len = net->window_len,
                               .connections_max = files > others ? files - others : 0};
}
