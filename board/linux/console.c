/* The console of Linux boards: standard error, be it a terminal, a UART or a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "console.h"

/* How long a console that takes nothing may hold up a line. */
#define CONSOLE_STALL_MS 100

void console_open(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= STDIN_FILENO && fd < STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

static bool wait_for_room(void)
{
    struct pollfd item = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready;
    do {
        ready = poll(&item, 1, CONSOLE_STALL_MS);
    } while (ready < 0 && errno == EINTR);
    return ready > 0 && (item.revents & POLLOUT) != 0;
}

void console_write(const char *text, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t put = write(STDERR_FILENO, text + done, len - done);
        if (put > 0) {
            done += (size_t)put;
        } else if (put < 0 && errno == EINTR) {
            continue;
        } else if (put < 0 && errno != EAGAIN) {
            return;
        } else if (!wait_for_room()) {
            return;
        }
    }
}
