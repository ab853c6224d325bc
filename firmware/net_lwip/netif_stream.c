/* The link "stream:connect=PATH" or "stream:listen=PATH": Ethernet frames over a Unix socket, as
 * QEMU
 * ("-netdev stream") and passt speak them. One peer is the whole segment. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock_port.h"
#include "log_port.h"
#include "netif_link.h"
#include "stream_frame.h"

_Static_assert(STREAM_FRAME_MAX == LINK_FRAME_MAX, "a frame of the stream is a frame of the link");

/* How long open waits for somebody to listen at PATH, how often it looks meanwhile, and how often
 * the link tries again when the peer has left: a path that is there but refuses gives no event. */
#define CONNECT_WAIT_US 10000000
#define CONNECT_RETRY_MS 20
#define RECONNECT_MS 250

/* What may wait for a peer that does not read, in bytes: a few connections' windows. */
#define UNSENT_MAX (512 * 1024)

struct stream {
    struct link link;
    struct sockaddr_un path;
    int listener_fd;   /* -1: this side connects */
    dev_t path_device; /* the socket file that this side made */
    ino_t path_inode;
    int kick_fd; /* eventfd: there is something unsent, wait until it can go out */
    struct stream_reader reader;

    pthread_mutex_t lock; /* for what follows: send comes from any thread */
    int fd;               /* the peer; -1: none */
    size_t unsent_start, unsent_end;
    uint8_t unsent[UNSENT_MAX];
};

static struct stream *as_stream(struct link *link)
{
    return (struct stream *)link;
}

/* ---- Opening -----------------------------------------------------------------------------------
 */

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket connected to path, or -1 and errno. */
static int connect_path(const struct sockaddr_un *path)
{
    int fd = new_socket();
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)path, sizeof(*path)) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* True if a later try may succeed: nobody is there yet, or their queue is full. */
static bool may_come(int error)
{
    return error == ENOENT || error == ECONNREFUSED || error == EAGAIN;
}

static enum net_outcome open_connect(struct stream *stream, char *reason, size_t cap)
{
    const struct timespec pause = {.tv_nsec = CONNECT_RETRY_MS * 1000000L};
    uint64_t deadline_us = clock_now_us() + CONNECT_WAIT_US;
    stream->fd = connect_path(&stream->path);
    while (stream->fd < 0 && may_come(errno) && clock_now_us() < deadline_us) {
        if (nanosleep(&pause, NULL) != 0) {
            snprintf(reason, cap, "interrupted");
            return NET_FAILED;
        }
        stream->fd = connect_path(&stream->path);
    }
    if (stream->fd >= 0) {
        return NET_OK;
    }
    snprintf(reason, cap, "cannot connect to \"%s\": %s%s", stream->path.sun_path, strerror(errno),
             may_come(errno) ? "; nobody listened there within 10 s" : "");
    return NET_FAILED;
}

