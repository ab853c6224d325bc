/* What the peers written in C share: options of the form name=value, and sockets. */
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *peer_option(char *const *words, const char *name, const char *fallback)
{
    size_t len = strlen(name);
    for (; *words != NULL; words++) {
        if (strncmp(*words, name, len) == 0 && (*words)[len] == '=') {
            return *words + len + 1;
        }
    }
    return fallback;
}

_Noreturn void peer_fail(const char *text, const char *reason)
{
    fprintf(stderr, "error: %s: %s\n", text, reason);
    exit(1);
}

static struct sockaddr_in address_of(const char *ip, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) {
        peer_fail("no IPv4 address", ip);
    }
    return address;
}

static int make_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        peer_fail("socket", "refused");
    }
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

int peer_listen(const char *port)
{
    int fd = make_socket();
    struct sockaddr_in address = address_of("0.0.0.0", port);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 8) != 0) {
        peer_fail("cannot listen", port);
    }
    return fd;
}

int peer_connect(const char *address_text)
{
    const char *colon = strchr(address_text, ':');
    if (colon == NULL) {
        peer_fail("no IP:PORT", address_text);
    }
    char ip[INET_ADDRSTRLEN] = "";
    snprintf(ip, sizeof(ip), "%.*s", (int)(colon - address_text), address_text);
    struct sockaddr_in address = address_of(ip, colon + 1);
    int fd = make_socket();
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        peer_fail("cannot connect", address_text);
    }
    return fd;
}

int peer_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        peer_fail("accept", "refused");
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

bool peer_wait(int a_fd, int b_fd, int write_fd)
{
    struct pollfd fds[] = {{.fd = a_fd, .events = POLLIN},
                           {.fd = b_fd, .events = POLLIN},
                           {.fd = write_fd, .events = POLLOUT}};
    if (poll(fds, 3, -1) < 0) {
        peer_fail("poll", "refused");
    }
    return fds[0].revents != 0;
}

void peer_set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void peer_put(const char *data, int len)
{
    while (len > 0) {
        ssize_t count = write(STDOUT_FILENO, data, (size_t)len);
        if (count <= 0) {
            peer_fail("standard output", "closed");
        }
        data += count;
        len -= (int)count;
    }
}
