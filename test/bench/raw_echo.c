/* bench_raw_echo_lwip, bench_raw_echo_posix: TCP echo without TLS, on the net seam: what the IP
 * stack below it costs by itself.
 *
 *   bench_raw_echo_lwip --netif tap:NAME --ip 198.18.0.2/24 --port 8433
 *   bench_raw_echo_posix --port 8433
 *
 * It logs "listening" when it can be connected to, and serves until it is killed. One thread, a
 * buffer of 64 KB a connection. */
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "log_port.h"
#include "net_port.h"

#define MODULE "server"
#define SESSIONS_MAX 64
#define BUFFER_LEN 65536
#define BACKLOG 64

struct session {
    struct net_socket *socket; /* NULL: this place is free */
    uint8_t *buffer;           /* BUFFER_LEN bytes; stays for the next connection */
    size_t len, sent;          /* of what was received, and how much of that went back */
};

static struct session sessions[SESSIONS_MAX];
static struct net_wait_item items[SESSIONS_MAX + 1];
static struct net *net;

/* ---- One connection ---- */

static void end_session(struct session *session)
{
    net_socket_close(session->socket);
    session->socket = NULL;
    session->len = session->sent = 0;
}

/* False: nothing more can be sent now, or ever. */
static bool send_rest(struct session *session)
{
    while (session->sent < session->len) {
        size_t count;
        enum net_outcome outcome = net_send(session->socket, session->buffer + session->sent,
                                            session->len - session->sent, &count);
        if (outcome == NET_WANT_WRITE) {
            return false;
        }
        if (outcome != NET_OK) {
            end_session(session);
            return false;
        }
        session->sent += count;
    }
    session->len = session->sent = 0;
    return true;
}

/* False: there is nothing to receive now, or never again. */
static bool receive_more(struct session *session)
{
    enum net_outcome outcome =
        net_receive(session->socket, session->buffer, BUFFER_LEN, &session->len);
    if (outcome != NET_OK && outcome != NET_WANT_READ) {
        end_session(session);
    }
    return outcome == NET_OK;
}

/* Bounded, so that one connection cannot hold up the others. */
static void step(struct session *session)
{
    for (unsigned turns = 0; turns < 16; turns++) {
        if (!send_rest(session) || !receive_more(session)) {
            return;
        }
    }
}

/* ---- All connections ---- */

static struct session *find_place(void)
{
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        if (sessions[i].socket == NULL) {
            return &sessions[i];
        }
    }
    return NULL;
}

static void admit(struct net_socket *socket)
{
    struct session *session = find_place();
    if (session != NULL && session->buffer == NULL) {
        session->buffer = malloc(BUFFER_LEN);
    }
    if (session == NULL || session->buffer == NULL) {
        net_socket_abort(socket);
        return;
    }
    session->socket = socket;
}

static void accept_all(struct net_socket *listener)
{
    struct net_socket *socket;
    struct net_address peer;
    while (net_accept(listener, &socket, &peer) == NET_OK) {
        admit(socket);
    }
}

static void prepare_items(struct net_socket *listener)
{
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        bool has_rest = sessions[i].sent < sessions[i].len;
        items[i].socket = sessions[i].socket;
        items[i].events = has_rest ? NET_EVENT_WRITE : NET_EVENT_READ;
        items[i].read_len = items[i].write_len = 0;
    }
    items[SESSIONS_MAX].socket = listener;
    items[SESSIONS_MAX].events = NET_EVENT_READ;
}

static void serve_round(struct net_socket *listener)
{
    prepare_items(listener);
    net_wait(net, items, SESSIONS_MAX + 1, NET_NO_DEADLINE);
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        if (sessions[i].socket != NULL && items[i].ready != 0) {
            step(&sessions[i]);
        }
    }
    if (items[SESSIONS_MAX].ready != 0) {
        accept_all(listener);
    }
}

static bool wait_for_address(void)
{
    struct net_status status;
    net_get_status(net, &status);
    while (status.state == NET_STATE_STARTING) {
        net_wait(net, NULL, 0, NET_NO_DEADLINE);
        net_get_status(net, &status);
    }
    return status.state == NET_STATE_UP;
}

/* Returns only if it cannot listen. */
static int serve(uint16_t port)
{
    struct net_socket *listener;
    if (!wait_for_address()) {
        return EXIT_FAILURE;
    }
    if (net_listen(net, port, BACKLOG, &listener) != NET_OK) {
        log_event(LOG_LEVEL_ERROR, MODULE, "listen_failed", "port=%u", port);
        return EXIT_FAILURE;
    }
    log_event(LOG_LEVEL_INFO, MODULE, "listening", "port=%u", port);
    for (;;) {
        serve_round(listener);
    }
}

/* ---- Options ---- */

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return end != text && *end == '\0' && *out <= max;
}

/* "198.18.0.2/24" */
static bool parse_ip(char *text, struct net_config *config)
{
    unsigned long prefix_len;
    char *slash = strchr(text, '/');
    if (slash == NULL || !parse_number(slash + 1, 32, &prefix_len)) {
        return false;
    }
    *slash = '\0';
    config->prefix_len = (uint8_t)prefix_len;
    return inet_pton(AF_INET, text, config->ip) == 1;
}

static bool parse_options(int argc, char *argv[], struct net_config *config, uint16_t *port)
{
    static const struct option known[] = {{"netif", required_argument, NULL, 'n'},
                                          {"ip", required_argument, NULL, 'i'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"no-offload", no_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    unsigned long number;
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (letter == 'n') {
            config->netif = optarg;
        } else if (letter == 'o') {
            config->use_offload = false;
        } else if (letter == 'p' && parse_number(optarg, UINT16_MAX, &number)) {
            *port = (uint16_t)number;
        } else if (letter != 'i' || !parse_ip(optarg, config)) {
            return false;
        }
    }
    return optind == argc && *port != 0;
}

int main(int argc, char *argv[])
{
    struct net_config config = {.mac = {0x02, 0, 0x5e, 0, 0x53, 2}, .use_offload = true};
    uint16_t port = 0;
    char reason[200];
    console_open();
    if (!parse_options(argc, argv, &config, &port)) {
        fprintf(stderr, "usage: %s [--netif SPEC] [--ip ADDR/PREFIX] --port N\n", argv[0]);
        return 64;
    }
    if (net_open(&config, &net, reason, sizeof reason) != NET_OK) {
        fprintf(stderr, "%s: %s\n", argv[0], reason);
        return 71;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return serve(port);
}
