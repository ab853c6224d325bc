/* Tests the stream link over real Unix sockets in a folder of its own: whose files it removes, and
 * what it does with a peer that is slow or speaks nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock_port.h"
#include "log_port.h"
#include "netif_link.h"
#include "stream_frame.h"

uint64_t clock_now_us(void)
{
    return 0;
}

static unsigned log_count;

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    (void)level;
    (void)module;
    (void)event;
    (void)format;
    log_count++;
}

static char folder[] = "/tmp/netif_stream.XXXXXX";
static char path[64], spec[80], reason[256];
static uint8_t frame[LINK_FRAME_MAX];
static bool is_checked;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/s", folder);
    snprintf(spec, sizeof(spec), "listen=%s", path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails if a test left anything behind */
}

static struct link *open_link(void)
{
    const struct link_config config = {.target = spec};
    struct link *link = NULL;
    assert_int_equal(link_stream.open(&config, &link, reason, sizeof(reason)), NET_OK);
    return link;
}

static enum net_outcome try_open(void)
{
    const struct link_config config = {.target = spec};
    struct link *link = NULL;
    enum net_outcome outcome = link_stream.open(&config, &link, reason, sizeof(reason));
    assert_null(link);
    assert_true(reason[0] != '\0');
    return outcome;
}

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void assert_file(const char *name, const char *text)
{
    char found[32] = "";
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, found, sizeof(found) - 1) >= 0);
    close(fd);
    assert_string_equal(found, text);
}

static int connect_peer(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* What the receive thread does, once; true if something had happened within timeout_ms. */
static bool serve_within(struct link *link, int timeout_ms)
{
    struct pollfd fds[LINK_POLL_MAX];
    int ignored = -1;
    memset(fds, 0, sizeof(fds));
    size_t count = link_stream.prepare(link, fds, &ignored);
    int events = poll(fds, count, timeout_ms);
    link_stream.service(link, fds, count);
    return events > 0;
}

static void serve(struct link *link)
{
    assert_true(serve_within(link, 5000));
}

static void never_removes_a_plain_file(void **state)
{
    (void)state;
    write_file(path, "the user's");
    assert_int_equal(try_open(), NET_FAILED);
    assert_file(path, "the user's");
    unlink(path);
}

static void never_removes_what_a_link_points_to(void **state)
{
    (void)state;
    char target[80];
    snprintf(target, sizeof(target), "%s/target", folder);
    write_file(target, "the user's");
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(try_open(), NET_FAILED);
    assert_file(path, "the user's");
    unlink(path);
    unlink(target);
}

static void replaces_a_stale_socket_and_refuses_a_live_one(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(stale);
    struct link *link = open_link();
    assert_int_equal(try_open(), NET_FAILED);
    link_stream.close(link);
    assert_int_equal(access(path, F_OK), -1);
}

static void leaves_a_file_that_took_its_place(void **state)
{
    (void)state;
    struct link *link = open_link();
    unlink(path);
    write_file(path, "another's");
    link_stream.close(link);
    assert_file(path, "another's");
    unlink(path);
}

static void moves_frames_both_ways(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0, 0, 0, 2, 'h', 'i'};
    uint8_t got[sizeof(wire)];
    size_t len = 0;
    struct link *link = open_link();
    assert_false(link_stream.send(link, wire, 2)); /* nobody there: dropped */
    int peer = connect_peer();
    serve(link);
    assert_true(link_stream.send(link, wire + 4, 2));
    assert_int_equal(recv(peer, got, sizeof(got), MSG_WAITALL), sizeof(wire));
    assert_memory_equal(got, wire, sizeof(wire));
    assert_int_equal(send(peer, wire, sizeof(wire), 0), sizeof(wire));
    serve(link);
    assert_true(link_stream.receive(link, frame, &len, &is_checked));
    assert_int_equal(len, 2);
    assert_memory_equal(frame, "hi", 2);
    assert_false(link_stream.receive(link, frame, &len, &is_checked));
    close(peer);
    link_stream.close(link);
}

static void drops_a_peer_that_speaks_nonsense_and_takes_the_next(void **state)
{
    (void)state;
    size_t len = 0;
    char end = 0;
    struct link *link = open_link();
    int peer = connect_peer();
    serve(link);
    unsigned logged = log_count;
    assert_int_equal(send(peer, "GET / HTTP/1.1\r\n", 16, 0), 16);
    serve(link);
    assert_false(link_stream.receive(link, frame, &len, &is_checked));
    assert_int_equal(log_count, logged + 1);
    assert_true(recv(peer, &end, 1, 0) <= 0);
    close(peer);
    peer = connect_peer();
    serve(link);
    assert_true(link_stream.send(link, frame, 60));
    close(peer);
    link_stream.close(link);
}

#define STALL_FRAME_LEN 1500

/* Reads all that has come for the peer, and checks each frame; returns how many were whole. */
static size_t read_frames(int peer, struct stream_reader *reader)
{
    size_t count = 0, room = 0, len = 0;
    const uint8_t *whole = NULL;
    for (;;) {
        uint8_t *space = stream_reader_space(reader, &room);
        ssize_t got = recv(peer, space, room, MSG_DONTWAIT);
        if (got <= 0) {
            return count;
        }
        stream_reader_add(reader, (size_t)got);
        while (stream_reader_take(reader, &whole, &len) == STREAM_FRAME_OK) {
            assert_int_equal(len, STALL_FRAME_LEN);
            assert_int_equal(whole[0], 0xab);
            assert_int_equal(whole[len - 1], 0xab);
            count++;
        }
    }
}

/* A peer that stalls costs frames, never the borders of those that go out. */
static void keeps_frames_whole_when_the_peer_stalls(void **state)
{
    (void)state;
    static struct stream_reader reader;
    size_t sent_count = 0, got_count = 0;
    struct link *link = open_link();
    int peer = connect_peer();
    serve(link);
    memset(frame, 0xab, sizeof(frame));
    while (link_stream.send(link, frame, STALL_FRAME_LEN)) {
        assert_true(++sent_count < 100000); /* never blocks, but is bounded */
    }
    assert_true(sent_count > 100);
    for (size_t round = 0; round < 100000 && got_count < sent_count; round++) {
        got_count += read_frames(peer, &reader);
        (void)serve_within(link, 0); /* lets go out what waited */
    }
    assert_int_equal(got_count, sent_count);
    assert_int_equal(reader.start, reader.end); /* and nothing more */
    close(peer);
    link_stream.close(link);
}

static void refuses_malformed_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "x", "listen", "listen=", "connect=", "listens=/x", "=/x"};
    char kept[sizeof(spec)];
    strcpy(kept, spec);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        strcpy(spec, bad[i]);
        assert_int_equal(try_open(), NET_MISUSE);
    }
    strcpy(spec, kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_removes_a_plain_file),
        cmocka_unit_test(never_removes_what_a_link_points_to),
        cmocka_unit_test(replaces_a_stale_socket_and_refuses_a_live_one),
        cmocka_unit_test(leaves_a_file_that_took_its_place),
        cmocka_unit_test(moves_frames_both_ways),
        cmocka_unit_test(drops_a_peer_that_speaks_nonsense_and_takes_the_next),
        cmocka_unit_test(keeps_frames_whole_when_the_peer_stalls),
        cmocka_unit_test(refuses_malformed_targets),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
