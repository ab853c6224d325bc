/* The event that net_wait sleeps on. */
#include "net_event.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock_port.h"
#include "net_port.h"

bool net_event_open(struct net_event_source *event)
{
    atomic_init(&event->armed, false);
    atomic_init(&event->woken, false);
    event->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return event->fd >= 0;
}

void net_event_close(struct net_event_source *event)
{
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

void net_event_sleep(struct net_event_source *event, uint64_t deadline_us)
{
    struct pollfd fd = {.fd = event->fd, .events = POLLIN};
    struct timespec left = {0};
    uint64_t now_us = clock_now_us();
    uint64_t left_us = deadline_us > now_us ? deadline_us - now_us : 0;
    left.tv_sec = (time_t)(left_us / 1000000);
    left.tv_nsec = (long)(left_us % 1000000) * 1000;
    if (ppoll(&fd, 1, deadline_us == NET_NO_DEADLINE ? NULL : &left, NULL) > 0) {
        eventfd_t ignored;
        (void)eventfd_read(event->fd, &ignored);
    }
}
