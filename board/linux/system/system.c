/* The firmware as the whole system: start and end, step by step. */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../clock_start.h"
#include "clock_port.h"
#include "kernel_option.h"
#include "log_port.h"
#include "parts.h"
#include "wall_clock.h"

#define INIT_NAME "/init"
#define MODULE_LIST_PATH "/modules.list"

/* How long to wait, in ms: for a card to be recognized, a USB network chip to appear and the
 * random numbers to be seeded on the slowest board. The first two can be set on the kernel's
 * command line: tls_echo.card_wait_ms=, tls_echo.interface_wait_ms=. */
#define CARD_WAIT_MS 5000
#define INTERFACE_WAIT_MS 30000
#define RANDOMNESS_WAIT_MS 60000
#define WAIT_MAX_MS 600000

/* What the kernel does after a panic; 0: it stands still. */
#define PANIC_PATH "/proc/sys/kernel/panic"

/* Settings of the kernel (kernel: Documentation/admin-guide/sysctl/kernel.rst). */
static const struct {
    const char *path, *value;
} kernel_settings[] = {
    {"/proc/sys/kernel/panic_on_oops", "1"}, /* a driver that crashed ends in a panic ... */
    {PANIC_PATH, "5"},                       /* ... and a panic restarts the board, in seconds */
    {"/proc/sys/kernel/sysrq", "0"},         /* line noise is no command to the kernel */
    {"/proc/sys/kernel/kexec_load_disabled", "1"},
};

/* Once set, no more modules can be loaded. */
#define MODULES_DISABLED_PATH "/proc/sys/kernel/modules_disabled"

static struct {
    char command_line[2048];
    char first_interface[SYSTEM_INTERFACE_NAME_MAX]; /* the first that is there */
} state;

bool system_is_whole(const char *program)
{
    return getpid() == 1 && strcmp(program, INIT_NAME) == 0;
}

/* ---- Steps of the start */

/* Where they belong, in the order they are mounted; the first one has the console. */
static const struct {
    const char *type, *path;
} file_systems[] = {{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}};

static void mount_file_systems(void)
{
    for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
        bool mounted = system_mount(file_systems[i].type, file_systems[i].path);
        int mount_errno = errno;
        if (i == 0) {
            system_open_console();
        }
        char quoted[96];
        if (!mounted) {
            log_event(LOG_LEVEL_ERROR, "system", "mount_failed", "path=%s reason=%s",
                      file_systems[i].path,
                      log_quote(quoted, sizeof(quoted), strerror(mount_errno)));
        }
    }
}

static void log_kernel(void)
{
    struct utsname name = {.release = "unknown"};
    char model[128], quoted_release[96], quoted_model[160];
    (void)uname(&name);
    if (system_read_text("/sys/firmware/devicetree/base/model", model, sizeof(model)) == 0) {
        (void)snprintf(model, sizeof(model), "unknown");
    }
    log_event(LOG_LEVEL_INFO, "system", "kernel", "release=%s model=%s",
              log_quote(quoted_release, sizeof(quoted_release), name.release),
              log_quote(quoted_model, sizeof(quoted_model), model));
}

/* True if the kernel's command line says when to restart. */
static bool is_panic_set(const char *path)
{
    char value[16];
    return strcmp(path, PANIC_PATH) == 0 && system_read_text(path, value, sizeof(value)) > 0 &&
           strcmp(value, "0") != 0;
}

static void set_kernel(const char *path, const char *value)
{
    if (!system_write_text(path, value)) {
        log_event(LOG_LEVEL_WARN, "system", "setting_failed", "path=%s error=%d", path, errno);
    }
}

static void apply_kernel_settings(void)
{
    for (size_t i = 0; i < sizeof(kernel_settings) / sizeof(kernel_settings[0]); i++) {
        if (!is_panic_set(kernel_settings[i].path)) {
            set_kernel(kernel_settings[i].path, kernel_settings[i].value);
        }
    }
}

static uint64_t deadline_us(const char *option, uint32_t otherwise_ms)
{
    uint32_t wait_ms = kernel_option_number(state.command_line, option, WAIT_MAX_MS, otherwise_ms);
    return clock_now_us() + (uint64_t)wait_ms * 1000;
}

