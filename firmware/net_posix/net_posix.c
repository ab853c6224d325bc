/* The net seam on the kernel's own TCP: starting, stopping, waiting, numbers. */
#include <arpa/inet.h>
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

static bool can_bind(const struct sockaddr *address, socklen_t address_len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, address, address_len) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return ok;
}

static bool explain_bind(const char *family, char *reason, size_t cap)
{
    if (errno == EADDRNOTAVAIL) {
        snprintf(reason, cap, "the %s address is none of this machine's: use one of its own",
                 family);
    } else {
        snprintf(reason, cap, "cannot make a TCP socket: %s", strerror(errno));
    }
    return false;
}

/* A wrong address is found out here, with words, and not by the first listen. */
static bool probe_ip(const struct net *net, char *reason, size_t cap)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = net->bind_ip};
    return can_bind((const struct sockaddr *)&address, sizeof address) ||
           explain_bind("IPv4", reason, cap);
}

/* A system without IPv6 is none to complain of, unless an address was asked for. */
static bool probe_ip6(struct net *net, bool is_required, char *reason, size_t cap)
{
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = net->bind_ip6};
    net->has_ip6 = can_bind((const struct sockaddr *)&address, sizeof address);
    return net->has_ip6 || !is_required || explain_bind("IPv6", reason, cap);
}

static bool take_addresses(struct net *net, const struct net_config *config, char *reason,
                           size_t cap)
{
    if (has_ip(config)) {
        memcpy(&net->bind_ip, config->ip, sizeof net->bind_ip);
    }
    if (!probe_ip(net, reason, cap)) {
        return false;
    }
    if (config->ip6_mode == NET_IP6_OFF) {
        return true;
    }
    bool is_static = config->ip6_mode == NET_IP6_STATIC;
    if (is_static) {
        memcpy(&net->bind_ip6, config->ip6, sizeof net->bind_ip6);
    }
    return probe_ip6(net, is_static, reason, cap);
}

static void measure_window(struct net *net)
{
    int window_len = 0;
    socklen_t window_size = sizeof window_len;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window_len, &window_size);
        close(fd);
    }
    net->window_len = window_len > 0 ? (uint32_t)window_len : 0;
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
    char text[INET6_ADDRSTRLEN];
    unsigned prefix = net->bind_ip.s_addr == INADDR_ANY ? 0U : config->prefix_len;
    log_event(LOG_LEVEL_INFO, "net", "net_up", "if=posix ip=%s/%u mac=none",
              inet_ntop(AF_INET, &net->bind_ip, text, sizeof text), prefix);
    if (net->has_ip6) {
        prefix = IN6_IS_ADDR_UNSPECIFIED(&net->bind_ip6) ? 0U : config->ip6_prefix_len;
        log_event(LOG_LEVEL_INFO, "net", "net_up", "if=posix ip=%s/%u mac=none",
                  inet_ntop(AF_INET6, &net->bind_ip6, text, sizeof text), prefix);
    }
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
    if (config->use_mdns) {
        snprintf(reason, cap, "this build uses the system's stack, which has its own name");
        return NET_MISUSE;
    }
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        snprintf(reason, cap, "out of memory");
        return NET_NO_MEMORY;
    }
    net->wake_fd = net->spare_fd = -1;
    measure_window(net);
    if (!take_addresses(net, config, reason, cap) || !open_descriptors(net, reason, cap)) {
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
    if (net->has_ip6) {
        out->ip6.family = NET_FAMILY_IPV6;
        memcpy(out->ip6.bytes, &net->bind_ip6, sizeof net->bind_ip6);
    }
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

static nfds_t descriptor_count(const struct net_socket *socket)
{
    return socket->fd6 >= 0 ? 2 : 1;
}

static nfds_t fill_polls(struct net *net, const struct net_wait_item *items, size_t count)
{
    nfds_t used = 0;
    net->polls[used++] = (struct pollfd){.fd = net->wake_fd, .events = POLLIN};
    for (size_t i = 0; i < count && used + 2 <= NET_POSIX_POLLS_MAX; i++) {
        if (!is_polled(&items[i])) {
            continue;
        }
        const struct net_socket *socket = items[i].socket;
        short events = poll_events(items[i].events);
        net->polls[used++] = (struct pollfd){.fd = socket->fd, .events = events};
        if (socket->fd6 >= 0) {
            net->polls[used++] = (struct pollfd){.fd = socket->fd6, .events = events};
        }
    }
    return used;
}

/* What ppoll said of a socket's descriptors, the first of which is at this place. */
static short joined_revents(const struct net *net, nfds_t at, const struct net_socket *socket)
{
    short revents = net->polls[at].revents;
    return socket->fd6 >= 0 ? (short)(revents | net->polls[at + 1].revents) : revents;
}

/* What the table had no room for (one socket in several items) is called ready: sockets do not
 * block, so the caller loses a call, not its data. */
static void take_results(const struct net *net, nfds_t used, struct net_wait_item *items,
                         size_t count)
{
    nfds_t at = 1;
    for (size_t i = 0; i < count; i++) {
        struct net_wait_item *item = &items[i];
        item->ready = 0;
        if (!is_polled(item)) {
            continue;
        }
        bool was_polled = at < used;
        uint8_t ready =
            was_polled ? ready_events(joined_revents(net, at, item->socket)) : item->events;
        item->ready = (uint8_t)(ready & item->events);
        at += was_polled ? descriptor_count(item->socket) : 0;
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

void net_watch(const struct net_wait_item *item, uint32_t number)
{
    item->socket->watched = *item;
    item->socket->watch_number = number;
}

static size_t gather_watched(struct net *net)
{
    size_t count = 0;
    for (struct net_socket *socket = net->sockets; socket != NULL; socket = socket->next) {
        if (socket->watched.events != 0 && count < NET_POSIX_SOCKETS_MAX) {
            net->items[count++] = socket->watched;
        }
    }
    return count;
}

/* The reference: as net_wait, so its cost does grow. */
size_t net_wait_watched(struct net *net, uint32_t *numbers, size_t cap, uint64_t deadline_us)
{
    size_t watched = gather_watched(net);
    size_t count = 0;
    net_wait(net, net->items, watched, deadline_us);
    for (size_t i = 0; i < watched && count < cap; i++) {
        if (net->items[i].ready != 0) {
            numbers[count++] = net->items[i].socket->watch_number;
            net->items[i].socket->watched.events = 0;
        }
    }
    return count;
}

/* ---- Numbers ---- */

void net_get_stats(struct net *net, struct net_stats *out)
{
    *out = (struct net_stats){.sockets = net->socket_count};
}

void net_get_memory(struct net_memory *out)
{
    *out = (struct net_memory){.fixed_len = 0};
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
