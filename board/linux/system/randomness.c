/* Waits for the kernel's random numbers: a board without a device for them has few events to make
 * them from, so early in its life there may be none yet. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "clock_port.h"
#include "log_port.h"
#include "parts.h"

/* Readable once the generator is seeded (random(4)). */
#define RANDOM_PATH "/dev/random"

bool system_wait_randomness(unsigned timeout_ms)
{
    uint64_t start_us = clock_now_us();
    struct pollfd item = {.fd = open(RANDOM_PATH, O_RDONLY | O_CLOEXEC), .events = POLLIN};
    int ready = 0;
    if (item.fd >= 0) {
        do {
            ready = poll(&item, 1, (int)timeout_ms);
        } while (ready < 0 && errno == EINTR);
        (void)close(item.fd);
    }
    bool seeded = ready > 0 && (item.revents & POLLIN) != 0;
    log_event(seeded ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "system", "randomness",
              "seeded=%d ms=%llu", seeded,
              (unsigned long long)((clock_now_us() - start_us) / 1000));
    return seeded;
}