static bool is_socket_file(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Removes the socket file of a program that is no more. False if somebody listens there, or if it
 * is anything but a socket: connect(2) says ECONNREFUSED of a plain file, too, and that is the
 * user's. */
static bool remove_stale(const struct sockaddr_un *path)
{
    if (!is_socket_file(path->sun_path)) {
        return false;
    }
    int fd = connect_path(path);
    if (fd >= 0) {
        close(fd);
        return false;
    }
    return errno == ECONNREFUSED && unlink(path->sun_path) == 0;
}

static bool bind_path(int fd, const struct sockaddr_un *path)
{
    if (bind(fd, (const struct sockaddr *)path, sizeof(*path)) == 0) {
        return true;
    }
    if (errno != EADDRINUSE) {
        return false;
    }
    if (!remove_stale(path)) {
        errno = EADDRINUSE;
        return false;
    }
    return bind(fd, (const struct sockaddr *)path, sizeof(*path)) == 0;
}

/* Remembers which file is ours, so that only that one is removed at the end. */
static bool note_own_path(struct stream *stream)
{
    struct stat status;
    if (lstat(stream->path.sun_path, &status) != 0) {
        return false;
    }
    stream->path_device = status.st_dev;
    stream->path_inode = status.st_ino;
    return true;
}

static void remove_own_path(const struct stream *stream)
{
    struct stat status;
    if (lstat(stream->path.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        status.st_dev == stream->path_device && status.st_ino == stream->path_inode) {
        unlink(stream->path.sun_path);
    }
}

static enum net_outcome open_listen(struct stream *stream, char *reason, size_t cap)
{
    int fd = new_socket();
    if (fd >= 0 && bind_path(fd, &stream->path) && note_own_path(stream) && listen(fd, 1) == 0) {
        stream->listener_fd = fd;
        return NET_OK;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    snprintf(reason, cap, "cannot listen at \"%s\": %s", stream->path.sun_path,
             error == EADDRINUSE ? "another program listens there, or it is no socket"
                                 : strerror(error));
    return NET_FAILED;
}

/* Splits "connect=PATH" or "listen=PATH". */
static enum net_outcome parse_target(const char *target, bool *is_listener,
                                     struct sockaddr_un *path, char *reason, size_t cap)
{
    const char *equals = strchr(target, '=');
    size_t word_len = equals == NULL ? 0 : (size_t)(equals - target);
    bool is_connect = word_len == 7 && strncmp(target, "connect", 7) == 0;
    *is_listener = word_len == 6 && strncmp(target, "listen", 6) == 0;
    if ((!is_connect && !*is_listener) || equals[1] == '\0') {
        snprintf(reason, cap, "\"%s\" is neither connect=PATH nor listen=PATH", target);
        return NET_MISUSE;
    }
    memset(path, 0, sizeof(*path));
    path->sun_family = AF_UNIX;
    if (strlen(equals + 1) >= sizeof(path->sun_path)) {
        snprintf(reason, cap, "the path \"%s\" is longer than %zu bytes", equals + 1,
                 sizeof(path->sun_path) - 1);
        return NET_MISUSE;
    }
    snprintf(path->sun_path, sizeof(path->sun_path), "%s", equals + 1);
    return NET_OK;
}

static void stream_close(struct link *link)
{
    struct stream *stream = as_stream(link);
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    if (stream->listener_fd >= 0) {
        close(stream->listener_fd);
        remove_own_path(stream);
    }
    if (stream->kick_fd >= 0) {
        close(stream->kick_fd);
    }
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

static enum net_outcome stream_open(const struct link_config *config, struct link **out,
                                    char *reason, size_t cap)
{
    *out = NULL;
    bool is_listener = false;
    struct sockaddr_un path;
    enum net_outcome outcome = parse_target(config->target, &is_listener, &path, reason, cap);
    if (outcome != NET_OK) {
        return outcome;
    }
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NET_NO_MEMORY;
    }
    stream->link.ops = &link_stream;
    stream->link.frames_fd = -1;
    stream->path = path;
    stream->fd = -1;
    stream->listener_fd = -1;
    stream->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&stream->lock, NULL);
    if (stream->kick_fd < 0) {
        snprintf(reason, cap, "cannot make an eventfd: %s", strerror(errno));
        outcome = NET_FAILED;
    } else {
        outcome =
            is_listener ? open_listen(stream, reason, cap) : open_connect(stream, reason, cap);
    }
    if (outcome != NET_OK) {
        stream_close(&stream->link);
        return outcome;
    }
    *out = &stream->link;
    return NET_OK;
}

/* ---- The peer ----------------------------------------------------------------------------------
 */

/* fd -1: the peer has left. */
static void set_peer(struct stream *stream, int fd)
{
    pthread_mutex_lock(&stream->lock);
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    stream->fd = fd;
    stream->unsent_start = 0;
    stream->unsent_end = 0;
    pthread_mutex_unlock(&stream->lock);
    stream->reader.start = 0;
    stream->reader.end = 0;
}

static void accept_peer(struct stream *stream)
{
    int fd = accept4(stream->listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        set_peer(stream, fd);
    }
}

/* Sends what waits; under the lock. */
static void flush_unsent(struct stream *stream)
{
    size_t len = stream->unsent_end - stream->unsent_start;
    if (stream->fd < 0 || len == 0) {
        return;
    }
    ssize_t sent = send(stream->fd, stream->unsent + stream->unsent_start, len, MSG_NOSIGNAL);
    if (sent > 0) {
        stream->unsent_start += (size_t)sent;
    }
    if (stream->unsent_start == stream->unsent_end) {
        stream->unsent_start = 0;
        stream->unsent_end = 0;
    }
}

/* Keeps bytes for later; under the lock. False, with nothing kept, if there is no room. */
static bool keep_unsent(struct stream *stream, const uint8_t *bytes, size_t len)
{
    size_t kept_len = stream->unsent_end - stream->unsent_start;
    if (len > UNSENT_MAX - kept_len) {
        return false;
    }
    if (len > UNSENT_MAX - stream->unsent_end) {
        memmove(stream->unsent, stream->unsent + stream->unsent_start, kept_len);
        stream->unsent_start = 0;
        stream->unsent_end = kept_len;
    }
    memcpy(stream->unsent + stream->unsent_end, bytes, len);
    stream->unsent_end += len;
    if (kept_len == 0) {
        (void)eventfd_write(stream->kick_fd, 1);
    }
    return true;
}

static bool is_gone(ssize_t sent)
{
    return sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
}

/* Sends header and frame, or keeps what does not go out now; under the lock. A frame is sent whole
 * or not at all: half of one would ruin the stream. */
static bool send_frame(struct stream *stream, const uint8_t *header, const uint8_t *frame,
                       size_t len)
{
    flush_unsent(stream);
    size_t sent_len = 0;
    if (stream->unsent_end == 0) {
        struct iovec parts[2] = {{(void *)(uintptr_t)header, STREAM_HEADER_LEN},
                                 {(void *)(uintptr_t)frame, len}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL);
        if (is_gone(sent)) {
            return false;
        }
        sent_len = sent < 0 ? 0 : (size_t)sent;
    } else if (STREAM_HEADER_LEN + len > UNSENT_MAX - (stream->unsent_end - stream->unsent_start)) {
        return false;
    }
    if (sent_len < STREAM_HEADER_LEN) {
        (void)keep_unsent(stream, header + sent_len, STREAM_HEADER_LEN - sent_len);
        sent_len = STREAM_HEADER_LEN;
    }
    size_t frame_sent_len = sent_len - STREAM_HEADER_LEN;
    return frame_sent_len == len ||
           keep_unsent(stream, frame + frame_sent_len, len - frame_sent_len);
}

static bool stream_send(struct link *link, const uint8_t *frame, size_t len)
{
    struct stream *stream = as_stream(link);
    uint8_t header[STREAM_HEADER_LEN];
    stream_write_header(header, len);
    pthread_mutex_lock(&stream->lock);
    bool sent = stream->fd >= 0 && send_frame(stream, header, frame, len);
    pthread_mutex_unlock(&stream->lock);
    return sent;
}

/* ---- The receive thread ------------------------------------------------------------------------
 */

static short peer_events(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool has_unsent = stream->unsent_end > 0;
    pthread_mutex_unlock(&stream->lock);
    return has_unsent ? POLLIN | POLLOUT : POLLIN;
}

static size_t stream_prepare(struct link *link, struct pollfd *fds, int *timeout_ms)
{
    struct stream *stream = as_stream(link);
    fds[0] = (struct pollfd){.fd = stream->kick_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = stream->fd, .events = peer_events(stream)};
    /* A second peer waits in the queue until the first has left. */
    fds[2] = (struct pollfd){.fd = stream->fd < 0 ? stream->listener_fd : -1, .events = POLLIN};
    if (stream->fd < 0 && stream->listener_fd < 0) {
        *timeout_ms = RECONNECT_MS;
    }
    return 3;
}

static void stream_service(struct link *link, const struct pollfd *fds, size_t count)
{
    struct stream *stream = as_stream(link);
    (void)count;
    if (fds[0].revents != 0) {
        eventfd_t ignored;
        (void)eventfd_read(stream->kick_fd, &ignored);
    }
    if ((fds[1].revents & POLLOUT) != 0) {
        pthread_mutex_lock(&stream->lock);
        flush_unsent(stream);
        pthread_mutex_unlock(&stream->lock);
    }
    if (fds[2].revents != 0) {
        accept_peer(stream);
    } else if (stream->fd < 0 && stream->listener_fd < 0) {
        set_peer(stream, connect_path(&stream->path));
    }
}

/* Reads more of the stream. False: there is nothing now, or the peer has left. */
static bool read_more(struct stream *stream)
{
    size_t room = 0;
    uint8_t *space = stream_reader_space(&stream->reader, &room);
    ssize_t got = recv(stream->fd, space, room, 0);
    if (got > 0) {
        stream_reader_add(&stream->reader, (size_t)got);
        return true;
    }
    if (got == 0 || is_gone(got)) {
        set_peer(stream, -1);
    }
    return false;
}

static bool stream_receive(struct link *link, uint8_t *buf, size_t *len, bool *is_checked)
{
    struct stream *stream = as_stream(link);
    *is_checked = false;
    while (stream->fd >= 0) {
        const uint8_t *frame = NULL;
        switch (stream_reader_take(&stream->reader, &frame, len)) {
        case STREAM_FRAME_OK:
            memcpy(buf, frame, *len);
            return true;
        case STREAM_FRAME_BAD:
            log_event(LOG_LEVEL_WARN, "net", "stream_error",
                      "text=\"the peer does not speak the stream format: disconnected\"");
            set_peer(stream, -1);
            return false;
        case STREAM_FRAME_NONE:
            break;
        }
        if (!read_more(stream)) {
            return false;
        }
    }
    return false;
}

/* Without a peer, a listening side is an empty segment, not a broken one. */
static bool stream_is_up(struct link *link, const char **reason)
{
    *reason = "peer_left";
    return as_stream(link)->listener_fd >= 0 || as_stream(link)->fd >= 0;
}

const struct link_ops link_stream = {
    .name = "stream",
    .open = stream_open,
    .prepare = stream_prepare,
    .service = stream_service,
    .receive = stream_receive,
    .send = stream_send,
    .is_up = stream_is_up,
    .close = stream_close,
};
