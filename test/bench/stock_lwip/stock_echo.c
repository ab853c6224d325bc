/* bench_stock_lwip: TCP echo without TLS on lwIP as it is released, with its own port to Unix and
 * its own TAP driver, as a peer of the benchmark.
 *
 *   PRECONFIGURED_TAPIF=tap0 bench_stock_lwip ADDR PORT
 *
 * A thread a connection, as its examples do. Serves until it is killed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lwip/netif.h"
#include "lwip/sockets.h"
#include "lwip/sys.h"
#include "lwip/tcpip.h"
#include "netif/tapif.h"

#define BUFFER_LEN 65536

static struct netif netif;
static ip4_addr_t own_ip;
static sys_sem_t is_started;

static void start_netif(void *arg)
{
    ip4_addr_t mask, gateway;
    (void)arg;
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip4_addr_set_zero(&gateway);
    netif_add(&netif, &own_ip, &mask, &gateway, NULL, tapif_init, tcpip_input);
    netif_set_default(&netif);
    netif_set_up(&netif);
    sys_sem_signal(&is_started);
}

static void serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char *buffer = malloc(BUFFER_LEN);
    ssize_t len = 0;
    while (buffer != NULL && (len = lwip_recv(fd, buffer, BUFFER_LEN, 0)) > 0) {
        for (ssize_t sent = 0; sent < len;) {
            ssize_t count = lwip_send(fd, buffer + sent, (size_t)(len - sent), 0);
            sent = count > 0 ? sent + count : len;
        }
    }
    free(buffer);
    lwip_close(fd);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_len = sizeof address,
                                  .sin_family = AF_INET,
                                  .sin_port = lwip_htons(port),
                                  .sin_addr.s_addr = INADDR_ANY};
    int fd = lwip_socket(AF_INET, SOCK_STREAM, 0);
    if (lwip_bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        lwip_listen(fd, 16) != 0) {
        fprintf(stderr, "bench_stock_lwip: cannot listen\n");
        exit(EXIT_FAILURE);
    }
    return fd;
}

int main(int argc, char *argv[])
{
    const int one = 1;
    if (argc != 3 || !ip4addr_aton(argv[1], &own_ip)) {
        fprintf(stderr, "usage: bench_stock_lwip ADDR PORT\n");
        return EXIT_FAILURE;
    }
    sys_sem_new(&is_started, 0);
    tcpip_init(start_netif, NULL);
    sys_arch_sem_wait(&is_started, 0);
    int listener = listen_on((uint16_t)strtoul(argv[2], NULL, 10));
    fprintf(stderr, "listening\n");
    for (;;) {
        int fd = lwip_accept(listener, NULL, NULL);
        if (fd >= 0) {
            (void)lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            sys_thread_new("echo", serve, (void *)(intptr_t)fd, 0, 0);
        }
    }
}
