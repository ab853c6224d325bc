/* Enters the sandbox in a child process for each thing to try, and prints what became of the child.
 * An ordinary program, and the /init of an emulated board. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log_port.h"
#include "sandbox.h"

void log_event(enum log_level level, const char *module, const char *event, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list values;
    (void)level;
    (void)module;
    va_start(values, format);
    (void)vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    (void)dprintf(STDOUT_FILENO, "%s %s\n", event, text);
}

/* ---- What is tried: each returns true if it could be done ------------------------------------ */

static void *count_up(void *arg)
{
    ++*(int *)arg;
    return NULL;
}

static bool ordinary_work(void)
{
    int count = 0;
    pthread_t thread;
    void *memory = malloc(1 << 20);
    bool started = pthread_create(&thread, NULL, count_up, &count) == 0;
    if (started) {
        (void)pthread_join(thread, NULL);
    }
    free(memory);
    return started && count == 1 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool open_file(void)
{
    return open("/", O_RDONLY) >= 0;
}

static bool execute(void)
{
    char path[] = "/init";
    char *argv[] = {path, NULL};
    return execve(path, argv, argv + 1) == 0;
}

static bool internet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool fork_process(void)
{
    return fork() >= 0;
}

static bool trace_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool kill_parent(void)
{
    return kill(getppid(), 0) == 0;
}

static bool take_root_back(void)
{
    return syscall(SYS_setuid, 0) == 0;
}

static bool end_machine(void)
{
    return reboot(RB_DISABLE_CAD) == 0;
}

static bool set_clock(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_REALTIME, &now) == 0 && clock_settime(CLOCK_REALTIME, &now) == 0;
}

static const struct probe {
    const char *name;
    bool (*attempt)(void);
    bool keep_clock; /* tried only where we are the whole system */
} probes[] = {
    {"ordinary_work", ordinary_work, false},
    {"open_file", open_file, false},
    {"execute", execute, false},
    {"internet_socket", internet_socket, false},
    {"fork_process", fork_process, false},
    {"trace_parent", trace_parent, false},
    {"kill_parent", kill_parent, false},
    {"take_root_back", take_root_back, false},
    {"end_machine", end_machine, false},
    {"set_clock", set_clock, false},
    {"set_clock_kept", set_clock, true},
};

static _Noreturn void run_child(const struct probe *probe)
{
    struct sandbox_plan plan = {.mode = SANDBOX_ON, .keep_clock = probe->keep_clock};
    if (!sandbox_enter(&plan)) {
        _exit(78);
    }
    _exit(probe->attempt() ? 0 : 1);
}

static void run_probe(const struct probe *probe)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        run_child(probe);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        (void)dprintf(STDOUT_FILENO, "probe %s error=%d\n", probe->name, errno);
        return;
    }
    (void)dprintf(STDOUT_FILENO, "probe %s exit=%d signal=%d\n", probe->name,
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                  WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        if (!probes[i].keep_clock || getpid() == 1) {
            run_probe(&probes[i]);
        }
    }
    (void)dprintf(STDOUT_FILENO, "probes done\n");
    if (getpid() == 1) {
        (void)reboot(RB_POWER_OFF);
    }
    return 0;
}
