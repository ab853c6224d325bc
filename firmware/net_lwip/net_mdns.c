/* The host's name on its segment, and the service there (RFC 6762, RFC 6763): lwIP's responder
 * answers, this starts it, gives it names, tells it of changes, and keeps from it what comes from
 * elsewhere or too often. */
#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "log_port.h"
#include "lwip/apps/mdns.h"
#include "lwip/igmp.h"
#include "lwip/prot/iana.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"

#define SERVICE "_tls-echo"
#define SLOT 0 /* of the only service */

/* RFC 6763 section 6.1: there is at least one. */
#define TEXT_RECORD "txtvers=1"

/* RFC 6762 section 8.4: a change is announced as a new name is, twice, a second apart. */
#define ANNOUNCE_INTERVAL_MS 1000

/* Of all that is sent to the group on this segment: a packet of nothing but questions takes longer
 * than any other, and a flood of them must leave the machine to the sessions. */
#ifndef NET_MDNS_PACKETS_MAX
#define NET_MDNS_PACKETS_MAX 100
#endif
#define WINDOW_US 1000000

/* ---- Names -------------------------------------------------------------------------------------
 */

static void log_announced(const struct net_mdns *mdns)
{
    char service[48] = "";
    if (mdns->service_port != 0) {
        (void)snprintf(service, sizeof(service), " service=%s._tcp port=%u", SERVICE,
                       (unsigned)mdns->service_port);
    }
    log_event(LOG_LEVEL_INFO, "net", "mdns", "name=%s.local%s", mdns->name, service);
}

/* Another host has the name. The service is called like the host, so that they keep one number. */
static void take_next_name(struct net *net)
{
    struct net_mdns *mdns = &net->mdns;
    struct netif *netif = &net->device.netif;
    char before[MDNS_NAME_MAX + 1];
    memcpy(before, mdns->name, sizeof(before));
    mdns->number++;
    mdns_name_make(mdns->name, mdns->host_name, mdns->number);
    log_event(LOG_LEVEL_WARN, "net", "mdns_conflict", "name=%s.local next=%s.local", before,
              mdns->name);
    if (mdns->service_port != 0) {
        (void)mdns_resp_rename_service(netif, SLOT, mdns->name);
    }
    (void)mdns_resp_rename_netif(netif, mdns->name);
}

/* lwIP's callback: what came of asking whether a name is taken. */
static void name_probed(struct netif *netif, u8_t result, s8_t slot)
{
    struct net *net = netif->state;
    (void)slot; /* the host's name or the service's */
    if (result == MDNS_PROBING_SUCCESSFUL) {
        log_announced(&net->mdns);
    } else {
        take_next_name(net);
        net_kick_timers();
    }
}

/* ---- Start and stop ----------------------------------------------------------------------------
 */

static void add_text_record(struct mdns_service *service, void *arg)
{
    (void)arg;
    (void)mdns_resp_add_service_txtitem(service, TEXT_RECORD, sizeof(TEXT_RECORD) - 1);
}

/* lwIP's responder and its port; they stay for as long as the process. */
static void prepare_responder(void)
{
    static bool is_prepared;
    if (!is_prepared) {
        mdns_resp_init();
        mdns_resp_register_name_result_cb(name_probed);
    }
    is_prepared = true;
}

static bool add_names(struct net *net)
{
    const struct net_mdns *mdns = &net->mdns;
    struct netif *netif = &net->device.netif;
    if (mdns_resp_add_netif(netif, mdns->name) != ERR_OK) {
        return false;
    }
    return mdns->service_port == 0 ||
           mdns_resp_add_service(netif, mdns->name, SERVICE, DNSSD_PROTO_TCP, mdns->service_port,
                                 add_text_record, NULL) == SLOT;
}

