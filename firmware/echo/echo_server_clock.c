/* The server and the wall clock: what was judged without it is judged again once it is set. */
#include "clock_port.h"
#include "echo_log.h"
#include "echo_server_internal.h"

#define MODULE ECHO_SERVER_MODULE

bool server_lacks_clock(const struct echo_server *server)
{
    return server->service.config->needs_clock && clock_wall().source == CLOCK_SOURCE_LOWER_BOUND;
}

/* Bits of enum tls_verify that our own certificate's dates give by the clock of now; 0 if that is
 * still the one they were judged by. Tickets given until now are void if not. */
static unsigned recheck_identity(struct echo_server *server)
{
    unsigned steps = clock_wall().steps;
    if (steps == server->clock_steps) {
        return 0;
    }
    server->clock_steps = steps;
    return tls_context_recheck(server->service.context);
}

enum exit_status server_check_identity(struct echo_server *server)
{
    unsigned verify = server->service.config->needs_clock ? recheck_identity(server) : 0;
    if (verify == 0) {
        return EXIT_STATUS_OK;
    }
    echo_log_identity_dates(LOG_LEVEL_ERROR, MODULE, verify);
    return EXIT_STATUS_CONFIG;
}

/* We go on serving with dates that are wrong: whether that matters is the peers' to judge. */
void server_recheck(struct echo_server *server)
{
    if (clock_wall().steps == server->clock_steps) {
        return;
    }
    unsigned verify = recheck_identity(server);
    if (verify != 0) {
        echo_log_identity_dates(LOG_LEVEL_WARN, MODULE, verify);
    }
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        echo_session_recheck(&server->sessions[i], &server->service);
    }
    server_turns_follow_all(server);
}
