/* The event that net_wait sleeps on: an eventfd that costs a system call only when somebody
 * sleeps; and beside it the device that frames come from. */
#ifndef NET_EVENT_H
#define NET_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "port.h"

struct net_event_source {
    int fd;
    int watch_fd;      /* epoll: the event, and a device; -1: the event alone */
    atomic_bool armed; /* the sleeper wants to be woken by what it waits for */
    atomic_bool woken; /* somebody asked to end the sleep, whatever it waits for */
};

/* Opens the event; false if the system refuses. */
PORT_MUST_USE bool net_event_open(struct net_event_source *event);
void net_event_close(struct net_event_source *event);

/* Something that the sleeper may wait for has happened. Any thread. */
void net_event_signal(struct net_event_source *event);

/* Ends the current or the next sleep. Any thread; async-signal-safe. */
void net_event_wake(struct net_event_source *event);

/* The sleeper's side: arm, look at what is awaited, then either sleep (until a signal, a wake, or
 * clock_now_us() reaches deadline_us) or disarm. A signal after arm ends the sleep that follows. */
void net_event_arm(struct net_event_source *event);
void net_event_disarm(struct net_event_source *event);

enum net_event_cause {
    NET_EVENT_AWAITED, /* a signal, a wake or the deadline */
    NET_EVENT_FRAMES,  /* the device has some; perhaps one of the others, too */
    NET_EVENT_TROUBLE, /* the device has failed, and is not watched any more */
};

enum net_event_cause net_event_sleep(struct net_event_source *event, uint64_t deadline_us);

/* Lets the sleeper wake for frames of the device fd, too. While it does not sleep, but not
 * otherwise, *other_fd is readable for frames that come: whoever waits for that never wakes beside
 * the sleeper. False: the system cannot do that. *other_fd is the caller's to close. */
PORT_MUST_USE bool net_event_watch(struct net_event_source *event, int fd, int *other_fd);

/* True, once, if net_event_wake was called since the last time. */
bool net_event_take_wake(struct net_event_source *event);

#endif