/* Only a host that wants mDNS is member of an IPv4 group. */
static void start(struct net *net)
{
    struct net_mdns *mdns = &net->mdns;
    struct netif *netif = &net->device.netif;
    prepare_responder();
    netif->flags |= NETIF_FLAG_IGMP;
    mdns->is_started = igmp_start(netif) == ERR_OK && add_names(net);
    if (!mdns->is_started) {
        mdns->is_wanted = false;
        log_event(LOG_LEVEL_ERROR, "net", "mdns_failed", "reason=no_memory");
    }
}

void net_mdns_open(struct net *net, const struct net_config *config)
{
    net->mdns = (struct net_mdns){.is_wanted = config->use_mdns,
                                  .host_name = config->host_name,
                                  .service_port = config->service_port,
                                  .number = 1};
    if (config->use_mdns) {
        mdns_name_make(net->mdns.name, config->host_name, 1);
    }
}

static void announce_again(void *arg)
{
    mdns_resp_announce(arg);
}

uint32_t net_mdns_lifetime(uint32_t ttl_s)
{
    return net_lwip_instance.mdns.is_leaving ? 0 : ttl_s;
}

/* What has been announced is taken back (RFC 6762 section 10.1). */
static void say_goodbye(struct net *net)
{
    net->mdns.is_leaving = true;
    mdns_resp_announce(&net->device.netif);
}

void net_mdns_close(struct net *net)
{
    struct netif *netif = &net->device.netif;
    sys_untimeout(announce_again, netif);
    if (net->mdns.is_wanted && mdns_resp_netif_active(netif)) {
        say_goodbye(net);
        (void)mdns_resp_remove_netif(netif);
    }
    net->mdns = (struct net_mdns){.is_wanted = false};
}

/* ---- Changes -----------------------------------------------------------------------------------
 */

/* Nothing happens while a name is being probed: the announcement that follows has all addresses. */
static void announce(struct netif *netif)
{
    mdns_resp_announce(netif);
    sys_untimeout(announce_again, netif);
    sys_timeout(ANNOUNCE_INTERVAL_MS, announce_again, netif);
}

void net_mdns_follow(struct net *net, enum net_mdns_change change)
{
    struct net_mdns *mdns = &net->mdns;
    if (!mdns->is_wanted) {
        return;
    }
    if (mdns->is_started && change == NET_MDNS_LINK_BACK) {
        mdns_resp_restart(&net->device.netif); /* RFC 6762 section 8: asks for the name again */
    } else if (mdns->is_started) {
        announce(&net->device.netif);
    } else if (net->status.status.state == NET_STATE_UP) {
        start(net);
    }
    net_kick_timers();
}

/* ---- What comes in -----------------------------------------------------------------------------
 */

/* RFC 6762 section 11: mDNS is for the segment. An answer never leaves it. */
static bool is_from_segment(const struct net *net, const ip_addr_t *source)
{
    bool is_link_local = IP_IS_V4(source) && ip4_addr_islinklocal(ip_2_ip4(source));
    return is_link_local || net_neighbour_is_near(net, source);
}

static bool is_within_budget(struct net_mdns *mdns)
{
    uint64_t now_us = clock_now_us();
    if (now_us - mdns->window_us >= WINDOW_US) {
        mdns->window_us = now_us;
        mdns->window_count = 0;
    }
    mdns->window_count++;
    return mdns->window_count <= NET_MDNS_PACKETS_MAX;
}

bool net_mdns_takes(struct net *net, uint16_t udp_port, const ip_addr_t *source)
{
    struct net_mdns *mdns = &net->mdns;
    if (udp_port != LWIP_IANA_PORT_MDNS || !mdns->is_started) {
        return true;
    }
    bool is_taken = is_from_segment(net, source) && is_within_budget(mdns);
    mdns->is_received = mdns->is_received || is_taken;
    return is_taken;
}

bool net_mdns_was_received(struct net *net)
{
    bool was_received = net->mdns.is_received;
    net->mdns.is_received = false;
    return was_received;
}
