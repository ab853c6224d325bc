/* The system calls that the firmware needs once its netif is open, on all architectures. No open,
 * no exec, no new socket but that of a stream: netif that connects again. */
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sandbox_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct sandbox_call sandbox_calls[] = {
    /* Frames in and out, waiting for them, the console. */
    {CALL_ANY, SYS_ppoll, 0},
    {CALL_ANY, SYS_epoll_pwait, 0},
    {CALL_ANY, SYS_read, 0},
    {CALL_ANY, SYS_write, 0},
    {CALL_ANY, SYS_readv, 0},
    {CALL_ANY, SYS_writev, 0},
    {CALL_ANY, SYS_sendto, 0},
    {CALL_ANY, SYS_recvfrom, 0},
    {CALL_ANY, SYS_sendmsg, 0},
    {CALL_ANY, SYS_recvmsg, 0},
    {CALL_ANY, SYS_futex, 0},
    /* Time and random numbers. */
    {CALL_ANY, SYS_clock_gettime, 0},
    {CALL_ANY, SYS_clock_nanosleep, 0},
    {CALL_ANY, SYS_nanosleep, 0},
    {CALL_ANY, SYS_gettimeofday, 0},
    {CALL_ANY, SYS_getrandom, 0},
    /* Memory. */
    {CALL_ANY, SYS_brk, 0},
    {CALL_ANY, SYS_mmap, 0},
    {CALL_ANY, SYS_munmap, 0},
    {CALL_ANY, SYS_mremap, 0},
    {CALL_ANY, SYS_mprotect, 0},
    {CALL_ANY, SYS_madvise, 0},
    /* Threads of our own, signals, the end. */
    {CALL_FIRST_HAS, SYS_clone, CLONE_THREAD | CLONE_VM},
    {CALL_FIRST_IS, SYS_prctl, PR_SET_NAME},
    {CALL_ANY, SYS_set_robust_list, 0},
    {CALL_ANY, SYS_rseq, 0},
    {CALL_ANY, SYS_sched_yield, 0},
    {CALL_ANY, SYS_sched_getaffinity, 0},
    {CALL_ANY, SYS_rt_sigprocmask, 0},
    {CALL_ANY, SYS_rt_sigaction, 0},
    {CALL_ANY, SYS_rt_sigreturn, 0},
    {CALL_ANY, SYS_restart_syscall, 0},
    {CALL_ANY, SYS_getpid, 0},
    {CALL_ANY, SYS_gettid, 0},
    {CALL_ANY, SYS_tgkill, 0}, /* abort */
    {CALL_ANY, SYS_exit, 0},
    {CALL_ANY, SYS_exit_group, 0},
    /* Descriptors that are open already, and the peer of a stream: netif. */
    {CALL_ANY, SYS_close, 0},
    {CALL_ANY, SYS_fcntl, 0},
    {CALL_ANY, SYS_ioctl, 0}, /* the watchdog, the terminal, the link's state */
    {CALL_ANY, SYS_lseek, 0},
    {CALL_ANY, SYS_newfstatat, 0}, /* standard output, when it is first used */
    {CALL_ANY, SYS_fstat, 0},
    {CALL_ANY, SYS_eventfd2, 0},
    {CALL_FIRST_IS, SYS_socket, AF_UNIX},
    {CALL_ANY, SYS_connect, 0},
    {CALL_ANY, SYS_bind, 0}, /* packet: to an interface that was plugged in anew */
    {CALL_ANY, SYS_accept4, 0},
    {CALL_ANY, SYS_getsockopt, 0},
    {CALL_ANY, SYS_setsockopt, 0},
    {CALL_ANY, SYS_shutdown, 0},
    {CALL_ANY, SYS_unlinkat, 0},
};
const size_t sandbox_call_count = COUNT(sandbox_calls);

const struct sandbox_call sandbox_clock_calls[] = {
    {CALL_ANY, SYS_clock_settime, 0},
    {CALL_ANY, SYS_settimeofday, 0},
};
const size_t sandbox_clock_call_count = COUNT(sandbox_clock_calls);
