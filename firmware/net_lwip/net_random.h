/* Random numbers for lwIP. What lwIP itself calls is declared in arch/cc.h and lwip_hooks.h. */
#ifndef NET_RANDOM_H
#define NET_RANDOM_H

#include <stdbool.h>

#include "port.h"

/* Makes the key of this run. False when the entropy source fails. Call before lwIP starts. */
PORT_MUST_USE bool net_random_open(void);

#endif
