/* A net backend that does nothing yet: every function is there, every call fails.
 *
 * Copy it to firmware/net_NAME/, and make the contract suite green from the top of its list down:
 * docs/PORTING.md says what each function owes. */
#include <stdio.h>
#include <string.h>

#include "net_port.h"

/* Give these what your stack needs. */
struct net {
    int unused;
};

struct net_socket {
    int unused;
};

enum net_outcome net_open(const struct net_config *config, struct net **out, char *reason,
                          size_t cap)
{
    (void)config;
    *out = NULL;
    snprintf(reason, cap, "%s", "this backend is not written yet");
    return NET_FAILED;
}

void net_close(struct net *net)
{
    (void)net;
}

void net_get_status(struct net *net, struct net_status *out)
{
    (void)net;
    *out = (struct net_status){.state = NET_STATE_DOWN};
}

enum net_outcome net_listen(struct net *net, uint16_t port, unsigned backlog,
                            struct net_socket **out)
{
    (void)net;
    (void)port;
    (void)backlog;
    *out = NULL;
    return NET_FAILED;
}

enum net_outcome net_accept(struct net_socket *listener, struct net_socket **out,
                            struct net_address *peer)
{
    (void)listener;
    *out = NULL;
    memset(peer, 0, sizeof *peer);
    return NET_FAILED;
}

enum net_outcome net_connect(struct net *net, const struct net_address *peer,
                             struct net_socket **out)
{
    (void)net;
    (void)peer;
    *out = NULL;
    return NET_FAILED;
}

enum net_outcome net_connect_result(struct net_socket *socket)
{
    (void)socket;
    return NET_FAILED;
}

enum net_outcome net_send(struct net_socket *socket, const uint8_t *bytes, size_t len,
                          size_t *count)
{
    (void)socket;
    (void)bytes;
    (void)len;
    *count = 0;
    return NET_FAILED;
}

enum net_outcome net_receive(struct net_socket *socket, uint8_t *buf, size_t cap, size_t *count)
{
    (void)socket;
    (void)buf;
    (void)cap;
    *count = 0;
    return NET_FAILED;
}

enum net_outcome net_shutdown(struct net_socket *socket)
{
    (void)socket;
    return NET_FAILED;
}

void net_socket_close(struct net_socket *socket)
{
    (void)socket;
}

void net_socket_abort(struct net_socket *socket)
{
    (void)socket;
}

enum net_outcome net_resolve(struct net *net, const char *name, struct net_addresses *out)
{
    (void)net;
    (void)name;
    memset(out, 0, sizeof *out);
    return NET_FAILED;
}

size_t net_receivable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

size_t net_sendable(struct net_socket *socket)
{
    (void)socket;
    return SIZE_MAX;
}

uint64_t net_held_back_us(struct net_socket *socket)
{
    (void)socket;
    return 0;
}

void net_wait(struct net *net, struct net_wait_item *items, size_t count, uint64_t deadline_us)
{
    (void)net;
    (void)deadline_us;
    for (size_t i = 0; i < count; ++i) {
        items[i].ready = 0;
    }
}

void net_watch(const struct net_wait_item *item, uint32_t number)
{
    (void)item;
    (void)number;
}

size_t net_wait_watched(struct net *net, uint32_t *numbers, size_t cap, uint64_t deadline_us)
{
    (void)net;
    (void)numbers;
    (void)cap;
    (void)deadline_us;
    return 0;
}

void net_wake(struct net *net)
{
    (void)net;
}

void net_get_stats(struct net *net, struct net_stats *out)
{
    (void)net;
    memset(out, 0, sizeof *out);
}

void net_get_memory(struct net_memory *out)
{
    *out = (struct net_memory){.fixed_len = 0};
}

void net_get_limits(struct net *net, struct net_limits *out)
{
    (void)net;
    memset(out, 0, sizeof *out);
}
