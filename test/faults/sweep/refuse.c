/* A server that is short of memory at a different moment for each connection: put between the
 * firmware and its memory by the linker (--wrap), in a program of the tests alone.
 *
 * The n-th connection accepted has its n-th allocation refused, and no other. So a test that makes
 * enough of them, one after the other, goes through every allocation of a session's life. */
#include <stdatomic.h>

#include "memory_port.h"
#include "net_port.h"

static atomic_size_t connection_count, asked_count;

void *real_calloc(size_t count, size_t size) __asm__("__real_memory_calloc");
void *refusing_calloc(size_t count, size_t size) __asm__("__wrap_memory_calloc");
enum net_outcome real_accept(struct net_socket *listener, struct net_socket **out,
                             struct net_address *peer) __asm__("__real_net_accept");
enum net_outcome counting_accept(struct net_socket *listener, struct net_socket **out,
                                 struct net_address *peer) __asm__("__wrap_net_accept");

void *refusing_calloc(size_t count, size_t size)
{
    bool is_accepting = atomic_load(&connection_count) > 0;
    bool is_refused = atomic_fetch_add(&asked_count, 1) + 1 == atomic_load(&connection_count);
    return is_accepting && is_refused ? NULL : real_calloc(count, size);
}

enum net_outcome counting_accept(struct net_socket *listener, struct net_socket **out,
                                 struct net_address *peer)
{
    enum net_outcome outcome = real_accept(listener, out, peer);
    if (outcome == NET_OK) {
        atomic_fetch_add(&connection_count, 1);
        atomic_store(&asked_count, 0);
    }
    return outcome;
}
