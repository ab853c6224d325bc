/* Raspberry Pi 3 and 4, 64-bit Linux: the built-in Ethernet, an address from DHCP. */
#include <stddef.h>

#include "board.h"

const struct board board = {
    .name = "raspberry_pi",
    .server = {.netif = "packet:eth0", .ip = "dhcp", .gateway = NULL, .dns = NULL},
    .client = {.netif = "packet:eth0", .ip = "dhcp", .gateway = NULL, .dns = NULL},
};
