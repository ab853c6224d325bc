/* The event that net_wait sleeps on. */
#include "net_event.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock_port.h"
#include "net_port.h"

bool net_event_open(struct net_event_source *event)
{
    atomic_init(&event->armed, false);
    atomic_init(&event->woken, false);
    event->watch_fd = -1;
    event->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return event->fd >= 0;
}

static void unwatch(struct net_event_source *event)
{
    if (event->watch_fd >= 0) {
        close(event->watch_fd);
        event->watch_fd = -1;
    }
}

void net_event_close(struct net_event_source *event)
{
    unwatch(event);
    if (event->fd >= 0) {
        close(event->fd);
        event->fd = -1;
    }
}

/* write(2) and lock-free atomics are all that a signal handler may use here. A full counter is
 * readable already. */
static void raise_event(struct net_event_source *event)
{
    int saved_errno = errno;
    const uint64_t one = 1;
    ssize_t ignored = write(event->fd, &one, sizeof(one));
    (void)ignored;
    errno = saved_errno;
}

void net_event_signal(struct net_event_source *event)
{
    if (atomic_exchange(&event->armed, false)) {
        raise_event(event);
    }
}

void net_event_wake(struct net_event_source *event)
{
    atomic_store(&event->woken, true);
    raise_event(event);
}

void net_event_arm(struct net_event_source *event)
{
    atomic_store(&event->armed, true);
}

void net_event_disarm(struct net_event_source *event)
{
    atomic_store(&event->armed, false);
}

bool net_event_take_wake(struct net_event_source *event)
{
    return atomic_exchange(&event->woken, false);
}

/* ---- Sleeping ----------------------------------------------------------------------------------
 */

static bool add(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Of those that wait exclusively the kernel wakes the first that sleeps (epoll_ctl(2)): the sleeper
 * comes first. */
bool net_event_watch(struct net_event_source *event, int fd, int *other_fd)
{
    event->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    *other_fd = epoll_create1(EPOLL_CLOEXEC);
    bool is_watched = event->watch_fd >= 0 && *other_fd >= 0 &&
                      add(event->watch_fd, event->fd, EPOLLIN) &&
                      add(event->watch_fd, fd, EPOLLIN | EPOLLEXCLUSIVE) &&
                      add(*other_fd, fd, EPOLLIN | EPOLLEXCLUSIVE);
    if (!is_watched) {
        unwatch(event);
        if (*other_fd >= 0) {
            close(*other_fd);
        }
        *other_fd = -1;
    }
    return is_watched;
}

static uint64_t time_left_us(uint64_t deadline_us)
{
    uint64_t now_us = clock_now_us();
    return deadline_us > now_us ? deadline_us - now_us : 0;
}

static void clear(const struct net_event_source *event)
{
    eventfd_t ignored;
    (void)eventfd_read(event->fd, &ignored);
}

static enum net_event_cause sleep_watching(struct net_event_source *event, uint64_t deadline_us)
{
    struct epoll_event events[2];
    int timeout_ms = -1;
    if (deadline_us != NET_NO_DEADLINE) {
        uint64_t left_ms = (time_left_us(deadline_us) + 999) / 1000;
        timeout_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;
    }
    enum net_event_cause cause = NET_EVENT_AWAITED;
    int count = epoll_pwait(event->watch_fd, events, 2, timeout_ms, NULL);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == event->fd) {
            clear(event);
        } else {
            bool is_failed = (events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
            cause = is_failed ? NET_EVENT_TROUBLE : NET_EVENT_FRAMES;
        }
    }
    return cause;
}

enum net_event_cause net_event_sleep(struct net_event_source *event, uint64_t deadline_us)
{
    if (event->watch_fd >= 0) {
        enum net_event_cause cause = sleep_watching(event, deadline_us);
        if (cause == NET_EVENT_TROUBLE) {
            unwatch(event);
        }
        return cause;
    }
    struct pollfd fd = {.fd = event->fd, .events = POLLIN};
    uint64_t left_us = time_left_us(deadline_us);
    struct timespec left = {.tv_sec = (time_t)(left_us / 1000000),
                            .tv_nsec = (long)(left_us % 1000000) * 1000};
    if (ppoll(&fd, 1, deadline_us == NET_NO_DEADLINE ? NULL : &left, NULL) > 0) {
        clear(event);
    }
    return NET_EVENT_AWAITED;
}
