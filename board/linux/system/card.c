/* The card: the block device with a FAT file system that has tls-echo.conf in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log_port.h"
#include "parts.h"

#define CARD_PATH "/card"
#define CONFIG_PATH CARD_PATH "/tls-echo.conf"
#define BLOB_PATH CARD_PATH "/certs/blob.bin"

static bool mount_card(const char *device)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/dev/%s", device);
    (void)mkdir(CARD_PATH, 0755);
    /* MS_SILENT: that other disks are no FAT is no news. */
    unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SILENT;
    return mount(path, CARD_PATH, "vfat", flags, NULL) == 0;
}

/* EINVAL: no FAT. All else may be the card, and unreadable. */
static bool skip(const char *device, int error)
{
    char quoted_device[64], quoted_reason[96];
    const char *reason = error == EINVAL   ? "no FAT file system"
                         : error == ENOENT ? "no tls-echo.conf"
                                           : strerror(error);
    bool harmless = error == EINVAL || error == ENOENT;
    log_event(harmless ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "system", "card_skipped",
              "device=%s reason=%s", log_quote(quoted_device, sizeof(quoted_device), device),
              log_quote(quoted_reason, sizeof(quoted_reason), reason));
    return false;
}

bool system_try_card(const char *device, struct system_files *files)
{
    if (!mount_card(device)) {
        return skip(device, errno);
    }
    if (access(CONFIG_PATH, F_OK) != 0) {
        int error = errno;
        (void)umount(CARD_PATH);
        return skip(device, error);
    }
    bool has_blob = access(BLOB_PATH, F_OK) == 0 || errno != ENOENT;
    *files = (struct system_files){.config = CONFIG_PATH, .blob = has_blob ? BLOB_PATH : NULL};
    char quoted[64];
    log_event(LOG_LEVEL_INFO, "system", "card", "device=%s config=tls-echo.conf blob=%s",
              log_quote(quoted, sizeof(quoted), device), has_blob ? "certs/blob.bin" : "none");
    return true;
}
