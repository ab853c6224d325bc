/* The IP stack behind every netif: whole Ethernet frames, made from the input with right lengths
 * and checksums, while a server accepts, reads and echoes above.
 *
 * The stack lives on from run to run, as it does on a board; each run is a connection of its own.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock_port.h"
#include "fuzz_doubles.h"
#include "netif_link.h"
#include "netif_offload.h"

#define PORT 8433
#define FRAME_CAP 1514
#define ETHERNET_LEN 14
#define IPV4_LEN 20
#define TCP_LEN 20
#define SOCKETS_MAX 4

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t own_ip[4] = {198, 18, 0, 2}, peer_ip[4] = {198, 18, 0, 1};

struct frame {
    uint8_t bytes[FRAME_CAP];
    size_t len;
    struct virtio_net_hdr header;
};

/* ---- The link -------------------------------------------------------------------------------- */

/* One frame at a time goes to the receive thread, which says when it is done with it. */
static struct {
    struct link link;
    int event_fd;
    sem_t taken;
    pthread_mutex_t lock;
    uint8_t *frame;
    size_t frame_len;
    struct virtio_net_hdr header; /* what the kernel says of the frame */
    bool waited_for;
    uint32_t tcp_next; /* what the stack's last TCP segment wants acknowledged */
} fuzz_link = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum net_outcome open_link(const struct link_config *config, struct link **out, char *reason,
                                  size_t cap)
{
    (void)config;
    (void)reason;
    (void)cap;
    fuzz_link.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    fuzz_link.link.has_offload = true;
    fuzz_link.link.frames_fd = -1;
    *out = &fuzz_link.link;
    return NET_OK;
}

static size_t prepare_link(struct link *link, struct pollfd *fds, int *timeout_ms)
{
    (void)link;
    (void)timeout_ms;
    fds[0] = (struct pollfd){.fd = fuzz_link.event_fd, .events = POLLIN};
    return 1;
}

static void service_link(struct link *link, const struct pollfd *fds, size_t count)
{
    eventfd_t value;
    (void)link;
    (void)fds;
    (void)count;
    (void)eventfd_read(fuzz_link.event_fd, &value);
}

