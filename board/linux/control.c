/* Requests to the loop on Linux boards: SIGTERM and SIGINT ask to stop; a thread reads lines, or
 * bytes, from standard input.
 *
 * A signal handler gets no argument, so what it needs is in static variables; there is one of
 * everything in a process anyway. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control_port.h"

/* Longest line taken from the input, in bytes; the port's caller may want less. */
#define LINE_MAX_LEN 65536

/* After each portion of bytes the reader rests: 256 bytes in 10 ms are more than twice what a UART
 * of 115200 baud brings, and little work for the loop. */
#define INPUT_REST_MS 10

static const int stop_signals[] = {SIGTERM, SIGINT};
#define STOP_SIGNAL_COUNT (sizeof(stop_signals) / sizeof(stop_signals[0]))

static struct {
    _Atomic(void (*)(struct net *net)) wake; /* NULL: nobody to wake; net is set before it */
    struct net *net;
    struct sigaction before[STOP_SIGNAL_COUNT];
    bool open;
} control;

static atomic_uint stop_count;
static atomic_bool restart_is_requested;

static void wake_loop(void)
{
    void (*wake)(struct net *net) = atomic_load(&control.wake);
    if (wake != NULL) {
        wake(control.net);
    }
}

/* ---- Signals */

static void count_stop(int signal_number)
{
    (void)signal_number;
    int errno_before = errno;
    atomic_fetch_add(&stop_count, 1);
    wake_loop();
    errno = errno_before;
}

static void restore_signals(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)sigaction(stop_signals[i], &control.before[i], NULL);
    }
}

bool control_open(void)
{
    struct sigaction action = {.sa_handler = count_stop, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++) {
        if (sigaction(stop_signals[i], &action, &control.before[i]) != 0) {
            restore_signals(i);
            return false;
        }
    }
    control.open = true;
    return true;
}

void control_attach(void (*wake)(struct net *net), struct net *net)
{
    control.net = net;
    atomic_store(&control.wake, wake);
}

unsigned control_stop_count(void)
{
    return atomic_load(&stop_count);
}

void control_request_stop(void)
{
    atomic_fetch_add(&stop_count, 1);
}

void control_request_restart(void)
{
    atomic_store(&restart_is_requested, true);
    control_request_stop();
}

bool control_restart_is_requested(void)
{
    return atomic_load(&restart_is_requested);
}

/* ---- The mailbox */

/* Between the reader and the loop: one line, or portion of bytes, at a time, so that input is read
 * no faster than it is taken. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    enum control_line kind; /* NONE: empty; END stays */
    size_t len;
    bool is_bytes; /* not lines */
    bool quit;
    bool running;
    int quit_fd;
    pthread_t reader;
    char line[LINE_MAX_LEN];
} lines = {.lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER};

/* Waits for the mailbox to be empty; false: asked to quit. Holds the lock on true. */
static bool lock_empty_mailbox(void)
{
    (void)pthread_mutex_lock(&lines.lock);
    while (lines.kind != CONTROL_LINE_NONE && !lines.quit) {
        (void)pthread_cond_wait(&lines.taken, &lines.lock);
    }
    if (!lines.quit) {
        return true;
    }
    (void)pthread_mutex_unlock(&lines.lock);
    return false;
}

static bool post(enum control_line kind)
{
    if (!lock_empty_mailbox()) {
        return false;
    }
    lines.kind = kind;
    (void)pthread_mutex_unlock(&lines.lock);
    wake_loop();
    return true;
}

/* ---- Reading */

/* Waits for input, and reads at most cap bytes of it. False: it has ended or failed, or we shall
 * quit; true with *len 0: nothing came, ask again. */
static bool read_input(char *buf, size_t cap, size_t *len)
{
    struct pollfd items[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = lines.quit_fd, .events = POLLIN}};
    *len = 0;
    if (poll(items, 2, -1) < 0) {
        return errno == EINTR;
    }
    if (items[1].revents != 0) {
        return false;
    }
    if (items[0].revents == 0) {
        return true;
    }
    ssize_t got = read(STDIN_FILENO, buf, cap);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    *len = (size_t)got;
    /* On a terminal an end of input is a character like any other; it lives on until it hangs up.
     */
    bool is_typed_end = got == 0 && lines.is_bytes && (items[0].revents & POLLHUP) == 0 &&
                        isatty(STDIN_FILENO) != 0;
    return got > 0 || is_typed_end;
}

/* ---- Lines */

/* Bytes read but not yet made into lines, and what is known of the line begun. */
struct reader {
    char chunk[4096];
    size_t start, end;
    bool too_long;
    bool begun;
};

/* Reads the next chunk. False: the input ended or failed, or we shall quit. */
static bool fill_chunk(struct reader *reader)
{
    reader->start = reader->end = 0;
    while (reader->end == 0) {
        if (!read_input(reader->chunk, sizeof(reader->chunk), &reader->end)) {
            return false;
        }
    }
    return true;
}

/* Appends the chunk up to its first line end to the line in the mailbox, which belongs to the
 * reader while the mailbox is empty. True: the line is complete. */
