/* The net seam on the kernel's own TCP: names, asked by a thread because getaddrinfo(3) blocks. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"

/* Shared by the loop and the thread that asks. Whoever comes second to set its mark frees it, so
 * neither has to wait for the other. */
enum question_state { QUESTION_ASKING, QUESTION_ANSWERED, QUESTION_DROPPED };

struct net_question {
    _Atomic int state;
    int wake_fd; /* the thread's own duplicate: it may outlive the net */
    enum net_outcome outcome;
    int family; /* AF_UNSPEC: both */
    struct net_addresses addresses;
    char name[NET_POSIX_NAME_MAX];
};

static bool parse_literal(const char *name, struct net_address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, name, out->bytes) == 1) {
        out->family = NET_FAMILY_IPV4;
        return true;
    }
    if (inet_pton(AF_INET6, name, out->bytes) == 1) {
        out->family = NET_FAMILY_IPV6;
        return true;
    }
    return false;
}

static enum net_outcome resolve_outcome(int code)
{
    switch (code) {
    case 0:
        return NET_OK;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return NET_NOT_FOUND;
    case EAI_AGAIN:
        return NET_TIMED_OUT;
    default:
        return NET_FAILED;
    }
}

/* The system has them in the order of RFC 6724. */
static void ask(struct net_question *question)
{
    const struct addrinfo hints = {.ai_family = question->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct net_addresses *out = &question->addresses;
    question->outcome = resolve_outcome(getaddrinfo(question->name, NULL, &hints, &found));
    if (question->outcome != NET_OK) {
        return;
    }
    for (const struct addrinfo *at = found; at != NULL && out->count < NET_ADDRESSES_MAX;
         at = at->ai_next) {
        union net_sockaddr one = {0};
        memcpy(&one, at->ai_addr, at->ai_addrlen < sizeof one ? at->ai_addrlen : sizeof one);
        net_posix_from_sockaddr(&one, &out->list[out->count]);
        out->count += out->list[out->count].family != NET_FAMILY_NONE;
    }
    question->outcome = out->count > 0 ? NET_OK : NET_NOT_FOUND;
    freeaddrinfo(found);
}

static void *question_thread(void *argument)
{
    struct net_question *question = argument;
    const uint64_t one = 1;
    int wake_fd = question->wake_fd;
    ask(question);
    if (atomic_exchange(&question->state, QUESTION_ANSWERED) == QUESTION_DROPPED) {
        free(question);
    } else {
        ssize_t written = write(wake_fd, &one, sizeof one); /* question may be gone already */
        (void)written;
    }
    close(wake_fd);
    return NULL;
}

void net_posix_drop_question(struct net *net)
{
    struct net_question *question = net->question;
    net->question = NULL;
    if (question != NULL &&
        atomic_exchange(&question->state, QUESTION_DROPPED) == QUESTION_ANSWERED) {
        free(question);
    }
}

static bool start_thread(struct net_question *question)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, question_thread, question) != 0) {
        return false;
    }
    pthread_detach(thread);
    return true;
}

static enum net_outcome start_question(struct net *net, const char *name)
{
    struct net_question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        return NET_FAILED;
    }
    memcpy(question->name, name, strlen(name)); /* the caller has checked its length */
    question->family = net->has_ip6 ? AF_UNSPEC : AF_INET;
    question->wake_fd = dup(net->wake_fd);
    if (question->wake_fd < 0 || !start_thread(question)) {
        if (question->wake_fd >= 0) {
            close(question->wake_fd);
        }
        free(question);
        return NET_FAILED;
    }
    net->question = question;
    return NET_WANT_READ;
}

enum net_outcome net_resolve(struct net *net, const char *name, struct net_addresses *out)
{
    memset(out, 0, sizeof *out);
    if (parse_literal(name, &out->list[0])) {
        out->count = 1;
        return NET_OK;
    }
    if (name[0] == '\0' || strlen(name) >= NET_POSIX_NAME_MAX) {
        return NET_NOT_FOUND;
    }
    struct net_question *question = net->question;
    if (question == NULL || strcmp(question->name, name) != 0) {
        net_posix_drop_question(net);
        return start_question(net, name);
    }
    if (atomic_load(&question->state) == QUESTION_ASKING) {
        return NET_WANT_READ;
    }
    enum net_outcome outcome = question->outcome;
    *out = question->addresses;
    net_posix_drop_question(net);
    return outcome;
}