/* Called again after a frame was dealt with: that is the moment to tell the other thread. */
static bool receive_frame(struct link *link, uint8_t *buf, size_t *len, bool *is_checked)
{
    bool got = false;
    (void)link;
    (void)pthread_mutex_lock(&fuzz_link.lock);
    if (fuzz_link.frame != NULL) {
        *len = fuzz_link.frame_len;
        got = netif_offload_take(&fuzz_link.header, true, fuzz_link.frame, *len, is_checked);
        memcpy(buf, fuzz_link.frame, *len);
        fuzz_link.frame = NULL;
    }
    if (!got && fuzz_link.waited_for) {
        fuzz_link.waited_for = false;
        (void)sem_post(&fuzz_link.taken);
    }
    (void)pthread_mutex_unlock(&fuzz_link.lock);
    return got;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void look_at_sent(const uint8_t *frame, size_t len)
{
    FUZZ_CHECK(len >= ETHERNET_LEN);
    FUZZ_CHECK(memcmp(frame + 6, own_mac, 6) == 0);
    if (len >= ETHERNET_LEN + IPV4_LEN + TCP_LEN && frame[12] == 8 && frame[13] == 0 &&
        frame[23] == 6) {
        const uint8_t *tcp = frame + ETHERNET_LEN + IPV4_LEN;
        size_t total = (size_t)frame[16] << 8 | frame[17];
        size_t header = (size_t)(tcp[12] >> 4) * 4;
        FUZZ_CHECK(total + ETHERNET_LEN <= len && header >= TCP_LEN && header + IPV4_LEN <= total);
        size_t data_len = total - IPV4_LEN - header;
        uint32_t flags_len = ((tcp[13] >> 1) & 1u) + (tcp[13] & 1u); /* SYN, FIN */
        fuzz_link.tcp_next = read_u32(tcp + 4) + (uint32_t)data_len + flags_len;
    }
}

/* Whatever the stack sends is a frame that a wire could carry. */
static bool send_frame(struct link *link, const uint8_t *frame, size_t len)
{
    (void)link;
    FUZZ_CHECK(len <= FRAME_CAP);
    look_at_sent(frame, len);
    return true;
}

/* The same for one that the kernel is to cut. */
static bool send_offloaded(struct link *link, const struct link_offloaded *frame)
{
    static uint8_t whole[LINK_FRAME_MAX];
    size_t len = 0;
    (void)link;
    FUZZ_CHECK(frame->part_count > 0 && frame->part_count <= LINK_PARTS_MAX);
    FUZZ_CHECK(frame->len <= sizeof(whole) && frame->headers_len == frame->parts[0].len);
    for (size_t i = 0; i < frame->part_count; i++) {
        FUZZ_CHECK(frame->parts[i].len <= frame->len - len);
        memcpy(whole + len, frame->parts[i].bytes, frame->parts[i].len);
        len += frame->parts[i].len;
    }
    FUZZ_CHECK(len == frame->len);
    FUZZ_CHECK(frame->checksum_start + frame->checksum_offset + 2 <= frame->headers_len);
    FUZZ_CHECK(frame->segment_len == 0 || (frame->segment_len < len - frame->headers_len &&
                                           frame->headers_len + frame->segment_len <= FRAME_CAP));
    FUZZ_CHECK(frame->segment_len > 0 || len <= FRAME_CAP);
    look_at_sent(whole, len);
    return true;
}

static bool link_is_up(struct link *link, const char **reason)
{
    (void)link;
    *reason = "";
    return true;
}

static void close_link(struct link *link)
{
    (void)link;
    (void)close(fuzz_link.event_fd);
}

/* Stands in for the one of net_link, with no netif but this. */
const struct link_ops *link_find(const char *spec, const char **target, char *reason, size_t cap)
{
    static const struct link_ops ops = {
        .name = "fuzz",
        .open = open_link,
        .prepare = prepare_link,
        .service = service_link,
        .receive = receive_frame,
        .send = send_frame,
        .send_offloaded = send_offloaded,
        .is_up = link_is_up,
        .close = close_link,
    };
    (void)reason;
    (void)cap;
    fuzz_link.link.ops = &ops;
    *target = spec;
    return &ops;
}

static void deliver(struct frame *frame)
{
    (void)pthread_mutex_lock(&fuzz_link.lock);
    fuzz_link.frame = frame->bytes;
    fuzz_link.frame_len = frame->len;
    fuzz_link.header = frame->header;
    fuzz_link.waited_for = true;
    (void)pthread_mutex_unlock(&fuzz_link.lock);
    (void)eventfd_write(fuzz_link.event_fd, 1);
    while (sem_wait(&fuzz_link.taken) != 0) {
    }
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* What one run's connection is like. */
struct peer {
    struct fuzz_input *input;
    uint16_t port;
    uint32_t seq;
};

static void write_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void write_u32(uint8_t *at, uint32_t value)
{
    write_u16(at, value >> 16);
    write_u16(at + 2, value & 0xffff);
}

static uint32_t sum(const uint8_t *bytes, size_t len, uint32_t start)
{
    for (size_t i = 0; i < len; i++) {
        start += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    }
    return start;
}

static uint32_t fold(uint32_t total)
{
    while (total >> 16 != 0) {
        total = (total & 0xffff) + (total >> 16);
    }
    return ~total & 0xffff;
}

static void add_bytes(struct frame *frame, const uint8_t *bytes, size_t len)
{
    size_t room = FRAME_CAP - frame->len;
    len = len < room ? len : room;
    if (len > 0) {
        memcpy(frame->bytes + frame->len, bytes, len);
        frame->len += len;
    }
}

static void add_input(struct frame *frame, struct fuzz_input *input, size_t most)
{
    size_t taken;
    const uint8_t *bytes = fuzz_take_bytes(input, most, &taken);
    add_bytes(frame, bytes, taken);
}

static void start_ethernet(struct frame *frame, uint32_t type)
{
    uint8_t header[ETHERNET_LEN];
    memcpy(header, own_mac, 6);
    memcpy(header + 6, peer_mac, 6);
    write_u16(header + 12, type);
    frame->len = 0;
    add_bytes(frame, header, sizeof(header));
}

static void start_ipv4(struct frame *frame, uint8_t protocol)
{
    uint8_t header[IPV4_LEN] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol};
    memcpy(header + 12, peer_ip, 4);
    memcpy(header + 16, own_ip, 4);
    start_ethernet(frame, 0x0800);
    add_bytes(frame, header, sizeof(header));
}

/* Puts the lengths and both checksums right; the inner one stands checksum_at bytes behind IP. */
static void finish_ipv4(struct frame *frame, size_t checksum_at, bool has_pseudo_header)
{
    uint8_t *ip = frame->bytes + ETHERNET_LEN, *inner = ip + IPV4_LEN;
    size_t inner_len = frame->len - ETHERNET_LEN - IPV4_LEN;
    uint32_t pseudo = has_pseudo_header ? sum(ip + 12, 8, ip[9] + (uint32_t)inner_len) : 0;
    write_u16(ip + 2, (uint32_t)(IPV4_LEN + inner_len));
    write_u16(ip + 10, fold(sum(ip, IPV4_LEN, 0)));
    if (inner_len >= checksum_at + 2) {
        write_u16(inner + checksum_at, 0);
        write_u16(inner + checksum_at, fold(sum(inner, inner_len, pseudo)));
    }
}

static void make_tcp(struct frame *frame, struct peer *peer)
{
    uint8_t header[TCP_LEN] = {0}, flags = fuzz_take_byte(peer->input);
    uint8_t odd = fuzz_take_byte(peer->input);
    size_t options_len = (size_t)(odd & 3) * 4;
    write_u16(header, peer->port);
    write_u16(header + 2, PORT);
    write_u32(header + 4, peer->seq + (odd & 4 ? fuzz_take_u16(peer->input) - 0x8000u : 0));
    write_u32(header + 8, fuzz_link.tcp_next - (odd & 8 ? fuzz_take_u16(peer->input) : 0));
    header[12] = (uint8_t)(((TCP_LEN + options_len) / 4) << 4);
    header[13] = flags;
    write_u16(header + 14, odd & 16 ? fuzz_take_u16(peer->input) : 32000);
    start_ipv4(frame, 6);
    add_bytes(frame, header, sizeof(header));
    size_t before = frame->len;
    add_input(frame, peer->input, options_len);
    frame->bytes[before - TCP_LEN + 12] = (uint8_t)(((TCP_LEN + frame->len - before) / 4) << 4);
    before = frame->len;
    add_input(frame, peer->input, odd >> 5 == 7 ? 1460 : (size_t)(odd >> 5) * 8);
    if ((odd & 4) == 0) {
        peer->seq += (uint32_t)(frame->len - before) + ((flags >> 1) & 1u) + (flags & 1u);
    }
    finish_ipv4(frame, 16, true);
}

static void make_udp(struct frame *frame, struct peer *peer)
{
    static const uint16_t ports[] = {53, 67, 68, 123, 5353, 49152, 546, 7};
    uint8_t choice = fuzz_take_byte(peer->input), header[8] = {0};
    write_u16(header, ports[choice & 7]);
    write_u16(header + 2, ports[(choice >> 3) & 7]);
    start_ipv4(frame, 17);
    add_bytes(frame, header, sizeof(header));
    add_input(frame, peer->input, fuzz_take_u16(peer->input) % 600u);
    write_u16(frame->bytes + ETHERNET_LEN + IPV4_LEN + 4,
              (uint32_t)(frame->len - ETHERNET_LEN - IPV4_LEN));
    finish_ipv4(frame, 6, true);
}

/* A question of mDNS's, or a record: a name of ours, or one that the input has, a type, and for a
 * record what it says. */
static void add_mdns_entry(struct frame *frame, struct fuzz_input *input)
{
    static const char *const names[] = {"\10tls-echo\5local",
                                        "\11_tls-echo\4_tcp\5local",
                                        "\11_services\7_dns-sd\4_udp\5local",
                                        "\10tls-echo\11_tls-echo\4_tcp\5local",
                                        "\12tls-echo-2\5local",
                                        "\0012\0010\00218\003198\7in-addr\4arpa"};
    static const uint8_t types[] = {1, 28, 12, 33, 16, 255, 47, 2};
    uint8_t kind = fuzz_take_byte(input);
    size_t name = kind & 7U;
    if (name < sizeof(names) / sizeof(names[0])) {
        add_bytes(frame, (const uint8_t *)names[name], strlen(names[name]) + 1);
    } else if (name == 7) {
        add_bytes(frame, (const uint8_t *)"\xc0\x0c", 2);
    } else {
        add_input(frame, input, fuzz_take_byte(input));
    }
    add_bytes(frame, (uint8_t[]){0, types[(kind >> 3) & 7], (kind & 64) != 0 ? 128 : 0, 1}, 4);
    if ((kind & 128) != 0) {
        add_bytes(frame, (uint8_t[]){0, 0, 0, 120}, 4);
        add_input(frame, input, 2 + fuzz_take_byte(input) % 40U);
    }
}

/* Few answers: each for a name of ours makes the stack ask for a second whether it is taken. */
static void make_mdns(struct frame *frame, struct peer *peer)
{
    uint8_t choice = fuzz_take_byte(peer->input), counts = fuzz_take_byte(peer->input);
    uint8_t head[20] = {0, 0, 0x14, 0xe9};
    bool is_answer = (choice & 15) == 1, is_cut = (choice & 15) == 2;
    write_u16(head, (choice & 64) != 0 ? 40000 : 5353);
    head[10] = is_answer ? 0x84 : is_cut ? 0x02 : 0;
    for (size_t i = 0; i < 4; i++) {
        head[13 + 2 * i] = (counts >> (2 * i)) & 3;
    }
    start_ipv4(frame, 17);
    memcpy(frame->bytes, (uint8_t[]){1, 0, 0x5e, 0, 0, 0xfb}, 6);
    memcpy(frame->bytes + ETHERNET_LEN + 16, (uint8_t[]){224, 0, 0, 251}, 4);
    add_bytes(frame, head, sizeof(head));
    for (size_t i = 0; i <= (choice >> 4 & 3U); i++) {
        add_mdns_entry(frame, peer->input);
    }
    write_u16(frame->bytes + ETHERNET_LEN + IPV4_LEN + 4,
              (uint32_t)(frame->len - ETHERNET_LEN - IPV4_LEN));
    finish_ipv4(frame, 6, true);
}

static void make_icmp(struct frame *frame, struct peer *peer)
{
    start_ipv4(frame, 1);
    add_input(frame, peer->input, 4 + fuzz_take_byte(peer->input) % 64u);
    finish_ipv4(frame, 2, false);
}

static void make_arp(struct frame *frame, struct peer *peer)
{
    static const uint8_t start[] = {0, 1, 8, 0, 6, 4, 0};
    start_ethernet(frame, 0x0806);
    add_bytes(frame, start, sizeof(start));
    add_input(frame, peer->input, 21);
}

/* IPv6 with a next header, of which ICMPv6, UDP and TCP get their checksum. */
static void make_ipv6(struct frame *frame, struct peer *peer)
{
    static const uint8_t next_headers[] = {58, 58, 58, 6, 17, 0, 43, 44};
    uint8_t odd = fuzz_take_byte(peer->input);
    uint8_t header[40] = {0x60, 0, 0, 0, 0, 0, next_headers[odd & 7], 255};
    uint8_t link_local[16] = {0xfe, 0x80, [15] = 1}, all_nodes[16] = {0xff, 2, [15] = 1};
    memcpy(header + 8, link_local, 16);
    memcpy(header + 24, all_nodes, 16);
    start_ethernet(frame, 0x86dd);
    memcpy(frame->bytes, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
    add_bytes(frame, header, sizeof(header));
    add_input(frame, peer->input, fuzz_take_byte(peer->input));
    uint8_t *ip = frame->bytes + ETHERNET_LEN, *inner = ip + sizeof(header);
    size_t inner_len = frame->len - ETHERNET_LEN - sizeof(header);
    size_t checksum_at = ip[6] == 58 ? 2 : ip[6] == 17 ? 6 : 16;
    write_u16(ip + 4, (uint32_t)inner_len);
    if (inner_len >= checksum_at + 2) {
        write_u16(inner + checksum_at, 0);
        uint32_t pseudo = sum(ip + 8, 32, ip[6] + (uint32_t)inner_len);
        write_u16(inner + checksum_at, fold(sum(inner, inner_len, pseudo)));
    }
}

static void make_raw(struct frame *frame, struct peer *peer)
{
    start_ethernet(frame, fuzz_take_u16(peer->input));
    add_input(frame, peer->input, fuzz_take_u16(peer->input) % FRAME_CAP);
}

/* A kernel that lies; the places it names are mostly TCP's. */
static void make_header(struct frame *frame, struct fuzz_input *input)
{
    uint8_t odd = fuzz_take_byte(input);
    frame->header = (struct virtio_net_hdr){
        .flags = odd & 3,
        .gso_type = odd >> 5,
        .gso_size = fuzz_take_u16(input),
        .csum_start = (odd & 4) != 0 ? fuzz_take_u16(input) : ETHERNET_LEN + IPV4_LEN,
        .csum_offset = (odd & 8) != 0 ? fuzz_take_u16(input) : 16,
    };
}

static void make_frame(struct frame *frame, struct peer *peer)
{
    static void (*const makers[])(struct frame *, struct peer *) = {
        make_tcp, make_tcp, make_tcp, make_udp, make_icmp, make_arp, make_ipv6, make_raw, make_mdns,
    };
    uint8_t choice = fuzz_take_byte(peer->input);
    memset(&frame->header, 0, sizeof(frame->header));
    makers[choice % 9u](frame, peer);
    if (choice >= 234) { /* nine of them */
        make_header(frame, peer->input);
    }
}

/* ---- The server above ------------------------------------------------------------------------ */

static struct net *net;
static struct net_socket *listener;

static void accept_into(struct net_socket *sockets[SOCKETS_MAX])
{
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        struct net_address peer;
        if (sockets[i] == NULL && net_accept(listener, &sockets[i], &peer) != NET_OK) {
            FUZZ_CHECK(sockets[i] == NULL);
        }
    }
}

static void echo(struct net_socket **socket)
{
    uint8_t buf[2000];
    size_t got = 0, sent = 0;
    enum net_outcome outcome = net_receive(*socket, buf, sizeof(buf), &got);
    FUZZ_CHECK((outcome == NET_OK) == (got > 0) && got <= sizeof(buf));
    if (outcome == NET_OK) {
        outcome = net_send(*socket, buf, got, &sent);
        FUZZ_CHECK((outcome == NET_OK) == (sent > 0) && sent <= got);
    }
    if (outcome != NET_OK && outcome != NET_WANT_READ && outcome != NET_WANT_WRITE) {
        net_socket_close(*socket);
        *socket = NULL;
    }
}

static void serve(struct net_socket *sockets[SOCKETS_MAX])
{
    accept_into(sockets);
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (sockets[i] != NULL) {
            echo(&sockets[i]);
        }
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct net_config config = {.netif = "fuzz:",
                                .ip_mode = NET_IP_STATIC,
                                .prefix_len = 24,
                                .host_name = "tls-echo",
                                .use_mdns = true,
                                .service_port = PORT};
    struct net_status status = {.state = NET_STATE_STARTING};
    char reason[128];
    memcpy(config.ip, own_ip, 4);
    memcpy(config.gateway, peer_ip, 4);
    memcpy(config.mac, own_mac, 6);
    FUZZ_CHECK(sem_init(&fuzz_link.taken, 0, 0) == 0);
    FUZZ_CHECK(net_open(&config, &net, reason, sizeof(reason)) == NET_OK);
    while (status.state != NET_STATE_UP) {
        net_wait(net, NULL, 0, NET_NO_DEADLINE);
        net_get_status(net, &status);
    }
    FUZZ_CHECK(net_listen(net, PORT, 8, &listener) == NET_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint16_t last_port;
    struct fuzz_input input = {.bytes = data, .len = size};
    struct peer peer = {.input = &input, .port = (uint16_t)(1024 + last_port++ % 60000u), .seq = 1};
    struct net_socket *sockets[SOCKETS_MAX] = {NULL};
    struct frame frame;
    while (input.len > 0) {
        make_frame(&frame, &peer);
        deliver(&frame);
        serve(sockets);
    }
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        net_socket_abort(sockets[i]);
    }
    struct net_stats stats;
    net_get_stats(net, &stats);
    FUZZ_CHECK(stats.sockets == 1);
    return 0;
}
