/* What --netif, --ip, --ip6, --mdns and --sntp may say: it differs by net backend and
 * profile, so each has a file of its own.
 */
#ifndef NETIF_SPEC_H
#define NETIF_SPEC_H

#include <stdbool.h>
#include <stdint.h>

/* The default of --netif, from the board's; NULL: the option is required. */
const char *netif_spec_default(const char *board_default);

/* True if spec has a form that the backend knows; says nothing about whether it can be opened. */
bool netif_spec_valid(const char *spec);

/* The forms in words, for an error; static. */
const char *netif_spec_allowed(void);

/* The default of --ip, from the board's. */
const char *netif_spec_default_ip(const char *board_default);

/* True if this address, which is a host's, can be the firmware's own. */
bool netif_spec_valid_ip(const uint8_t address[4]);

/* The same for IPv6, with its prefix length from 1 to 128. */
bool netif_spec_valid_ip6(const uint8_t address[16], unsigned prefix_len);

/* True if the backend can do IPv6. */
bool netif_spec_has_ip6(void);

/* What --ip6 takes, in words, for an error; static. */
const char *netif_spec_allowed_ip6(void);

/* True if the backend has a time client. */
bool netif_spec_has_sntp(void);

/* True if the backend can answer for a name by mDNS. */
bool netif_spec_has_mdns(void);

/* What --mdns may say, for an error; static. */
const char *netif_spec_allowed_mdns(void);

/* What --sntp may say, for an error; static. */
const char *netif_spec_allowed_sntp(void);

#endif
