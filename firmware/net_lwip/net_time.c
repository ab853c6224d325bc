/* The wall clock by SNTP: lwIP's client asks, this judges the answers and says when to ask again.
 */
#include <stdio.h>
#include <string.h>

#include "clock_port.h"
#include "log_port.h"
#include "lwip/apps/sntp.h"
#include "lwip/pbuf.h"
#include "lwip/tcpip.h"
#include "lwip/timeouts.h"
#include "net_lwip.h"
#include "net_random.h"
#include "net_time_hooks.h"
#include "sntp_answer.h"

#define UPDATE_MS 3600000
#define RETRY_MIN_MS 2000    /* as ntpd's iburst */
#define RETRY_MAX_MS 1024000 /* as ntpd's longest usual interval */

static struct net_time *state(void)
{
    return &net_lwip_instance.time;
}

static void log_failed(const char *reason, const char *more)
{
    char address[IPADDR_STRLEN_MAX], server[160];
    const char *name = state()->server != NULL
                           ? state()->server
                           : ipaddr_ntoa_r(sntp_getserver(0), address, sizeof(address));
    log_event(LOG_LEVEL_WARN, "time", "time_failed", "source=sntp server=%s reason=%s%s",
              log_quote(server, sizeof(server), name), reason, more);
}

/* ---- Questions ----------------------------------------------------------------------------------
 */

void net_time_begin(int32_t *seconds, uint32_t *fraction)
{
    struct net_time *time = state();
    *seconds = (int32_t)net_random_u32();
    *fraction = net_random_u32();
    const uint32_t cookie[] = {lwip_htonl((uint32_t)*seconds), lwip_htonl(*fraction)};
    memcpy(time->cookie, cookie, sizeof(time->cookie));
    time->asked_us = clock_now_us();
    time->phase = NET_TIME_ASKED;
    time->is_stray_told = false;
}

/* Doubles with each question that brought nothing. */
static uint32_t next_retry_ms(struct net_time *time)
{
    uint32_t retry_ms = time->retry_ms != 0 ? time->retry_ms : RETRY_MIN_MS;
    time->retry_ms = retry_ms < RETRY_MAX_MS / 2 ? 2 * retry_ms : RETRY_MAX_MS;
    return retry_ms;
}

/* lwIP gives this question up. One that was refused was logged then. */
uint32_t net_time_retry_ms(void)
{
    struct net_time *time = state();
    uint32_t retry_ms = next_retry_ms(time);
    char more[40];
    (void)snprintf(more, sizeof(more), " retry_ms=%u", (unsigned)retry_ms);
    if (time->phase == NET_TIME_ASKED) {
        log_failed("no_answer", more);
    } else if (time->phase == NET_TIME_IDLE) {
        log_failed(time->server != NULL ? "name_not_found" : "dhcp_names_none", more);
    }
    time->phase = NET_TIME_IDLE;
    return retry_ms;
}

/* ---- Answers ------------------------------------------------------------------------------------
 */

static void stop_asking(void *arg)
{
    (void)arg;
    sntp_stop();
}

/* RFC 5905 section 7.4: RATE asks for patience, DENY and RSTR for an end. */
static void obey_kiss(struct net_time *time, const uint8_t *bytes, char *more, size_t cap)
{
    char code[5];
    sntp_answer_kiss(bytes, code);
    time->retry_ms = RETRY_MAX_MS;
    time->is_denied = strcmp(code, "DENY") == 0 || strcmp(code, "RSTR") == 0;
    if (time->is_denied) {
        sys_timeout(0, stop_asking, NULL); /* not from inside the client */
        net_kick_timers();
    }
    (void)snprintf(more, cap, " code=%s asking=%s", code, time->is_denied ? "ended" : "less");
}

/* Once a question: who floods us with these shall not flood the log. */
static void tell_stray(struct net_time *time)
{
    if (!time->is_stray_told) {
        log_failed(sntp_verdict_name(SNTP_NOT_OURS), "");
    }
    time->is_stray_told = true;
}

