/* The hardware address of a firmware whose user named none, and what its IPv6 addresses come from.
 */
#ifndef MAC_H
#define MAC_H

#include "port.h"
#include "tls_port.h"

/* Puts a locally administered unicast address into mac: always the same for one machine and role,
 * or a random one where the machine has no id. False: neither hash nor random bytes could be had.
 */
PORT_MUST_USE bool mac_derive(enum tls_role role, uint8_t mac[6]);

/* The same for the key from which IPv6 addresses are made (RFC 7217 section 5). */
PORT_MUST_USE bool mac_derive_ip6_key(enum tls_role role, uint8_t key[16]);

#endif
