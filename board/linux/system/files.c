/* File systems and the kernel's small files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"

bool system_mount(const char *type, const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return false;
    }
    /* EBUSY: the kernel was told to mount it (devtmpfs.mount=1). */
    return mount(type, path, type, MS_NOSUID | MS_NOEXEC, NULL) == 0 || errno == EBUSY;
}

size_t system_read_text(const char *path, char *out, size_t cap)
{
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got;
    do {
        got = read(fd, out, cap - 1);
    } while (got < 0 && errno == EINTR);
    (void)close(fd);
    size_t len = got > 0 ? (size_t)got : 0;
    while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\0')) {
        len--;
    }
    out[len] = '\0';
    return len;
}

bool system_write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t len = strlen(text);
    ssize_t put;
    do {
        put = write(fd, text, len);
    } while (put < 0 && errno == EINTR);
    int write_errno = errno;
    (void)close(fd);
    errno = write_errno;
    return put == (ssize_t)len;
}