/* A second answer to one question is a copy; one that is not ours does not end the wait for ours.
 */
bool net_time_accepts(const struct pbuf *p)
{
    struct net_time *time = state();
    uint8_t bytes[SNTP_ANSWER_LEN] = {0};
    char more[40] = "";
    if (time->phase != NET_TIME_ASKED) {
        return false;
    }
    (void)pbuf_copy_partial(p, bytes, sizeof(bytes), 0);
    enum sntp_verdict verdict = sntp_answer_judge(bytes, p->tot_len, time->cookie);
    if (verdict == SNTP_GOOD) {
        return true;
    }
    if (verdict == SNTP_NOT_OURS) {
        tell_stray(time);
        return false;
    }
    if (verdict == SNTP_KISS_OF_DEATH) {
        obey_kiss(time, bytes, more, sizeof(more));
    }
    time->phase = NET_TIME_REFUSED;
    log_failed(sntp_verdict_name(verdict), more);
    return false;
}

/* The answer was half the time of question and answer on its way, as far as we can know. */
void net_time_take(int32_t seconds, uint32_t fraction)
{
    struct net_time *time = state();
    char server[IPADDR_STRLEN_MAX];
    uint64_t way_us = (clock_now_us() - time->asked_us) / 2;
    int64_t unix_us = sntp_to_unix_us(seconds, fraction) + (int64_t)way_us;
    (void)ipaddr_ntoa_r(sntp_getserver(0), server, sizeof(server));
    bool is_set = clock_set_wall(unix_us, CLOCK_SOURCE_SNTP, server) == CLOCK_SET_OK;
    time->phase = is_set ? NET_TIME_IDLE : NET_TIME_REFUSED;
    if (is_set) {
        time->retry_ms = 0;
        net_event_wake(&net_lwip_instance.event);
    }
}

uint32_t net_time_update_ms(void)
{
    struct net_time *time = state();
    bool is_set = time->phase == NET_TIME_IDLE;
    time->phase = NET_TIME_IDLE;
    return is_set ? UPDATE_MS : next_retry_ms(time);
}

/* ---- Start and stop -----------------------------------------------------------------------------
 */

void net_time_open(struct net *net, const char *server)
{
    struct net_time *time = &net->time;
    if (server == NULL) {
        return;
    }
    bool uses_dhcp = strcmp(server, NET_TIME_SERVER_DHCP) == 0;
    *time = (struct net_time){.is_wanted = true, .server = uses_dhcp ? NULL : server};
    sntp_servermode_dhcp(uses_dhcp);
    if (!uses_dhcp) {
        sntp_setservername(0, server);
    }
}

/* A link that comes and goes does not make us ask more often than a server that is silent. */
uint32_t net_time_startup_ms(void)
{
    const struct net_time *time = state();
    uint64_t since_ms = (clock_now_us() - time->asked_us) / 1000;
    return time->asked_us == 0 || since_ms > RETRY_MIN_MS ? 0 : (uint32_t)(RETRY_MIN_MS - since_ms);
}

void net_time_follow(struct net *net)
{
    struct net_time *time = &net->time;
    bool is_up = net->status.status.state == NET_STATE_UP;
    if (!time->is_wanted || time->is_denied || is_up == (sntp_enabled() != 0)) {
        return;
    }
    if (is_up) {
        time->retry_ms = 0;
        time->phase = NET_TIME_IDLE;
        net_address_use_dns(net);
        sntp_init();
        net_kick_timers();
    } else {
        sntp_stop();
    }
}

void net_time_close(struct net *net)
{
    sntp_stop();
    sys_untimeout(stop_asking, NULL);
    sntp_servermode_dhcp(0);
    sntp_setserver(0, NULL);
    net->time = (struct net_time){.is_wanted = false};
}
