/* This machine itself: programs that run natively, for development and tests. */
#include <stddef.h>

#include "board.h"

/* Addresses from 198.18.0.0/15, the network for tests (RFC 2544): no host of anyone's. */
const struct board board = {
    .name = "host",
    .server = {.netif = NULL, .ip = "198.18.0.2/24", .gateway = "198.18.0.1", .dns = NULL},
    .client = {.netif = NULL, .ip = "198.18.0.3/24", .gateway = "198.18.0.1", .dns = NULL},
};
