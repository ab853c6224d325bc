/* The firmware's task in a process of its own, and what the first process does meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log_port.h"
#include "parts.h"

/* How often to look where the kernel does not tell of a process's end. */
#define LOOK_AGAIN_MS 1000

static int fail(int error)
{
    char quoted[96];
    log_event(LOG_LEVEL_ERROR, "system", "task_failed", "reason=%s",
              log_quote(quoted, sizeof(quoted), strerror(error)));
    return -1;
}

/* What the task returned; -1: it was ended by a signal. */
static int result_of(int wait_status)
{
    if (WIFEXITED(wait_status)) {
        return WEXITSTATUS(wait_status);
    }
    const char *name = sigabbrev_np(WTERMSIG(wait_status));
    log_event(LOG_LEVEL_ERROR, "system", "crash", "signal=SIG%s", name != NULL ? name : "UNKNOWN");
    return -1;
}

static bool is_named(const struct uevent *event, const char *interface)
{
    return strcmp(event->subsystem, "net") == 0 && event->interface != NULL &&
           strcmp(event->interface, interface) == 0;
}

/* An adapter on the USB that is pulled and plugged in again is a new interface to the kernel: it is
 * down, until somebody brings it up, which may take until its driver is ready. */
static void keep_up(const char *interface, bool *is_down)
{
    struct uevent event;
    while (system_next_device(&event, 0)) {
        *is_down = *is_down || is_named(&event, interface);
        if (*is_down && system_bring_up(interface)) {
            *is_down = false;
        }
    }
}

static int watch(pid_t task, const char *interface)
{
    int wait_status;
    int end_fd = (int)syscall(SYS_pidfd_open, task, 0);
    bool is_down = false;
    pid_t ended;
    while ((ended = waitpid(task, &wait_status, WNOHANG)) == 0) {
        keep_up(interface, &is_down);
        system_wait(end_fd, system_devices_fd(), end_fd >= 0 ? -1 : LOOK_AGAIN_MS);
    }
    int error = errno;
    if (end_fd >= 0) {
        (void)close(end_fd);
    }
    return ended == task ? result_of(wait_status) : fail(error);
}

int system_run_task(int (*task)(void *argument), void *argument, const char *interface)
{
    pid_t pid = fork();
    if (pid < 0) {
        return fail(errno);
    }
    if (pid == 0) {
        system_close_devices();
        system_close_kernel_log();
        exit(task(argument));
    }
    return watch(pid, interface);
}