static bool take_from_chunk(struct reader *reader)
{
    const char *from = reader->chunk + reader->start;
    size_t available = reader->end - reader->start;
    const char *line_end = memchr(from, '\n', available);
    size_t part = line_end != NULL ? (size_t)(line_end - from) : available;

    reader->begun = true;
    if (part > sizeof(lines.line) - lines.len) {
        reader->too_long = true;
    } else {
        memcpy(lines.line + lines.len, from, part);
        lines.len += part;
    }
    reader->start += part + (line_end != NULL ? 1 : 0);
    return line_end != NULL;
}

/* Begins a line once the one before was taken; false: quit. */
static bool begin_line(struct reader *reader)
{
    if (!lock_empty_mailbox()) {
        return false;
    }
    lines.len = 0;
    (void)pthread_mutex_unlock(&lines.lock);
    reader->too_long = false;
    reader->begun = false;
    return true;
}

/* Collects one line; false when the input ended: reader->begun then tells of a last line without an
 * end. */
static bool collect_line(struct reader *reader)
{
    for (;;) {
        if (reader->start == reader->end && !fill_chunk(reader)) {
            return false;
        }
        if (take_from_chunk(reader)) {
            return true;
        }
    }
}

static void *read_lines(void *unused)
{
    (void)unused;
    struct reader reader = {.start = 0};
    bool more = true;
    while (more && begin_line(&reader)) {
        more = collect_line(&reader);
        if (!more && !reader.begun) {
            break;
        }
        if (!post(reader.too_long ? CONTROL_LINE_TOO_LONG : CONTROL_LINE_OK)) {
            return NULL;
        }
    }
    (void)post(CONTROL_LINE_END);
    return NULL;
}

/* ---- Bytes */

/* False: asked to quit. */
static bool rest(void)
{
    struct pollfd item = {.fd = lines.quit_fd, .events = POLLIN};
    return poll(&item, 1, INPUT_REST_MS) <= 0;
}

static void *read_bytes(void *unused)
{
    (void)unused;
    bool more = true;
    while (more && lock_empty_mailbox()) {
        (void)pthread_mutex_unlock(&lines.lock);
        more = read_input(lines.line, CONTROL_INPUT_MAX, &lines.len);
        if (more && lines.len > 0) {
            more = post(CONTROL_LINE_OK);
        }
        more = more && rest();
    }
    return NULL;
}

bool control_input_is_terminal(void)
{
    return isatty(STDIN_FILENO) != 0;
}

size_t control_take_input(char *out)
{
    size_t len = 0;
    (void)pthread_mutex_lock(&lines.lock);
    if (lines.kind == CONTROL_LINE_OK) {
        len = lines.len;
        memcpy(out, lines.line, len);
        lines.kind = CONTROL_LINE_NONE;
        (void)pthread_cond_signal(&lines.taken);
    }
    (void)pthread_mutex_unlock(&lines.lock);
    return len;
}

/* ---- Start and stop */

/* The reader takes no signals: they are the loop's, and are then handled on one thread alone. */
static bool start_reader(void *(*read_all)(void *))
{
    sigset_t all, before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    bool started = pthread_create(&lines.reader, NULL, read_all, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static bool start_reading(bool is_bytes)
{
    lines.quit = false;
    lines.is_bytes = is_bytes;
    lines.kind = CONTROL_LINE_NONE;
    lines.quit_fd = eventfd(0, EFD_CLOEXEC);
    if (lines.quit_fd < 0) {
        return false;
    }
    lines.running = start_reader(is_bytes ? read_bytes : read_lines);
    if (!lines.running) {
        (void)close(lines.quit_fd);
    }
    return lines.running;
}

bool control_start_lines(void)
{
    return start_reading(false);
}

bool control_start_input(void)
{
    return start_reading(true);
}

enum control_line control_take_line(char *out, size_t cap, size_t *len)
{
    *len = 0;
    (void)pthread_mutex_lock(&lines.lock);
    enum control_line kind = lines.kind;
    if (kind == CONTROL_LINE_OK && lines.len >= cap) {
        kind = CONTROL_LINE_TOO_LONG;
    }
    if (kind == CONTROL_LINE_OK) {
        memcpy(out, lines.line, lines.len);
        *len = lines.len;
    }
    if (cap > 0) {
        out[*len] = '\0';
    }
    if (kind != CONTROL_LINE_END && kind != CONTROL_LINE_NONE) {
        lines.kind = CONTROL_LINE_NONE;
        (void)pthread_cond_signal(&lines.taken);
    }
    (void)pthread_mutex_unlock(&lines.lock);
    return kind;
}

static void stop_reader(void)
{
    if (!lines.running) {
        return;
    }
    (void)pthread_mutex_lock(&lines.lock);
    lines.quit = true;
    (void)pthread_cond_signal(&lines.taken);
    (void)pthread_mutex_unlock(&lines.lock);
    (void)eventfd_write(lines.quit_fd, 1);
    (void)pthread_join(lines.reader, NULL);
    (void)close(lines.quit_fd);
    lines.running = false;
}

/* What was asked for is being done: asked once more, between here and the exit, nothing changes. */
static void ignore_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++) {
        (void)sigaction(stop_signals[i], &ignore, NULL);
    }
}

void control_close(void)
{
    stop_reader();
    if (control.open) {
        ignore_signals();
    }
    control.open = false;
    atomic_store(&control.wake, NULL);
}
