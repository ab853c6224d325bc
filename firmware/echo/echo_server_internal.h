/* What the server's files share: its loop, and what it tells about itself. */
#ifndef ECHO_SERVER_INTERNAL_H
#define ECHO_SERVER_INTERNAL_H

#include "echo_console.h"
#include "echo_session.h"
#include "log_port.h"
#include "loop_watch.h"
#include "rate_limit.h"

#define ECHO_SERVER_MODULE "server"

/* Whose turn it is, without a look at all the others. */
struct server_turns {
    uint32_t *due; /* places that go on without waiting: of this round and of the next */
    bool *is_due;  /* the same, by place */
    size_t due_count;
    uint64_t deadline_us; /* no session has an earlier one */
};

struct echo_server {
    struct echo_service service;
    struct net *net;
    struct net_socket *listener;   /* NULL while draining */
    struct echo_session *sessions; /* config->max_sessions of them */
    struct server_turns turns;
    struct rate_limit rate_limit;
    unsigned last_id;
    unsigned clock_steps; /* clock_wall()'s, by which all was judged */
    uint64_t stats_us;    /* when the next stats event is due */
    struct loop_watch watch;
    struct echo_console console;
    uint64_t advances; /* of the loop: steps and accepts that got something done */
};

/* ---- echo_server_turns.c ---- */

/* False: no memory. */
PORT_MUST_USE bool server_turns_open(struct server_turns *turns, unsigned max_sessions);
void server_turns_close(struct server_turns *turns);

/* Something was done with the session in this place: has it come back when it can go on. */
void server_turns_follow(struct echo_server *server, uint32_t place);
/* The same for all, after what may have changed any of them. */
void server_turns_follow_all(struct echo_server *server);

/* When the loop has to go on for the sessions' sake; 0: it need not wait. */
uint64_t server_turns_deadline(const struct echo_server *server);

/* Gives their turn to the count sessions whose sockets are ready, and to all that are due. */
void server_turns_take(struct echo_server *server, const uint32_t *ready, size_t count);

/* ---- echo_server_clock.c ---- */

/* True if the configuration wants a wall clock, and nobody has set it. */
bool server_lacks_clock(const struct echo_server *server);

/* Before the start, where it needs a clock: checks our own dates by what it was set to. CONFIG:
 * they are wrong. */
PORT_MUST_USE enum exit_status server_check_identity(struct echo_server *server);

/* Checks all dates again if the wall clock was set since they were checked last. */
void server_recheck(struct echo_server *server);

/* True if another host insists on our address: nothing that we send would arrive. */
bool server_address_is_lost(const struct echo_server *server);

/* Sessions going on now. */
unsigned server_session_count(const struct echo_server *server);

/* Logs what is known of the session in this place, as an event of this level and module. False: the
 * place is free. */
bool server_log_session(const struct echo_server *server, unsigned place, enum log_level level,
                        const char *module);

/* Logs the stats event, as an event of this level and module. */
void server_log_stats(const struct echo_server *server, enum log_level level, const char *module);

#endif
