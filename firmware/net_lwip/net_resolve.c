/* Names to addresses, by lwIP's DNS client. */
#include <stdio.h>
#include <string.h>

#include "lwip/dns.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"

static void set_answer(struct net_address *out, const ip_addr_t *ip)
{
    memset(out, 0, sizeof(*out));
    out->family = NET_FAMILY_IPV4;
    memcpy(out->bytes, &ip_2_ip4(ip)->addr, sizeof(ip_2_ip4(ip)->addr));
}

/* lwIP's callback, under the core lock. It does not say why there is no address: a server's answer
 * comes while a frame is received, the end of all retries comes from a timer. */
static void take_answer(const char *name, const ip_addr_t *ip, void *arg)
{
    (void)name;
    struct net *net = &net_lwip_instance;
    struct net_question *question = &net->question;
    if ((uintptr_t)arg != question->number || question->outcome != NET_WANT_READ) {
        return;
    }
    if (ip != NULL) {
        question->answer = *ip;
        question->outcome = NET_OK;
    } else {
        question->outcome = net->is_receiving ? NET_NOT_FOUND : NET_TIMED_OUT;
    }
    net_event_wake(&net->event);
}

/* Asks, under the core lock. */
static void ask(struct net *net, const char *name)
{
    struct net_question *question = &net->question;
    question->number++;
    question->outcome = NET_WANT_READ;
    snprintf(question->name, sizeof(question->name), "%s", name);
    net_address_use_dns(net);
    if (ip_addr_isany(dns_getserver(0))) {
        question->outcome = NET_NOT_FOUND;
        return;
    }
    switch (dns_gethostbyname(name, &question->answer, take_answer, (void *)question->number)) {
    case ERR_OK:
        question->outcome = NET_OK;
        break;
    case ERR_INPROGRESS:
        net_kick_timers();
        break;
    default:
        question->outcome = NET_FAILED;
        break;
    }
}

enum net_outcome net_resolve(struct net *net, const char *name, struct net_address *out)
{
    struct net_question *question = &net->question;
    memset(out, 0, sizeof(*out));
    ip_addr_t literal;
    if (ipaddr_aton(name, &literal)) {
        set_answer(out, &literal);
        return NET_OK;
    }
    if (name[0] == '\0' || strlen(name) >= sizeof(question->name)) {
        return NET_NOT_FOUND;
    }
    LOCK_TCPIP_CORE();
    if (strcmp(question->name, name) != 0) {
        ask(net, name);
    }
    enum net_outcome outcome = question->outcome;
    ip_addr_t answer = question->answer;
    if (outcome != NET_WANT_READ) {
        question->name[0] = '\0'; /* the answer is given: the next call asks anew */
    }
    UNLOCK_TCPIP_CORE();
    if (outcome == NET_OK) {
        set_answer(out, &answer);
    }
    return outcome;
}
