/* Entropy of Linux boards: getrandom(2), which blocks until the kernel's generator is seeded. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "entropy_port.h"

bool entropy_fill(uint8_t *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = getrandom(buf + done, len - done, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            explicit_bzero(buf, len);
            return false;
        }
        done += (size_t)got;
    }
    return true;
}
