/* The id of Linux boards: the machine id, else the serial number in the device tree. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "board_id.h"

static const char *const id_paths[] = {
    "/etc/machine-id",
    "/sys/firmware/devicetree/base/serial-number",
};

static size_t read_id(const char *path, uint8_t *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got;
    do {
        got = read(fd, out, cap);
    } while (got < 0 && errno == EINTR);
    (void)close(fd);
    if (got <= 0) {
        return 0;
    }
    /* A file may end in a line end or a zero byte, which are not part of the id. */
    size_t len = (size_t)got;
    while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\0')) {
        len--;
    }
    return len;
}

size_t board_id_read(uint8_t *out, size_t cap)
{
    for (size_t i = 0; i < sizeof(id_paths) / sizeof(id_paths[0]); i++) {
        size_t len = read_id(id_paths[i], out, cap);
        if (len > 0) {
            return len;
        }
    }
    return 0;
}
