/* What the client's files share: one struct, and the steps that run_session puts together. */
#ifndef ECHO_CLIENT_INTERNAL_H
#define ECHO_CLIENT_INTERNAL_H

#include "connection.h"
#include "echo_client.h"
#include "echo_exchange.h"
#include "loop_watch.h"

#define ECHO_CLIENT_MODULE "client"

/* Longest line of --stdin with its end, bytes. */
#define LINE_MAX_LEN 4096

struct echo_client {
    const struct echo_client_config *config;
    struct net *net;
    struct tls_context *context;
    struct net_addresses peers; /* of the host: one of them will be the connection's */
    struct connection connection;
    struct echo_exchange exchange;
    const char *phase;    /* of the deadline event */
    uint64_t since_us;    /* when the phase began */
    uint64_t deadline_us; /* when it must be over */
    unsigned session_id;
    unsigned clock_steps; /* clock_wall()'s, by which our own certificate was judged */
    struct loop_watch watch;
    struct echo_console console;
    bool interrupted; /* asked to stop; what follows is the orderly end */
    size_t ticket_len;
    uint8_t ticket[TLS_EXPORT_MAX]; /* secret */
    char line[LINE_MAX_LEN];
};

/* Each step returns OK, or the status that the program ends with; it has then logged why. */

/* Starts a phase: what the deadline event calls it, and how long it may take from now. */
void client_begin_phase(struct echo_client *client, const char *phase, uint32_t timeout_ms);

/* Waits once for the item, which may be NULL; runnable: there is more to do anyway, only look.
 * OK: go on. DEADLINE: the phase's deadline has passed. ECHO: asked to stop. CONFIG: another host
 * has our address. UNTRUSTED: by the clock, set meanwhile, the server's certificate is not valid.
 */
enum exit_status client_wait(struct echo_client *client, const struct net_wait_item *item,
                             bool runnable);

/* The same for several sockets, and no later than until_us. */
enum exit_status client_wait_items(struct echo_client *client, struct net_wait_item *items,
                                   size_t count, uint64_t until_us);

/* net_wait, with the console and the watchdog looked after. */
void client_sleep(struct echo_client *client, struct net_wait_item *items, size_t count,
                  uint64_t deadline_us);

/* client_wait for what the connection's last call wants. */
enum exit_status client_wait_connection(struct echo_client *client);

/* Waits for the wall clock to be set, a phase of its own, and then checks our own dates by it. */
enum exit_status client_wait_for_clock(struct echo_client *client);

/* Checks all dates again if the wall clock was set since they were checked last. UNTRUSTED: the
 * server's certificate is not valid by it. */
enum exit_status client_recheck(struct echo_client *client);

/* Waits for an own address, resolves the host, connects, and makes the session. */
enum exit_status client_connect(struct echo_client *client);

/* Logs that the host cannot be reached, and returns the status for it. */
enum exit_status client_connect_failed(const struct echo_client *client, enum net_outcome outcome);

/* Connects to whichever of client->peers answers first. On OK *socket is connected and *peer is its
 * peer; otherwise *socket is NULL. */
enum exit_status client_race(struct echo_client *client, struct net_socket **socket,
                             struct net_address *peer);

enum exit_status client_handshake(struct echo_client *client);

/* Sends what the configuration says, and compares what comes back. */
enum exit_status client_echo(struct echo_client *client);

/* Logs that something came back that was not sent. */
enum exit_status client_log_differs(const struct echo_client *client, uint64_t at);

/* The status for a connection that ended like this before its time. */
enum exit_status client_ended_status(enum tls_outcome outcome);

#endif
