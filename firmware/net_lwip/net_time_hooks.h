/* What lwIP's SNTP client asks of us, by lwipopts.h and a hook. All are called under the core lock.
 */
#ifndef NET_TIME_HOOKS_H
#define NET_TIME_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

struct pbuf;

/* A question is about to be sent: gives the transmit timestamp that it carries and the answer must
 * repeat. Random bits, not the time: nobody who did not see the question can answer it, and it
 * tells nobody what our clock says (RFC 8915 section 8.3 gives the reasons). */
void net_time_begin(int32_t *seconds, uint32_t *fraction);

/* A datagram has come from the server. False: it is to be ignored. */
bool net_time_accepts(const struct pbuf *p);

/* An accepted answer's transmit timestamp. */
void net_time_take(int32_t seconds, uint32_t fraction);

/* In how many milliseconds to ask: at first, after an answer, and after none. */
uint32_t net_time_startup_ms(void);
uint32_t net_time_update_ms(void);
uint32_t net_time_retry_ms(void);

#endif
