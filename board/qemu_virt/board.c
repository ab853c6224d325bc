/* QEMU's machine "virt": the firmware is all there is above the kernel. */
#include <stddef.h>

#include "board.h"

/* Addresses from 198.18.0.0/15, the network for tests (RFC 2544): no host of anyone's. */
const struct board board = {
    .name = "qemu_virt",
    .server = {.netif = "packet:eth0", .ip = "198.18.0.2/24", .gateway = "198.18.0.1", .dns = NULL},
    .client = {.netif = "packet:eth0", .ip = "198.18.0.3/24", .gateway = "198.18.0.1", .dns = NULL},
};
