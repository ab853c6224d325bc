/* What the server tells about itself: its sessions and numbers. */
#include "clock_port.h"
#include "echo_names.h"
#include "echo_server_internal.h"
#include "memory_port.h"

unsigned server_session_count(const struct echo_server *server)
{
    unsigned count = 0;
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        count += server->sessions[i].connection.phase != CONNECTION_NONE;
    }
    return count;
}

static const char *phase_name(enum connection_phase phase)
{
    return phase == CONNECTION_HANDSHAKE ? "handshake"
           : phase == CONNECTION_OPEN    ? "open"
                                         : "closing";
}

static uint64_t ms_between(uint64_t from_us, uint64_t to_us)
{
    return to_us > from_us ? (to_us - from_us) / 1000 : 0;
}

bool server_log_session(const struct echo_server *server, unsigned place, enum log_level level,
                        const char *module)
{
    const struct connection *connection = &server->sessions[place].connection;
    char peer[NET_ADDRESS_TEXT_MAX];
    uint64_t now_us = clock_now_us();
    if (connection->phase == CONNECTION_NONE) {
        return false;
    }
    log_event(level, module, "session",
              "session=%u peer=%s phase=%s bytes_in=%llu bytes_out=%llu ms=%llu deadline_ms=%llu",
              connection->id, net_address_text(peer, &connection->peer),
              phase_name(connection->phase), (unsigned long long)connection->bytes_in,
              (unsigned long long)connection->bytes_out,
              (unsigned long long)ms_between(connection->started_us, now_us),
              (unsigned long long)ms_between(now_us, connection->deadline_us));
    return true;
}

/* Counted when they end, and those still going on now. */
static void count_bytes(const struct echo_server *server, uint64_t *in, uint64_t *out)
{
    *in = server->service.counters.bytes_in;
    *out = server->service.counters.bytes_out;
    for (unsigned i = 0; i < server->service.config->max_sessions; i++) {
        *in += server->sessions[i].connection.bytes_in;
        *out += server->sessions[i].connection.bytes_out;
    }
}

void server_log_stats(const struct echo_server *server, enum log_level level, const char *module)
{
    const struct echo_counters *counters = &server->service.counters;
    struct net_stats net;
    uint64_t in, out;
    net_get_stats(server->net, &net);
    count_bytes(server, &in, &out);
    log_event(level, module, "stats",
              "sessions=%u accepted=%llu refused=%llu handshakes=%llu handshakes_failed=%llu "
              "resumed=%llu sockets=%u netconns=%u active_pcbs=%u time_wait_pcbs=%u half_open=%u "
              "syn_dropped=%u net_heap=%u net_heap_peak=%u tls_heap=%zu tls_heap_peak=%zu "
              "bytes_in=%llu bytes_out=%llu rx_frames=%u tx_frames=%u rx_dropped=%u "
              "cpu_us=%llu",
              server_session_count(server), (unsigned long long)counters->accepted,
              (unsigned long long)counters->refused, (unsigned long long)counters->handshakes,
              (unsigned long long)counters->handshakes_failed,
              (unsigned long long)counters->resumed, net.sockets, net.netconns, net.active_pcbs,
              net.time_wait_pcbs, net.half_open, net.syn_dropped, net.heap_used_len,
              net.heap_peak_len, memory_used_len(), memory_peak_len(), (unsigned long long)in,
              (unsigned long long)out, net.rx_frames, net.tx_frames, net.rx_dropped,
              (unsigned long long)clock_cpu_us());
}
