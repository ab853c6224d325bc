/* Adds up what is set aside. */
#include "memory_plan.h"

#include "echo_session.h"

static size_t net_len(void)
{
    struct net_memory net;
    net_get_memory(&net);
    return net.fixed_len + net.connection_count * net.connection_len +
           net.busy_count * net.busy_len;
}

/* A stack of the system's own cannot tell its room, so that sessions keep their buffers. */
static size_t busy_count(size_t sessions)
{
    bool can_tell = net_len() > 0;
    return can_tell && sessions > ECHO_BUFFERS_MAX ? ECHO_BUFFERS_MAX : sessions;
}

static size_t session_count(const struct options *options)
{
    return options->role == TLS_SERVER ? (size_t)options->max_sessions : 1;
}

size_t memory_plan_tls_len(const struct options *options)
{
    struct tls_memory needs;
    tls_memory_needs(options->role, &needs);
    bool has_bound = needs.fixed_len > 0;
    return has_bound ? needs.fixed_len + session_count(options) * needs.session_len : SIZE_MAX;
}

void memory_plan_make(const struct options *options, struct memory_plan *out)
{
    struct tls_memory needs;
    size_t sessions = session_count(options);
    tls_memory_needs(options->role, &needs);
    *out = (struct memory_plan){.session_count = (unsigned)sessions,
                                .busy_count = (unsigned)busy_count(sessions),
                                .tls_len = needs.fixed_len,
                                .net_len = net_len(),
                                .session_len = needs.session_len + sizeof(struct echo_session) +
                                               ECHO_SERVER_TURN_LEN,
                                .busy_len = sizeof(struct echo_buffer)};
    out->fixed_len = out->tls_len + out->net_len;
    out->total_len = out->fixed_len + sessions * out->session_len + out->busy_count * out->busy_len;
}

void memory_plan_log(const struct memory_plan *plan)
{
    log_event(LOG_LEVEL_INFO, "app", "memory",
              "sessions=%u session_len=%zu busy=%u busy_len=%zu fixed_len=%zu total_len=%zu",
              plan->session_count, plan->session_len, plan->busy_count, plan->busy_len,
              plan->fixed_len, plan->total_len);
}

static void print_line(FILE *out, const char *what, size_t count, size_t len)
{
    (void)fprintf(out, "%-30s %6zu x %9zu = %10zu\n", what, count, len, count * len);
}

static void print_net(FILE *out)
{
    struct net_memory net;
    net_get_memory(&net);
    print_line(out, "IP stack", 1, net.fixed_len);
    print_line(out, "its connections", net.connection_count, net.connection_len);
    print_line(out, "its busy connections, beside", net.busy_count, net.busy_len);
}

void memory_plan_print(const struct memory_plan *plan, FILE *out)
{
    (void)fprintf(out,
                  "RAM in bytes, at most, beside the program, its stacks and the C library:\n");
    print_line(out, "TLS, shared by all sessions", 1, plan->tls_len);
    print_net(out);
    print_line(out, "sessions", plan->session_count, plan->session_len);
    print_line(out, "buffers of busy sessions", plan->busy_count, plan->busy_len);
    (void)fprintf(out, "%-30s %31zu\n", "total", plan->total_len);
    if (plan->tls_len == 0 || plan->net_len == 0) {
        (void)fprintf(out, "%s has no bound: the system's memory is its own.\n",
                      plan->tls_len == 0 ? "TLS" : "The IP stack");
    }
}