/* Notes an interface that comes, maybe while something else is waited for. */
static void note_interface(const struct uevent *event)
{
    bool is_wired = strcmp(event->subsystem, "net") == 0 && event->interface != NULL &&
                    event->type == NULL && system_is_ethernet(event->interface);
    if (is_wired && !system_is_ethernet(state.first_interface)) {
        (void)snprintf(state.first_interface, sizeof(state.first_interface), "%s",
                       event->interface);
    }
}

static bool is_card(const struct uevent *event, struct system_files *files)
{
    return strcmp(event->subsystem, "block") == 0 && event->device != NULL &&
           system_try_card(event->device, files);
}

static void find_card(struct system_files *files)
{
    struct uevent event;
    uint64_t start_us = clock_now_us();
    uint64_t end_us = deadline_us("card_wait_ms", CARD_WAIT_MS);
    while (system_next_device(&event, end_us)) {
        note_interface(&event);
        if (is_card(&event, files)) {
            return;
        }
    }
    log_event(LOG_LEVEL_WARN, "system", "card_missing",
              "ms=%llu reason=\"no FAT partition with tls-echo.conf: the defaults are used\"",
              (unsigned long long)((clock_now_us() - start_us) / 1000));
}

bool system_start(struct system_files *files)
{
    *files = (struct system_files){.config = NULL};
    clock_start_at_boot();
    wall_clock_own_system();
    mount_file_systems();
    log_kernel();
    apply_kernel_settings();
    system_silence_kernel_ip();
    system_open_kernel_log();
    (void)system_read_text("/proc/cmdline", state.command_line, sizeof(state.command_line));
    system_load_modules(MODULE_LIST_PATH);
    set_kernel(MODULES_DISABLED_PATH, "1");
    if (!system_wait_randomness(RANDOMNESS_WAIT_MS)) {
        return false;
    }
    if (system_open_devices()) {
        find_card(files);
    }
    return true;
}

/* ---- The interface */

/* The interface asked for, or the first one; NULL: it has not come yet, or has gone again. */
static const char *find_interface(const char *name)
{
    const char *found = name != NULL ? name : state.first_interface;
    return system_is_ethernet(found) ? found : NULL;
}

/* An adapter on the USB has a name before it is ready: tries again at all news until end_us. NULL:
 * errno says why. */
static const char *bring_one_up(const char *name, uint64_t end_us)
{
    struct uevent event;
    for (;;) {
        errno = ENODEV;
        const char *found = find_interface(name);
        if (found != NULL && system_bring_up(found)) {
            return found;
        }
        int error = errno;
        if (!system_next_device(&event, end_us)) {
            errno = error;
            return NULL;
        }
        note_interface(&event);
    }
}

bool system_start_interface(const char *name, char out[SYSTEM_INTERFACE_NAME_MAX])
{
    uint64_t start_us = clock_now_us();
    const char *found = bring_one_up(name, deadline_us("interface_wait_ms", INTERFACE_WAIT_MS));
    if (found != NULL) {
        (void)snprintf(out, SYSTEM_INTERFACE_NAME_MAX, "%s", found);
        return true;
    }
    char quoted_name[64], quoted_reason[96];
    const char *reason = errno == ENODEV ? "there is none" : strerror(errno);
    log_event(LOG_LEVEL_ERROR, "system", "interface_missing", "name=%s ms=%llu reason=%s",
              log_quote(quoted_name, sizeof(quoted_name), name != NULL ? name : "any"),
              (unsigned long long)((clock_now_us() - start_us) / 1000),
              log_quote(quoted_reason, sizeof(quoted_reason), reason));
    return false;
}

/* ---- The end */

static const struct {
    const char *name;
    unsigned command;
} ends[] = {
    [SYSTEM_POWER_OFF] = {"poweroff", RB_POWER_OFF},
    [SYSTEM_REBOOT] = {"reboot", RB_AUTOBOOT},
    [SYSTEM_HALT] = {"halt", RB_HALT_SYSTEM},
};

static void wait_s(unsigned delay_s)
{
    struct timespec left = {.tv_sec = (time_t)delay_s};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

_Noreturn void system_end(enum system_end end, unsigned delay_s)
{
    log_event(LOG_LEVEL_INFO, "system", "end", "action=%s delay_s=%u", ends[end].name, delay_s);
    wait_s(delay_s);
    system_drain_console();
    (void)reboot((int)ends[end].command);
    /* Refused. Once the first process ends, the kernel panics, and restarts the board. */
    log_event(LOG_LEVEL_ERROR, "system", "end_failed", "error=%d", errno);
    system_drain_console();
    _exit(1);
}
