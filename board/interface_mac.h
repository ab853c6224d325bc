/* The hardware address that a network interface of the system has. */
#ifndef INTERFACE_MAC_H
#define INTERFACE_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* Puts the address of the interface of this name into mac. False: there is no such interface, or it
 * has no address that a host can have; mac is as it was. */
PORT_MUST_USE bool interface_read_mac(const char *name, uint8_t mac[6]);

#endif
