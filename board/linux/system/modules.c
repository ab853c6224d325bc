/* Loads the kernel modules that the image brings along. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock_port.h"
#include "log_port.h"
#include "module_list.h"
#include "parts.h"

/* Longest list, in bytes. */
#define LIST_MAX 16384

/* EEXIST: built into this kernel, or loaded already. */
static bool load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool loaded = syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST;
    int load_errno = errno;
    (void)close(fd);
    errno = load_errno;
    return loaded;
}

static void log_failed(const char *path, int error)
{
    char quoted_path[128], quoted_reason[96];
    log_event(LOG_LEVEL_WARN, "system", "module_failed", "path=%s reason=%s",
              log_quote(quoted_path, sizeof(quoted_path), path),
              log_quote(quoted_reason, sizeof(quoted_reason), strerror(error)));
}

void system_load_modules(const char *list_path)
{
    static char list[LIST_MAX];
    uint64_t start_us = clock_now_us();
    unsigned loaded = 0, failed = 0;
    (void)system_read_text(list_path, list, sizeof(list));
    char *cursor = list;
    for (char *path = module_list_next(&cursor); path != NULL; path = module_list_next(&cursor)) {
        if (load(path)) {
            loaded++;
        } else {
            failed++;
            log_failed(path, errno);
        }
    }
    log_event(LOG_LEVEL_INFO, "system", "modules", "loaded=%u failed=%u ms=%llu", loaded, failed,
              (unsigned long long)((clock_now_us() - start_us) / 1000));
}
