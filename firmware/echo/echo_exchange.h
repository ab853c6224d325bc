/* One payload on its way to the server and back: sends, receives and compares at the same time. */
#ifndef ECHO_EXCHANGE_H
#define ECHO_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "payload.h"

#define ECHO_EXCHANGE_BUFFER_LEN 16384

enum echo_exchange_result {
    ECHO_EXCHANGE_WAITING, /* wait for what waits says */
    ECHO_EXCHANGE_DONE,    /* all came back right */
    ECHO_EXCHANGE_DIFFERS, /* other bytes came back, or more of them: at differs_at */
    ECHO_EXCHANGE_ENDED,   /* the connection ended before: outcome says how */
};

struct echo_exchange {
    struct payload payload;
    uint64_t sent, received; /* bytes of the payload */
    uint64_t started_us;
    uint64_t differs_at;
    enum tls_outcome outcome;
    struct net_wait_item waits; /* for the socket, in each direction */
    bool runnable;              /* has more to do without waiting for its socket */
    size_t begin, end;          /* out[begin, end) is what a write was, or will be, called with */
    uint8_t out[ECHO_EXCHANGE_BUFFER_LEN];
    uint8_t in[ECHO_EXCHANGE_BUFFER_LEN];
};

/* payload is copied; a text in it is borrowed until the exchange is over. */
void echo_exchange_start(struct echo_exchange *exchange, const struct payload *payload);

/* Goes on as far as the connection lets it, in both directions. */
enum echo_exchange_result echo_exchange_step(struct echo_exchange *exchange,
                                             struct connection *connection);

#endif
