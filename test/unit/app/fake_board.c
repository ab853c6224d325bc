/* A board for the tests of options: another default in each place. */
#include <stddef.h>

#include "board.h"

const struct board board = {
    .name = "fake",
    .server = {.netif = NULL, .ip = "198.18.0.2/24", .gateway = "198.18.0.1", .dns = NULL},
    .client = {.netif = "tap:board0", .ip = "198.18.0.3/24", .gateway = NULL, .dns = "198.18.0.4"},
};
