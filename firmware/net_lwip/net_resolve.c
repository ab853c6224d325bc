/* Names to addresses, by lwIP's DNS client: both families are asked at once. */
#include <stdio.h>
#include <string.h>

#include "lwip/dns.h"
#include "lwip/tcpip.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

/* RFC 8305 section 3: how long one family's address waits for the other's. */
#define RESOLUTION_DELAY_MS 50

static const u8_t address_types[QUESTION_FAMILIES] = {
    [QUESTION_IP4] = LWIP_DNS_ADDRTYPE_IPV4,
    [QUESTION_IP6] = LWIP_DNS_ADDRTYPE_IPV6,
};

/* ---- Answers -----------------------------------------------------------------------------------
 */

static void stop_waiting(void *arg)
{
    struct net *net = arg;
    net->question.is_over = true;
    net_event_wake(&net->event);
}

static void note_answer(struct net *net, struct net_answer *answer, enum net_outcome outcome)
{
    answer->outcome = outcome;
    if (outcome == NET_OK) {
        sys_untimeout(stop_waiting, net);
        sys_timeout(RESOLUTION_DELAY_MS, stop_waiting, net);
        net_kick_timers();
    }
    net_event_wake(&net->event);
}

/* lwIP's callback, under the core lock; arg is the question's number and the family. It does not
 * say why there is no address: a server's answer comes while a frame is received, the end of all
 * retries comes from a timer. */
static void take_answer(const char *name, const ip_addr_t *ip, void *arg)
{
    (void)name;
    struct net *net = &net_lwip_instance;
    struct net_question *question = &net->question;
    struct net_answer *answer = &question->answers[(uintptr_t)arg % QUESTION_FAMILIES];
    if ((uintptr_t)arg / QUESTION_FAMILIES != question->number ||
        answer->outcome != NET_WANT_READ) {
        return;
    }
    if (ip != NULL) {
        answer->ip = *ip;
        note_answer(net, answer, NET_OK);
    } else {
        note_answer(net, answer, net->is_receiving ? NET_NOT_FOUND : NET_TIMED_OUT);
    }
}

/* ---- Questions ---------------------------------------------------------------------------------
 */

static void ask_family(struct net *net, unsigned family)
{
    struct net_question *question = &net->question;
    struct net_answer *answer = &question->answers[family];
    void *arg = (void *)(question->number * QUESTION_FAMILIES + family);
    answer->outcome = NET_WANT_READ;
    switch (dns_gethostbyname_addrtype(question->name, &answer->ip, take_answer, arg,
                                       address_types[family])) {
    case ERR_OK:
        note_answer(net, answer, NET_OK);
        break;
    case ERR_INPROGRESS:
        net_kick_timers();
        break;
    default:
        answer->outcome = NET_FAILED;
        break;
    }
}

/* Asks, under the core lock. */
static void ask(struct net *net, const char *name)
{
    struct net_question *question = &net->question;
    net_question_drop(net);
    snprintf(question->name, sizeof(question->name), "%s", name);
    question->is_over = false;
    question->answers[QUESTION_IP4].outcome = NET_NOT_FOUND;
    question->answers[QUESTION_IP6].outcome = NET_NOT_FOUND;
    net_address_use_dns(net);
    if (ip_addr_isany(dns_getserver(0))) {
        return;
    }
    ask_family(net, QUESTION_IP4);
    if (net->address6.mode != NET_IP6_OFF) {
        ask_family(net, QUESTION_IP6);
    }
}

void net_question_drop(struct net *net)
{
    net->question.number++; /* an answer that comes now is for nobody */
    net->question.name[0] = '\0';
    sys_untimeout(stop_waiting, net);
}

/* What is known now: WANT_READ until both have answered, or one has and the other is late. */
static enum net_outcome outcome_of(const struct net_question *question)
{
    enum net_outcome ip4 = question->answers[QUESTION_IP4].outcome;
    enum net_outcome ip6 = question->answers[QUESTION_IP6].outcome;
    bool has_one = ip4 == NET_OK || ip6 == NET_OK;
    if ((ip4 == NET_WANT_READ || ip6 == NET_WANT_READ) && !(has_one && question->is_over)) {
        return NET_WANT_READ;
    }
    return has_one ? NET_OK : ip4;
}

/* ---- Results -----------------------------------------------------------------------------------
 */

static void add_address(struct net_addresses *out, const ip_addr_t *ip)
{
    struct net_address *address = &out->list[out->count++];
    net_address_from_ip(ip, address);
}

/* IPv6 first where we have an address for it (RFC 6724), else last: one may still come. */
static void add_answers(const struct net *net, struct net_addresses *out)
{
    bool has_ip6 = net->status.status.ip6.family != NET_FAMILY_NONE;
    const unsigned order[QUESTION_FAMILIES] = {has_ip6 ? QUESTION_IP6 : QUESTION_IP4,
                                               has_ip6 ? QUESTION_IP4 : QUESTION_IP6};
    for (unsigned i = 0; i < QUESTION_FAMILIES; i++) {
        const struct net_answer *answer = &net->question.answers[order[i]];
        if (answer->outcome == NET_OK) {
            add_address(out, &answer->ip);
        }
    }
}

enum net_outcome net_resolve(struct net *net, const char *name, struct net_addresses *out)
{
    ip_addr_t literal;
    memset(out, 0, sizeof(*out));
    if (ipaddr_aton(name, &literal)) {
        add_address(out, &literal);
        return NET_OK;
    }
    if (name[0] == '\0' || strlen(name) >= sizeof(net->question.name)) {
        return NET_NOT_FOUND;
    }
    LOCK_TCPIP_CORE();
    if (strcmp(net->question.name, name) != 0) {
        ask(net, name);
    }
    enum net_outcome outcome = outcome_of(&net->question);
    if (outcome == NET_OK) {
        add_answers(net, out);
    }
    if (outcome != NET_WANT_READ) {
        net_question_drop(net); /* the answer is given: the next call asks anew */
    }
    UNLOCK_TCPIP_CORE();
    return outcome;
}
