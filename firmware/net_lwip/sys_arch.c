/* lwIP's operating system layer on POSIX threads and the firmware's own clock. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "clock_port.h"
#include "lwip/opt.h"
#include "lwip/sys.h"
#include "lwip/tcpip.h"
#include "net_lwip.h"

_Static_assert(DEFAULT_TCP_RECVMBOX_SIZE <= SYS_MBOX_CAPACITY, "mailbox too small");
_Static_assert(DEFAULT_ACCEPTMBOX_SIZE <= SYS_MBOX_CAPACITY, "mailbox too small");
_Static_assert(TCPIP_MBOX_SIZE <= SYS_MBOX_CAPACITY, "mailbox too small");

/* ---- Time --------------------------------------------------------------------------------------
 */

u32_t sys_now(void)
{
    return (u32_t)(clock_now_us() / 1000);
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct timespec after_ms(u32_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/* Waits for condition; until NULL: for ever. False when the time is over. */
static bool wait_condition(pthread_cond_t *condition, pthread_mutex_t *lock,
                           const struct timespec *until)
{
    if (until == NULL) {
        return pthread_cond_wait(condition, lock) == 0;
    }
    return pthread_cond_timedwait(condition, lock, until) != ETIMEDOUT;
}

/* ---- Mutexes -----------------------------------------------------------------------------------
 */

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    pthread_mutex_init(&mutex->lock, NULL);
    mutex->valid = true;
    return ERR_OK;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    pthread_mutex_lock(&mutex->lock);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    pthread_mutex_unlock(&mutex->lock);
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    pthread_mutex_destroy(&mutex->lock);
    mutex->valid = false;
}

/* The thread that holds the core lock; 0: none. And how often, under that lock: net_socket.c holds
 * it around calls of lwIP that take it themselves. */
static _Atomic(pthread_t) core_holder;
static unsigned core_depth;

static bool holds_core(void)
{
    return atomic_load_explicit(&core_holder, memory_order_relaxed) == pthread_self();
}

void sys_lock_core(void)
{
    if (!holds_core()) {
        sys_mutex_lock(&lock_tcpip_core);
        atomic_store_explicit(&core_holder, pthread_self(), memory_order_relaxed);
    }
    core_depth++;
}

void sys_unlock_core(void)
{
    if (core_depth == 1) {
        net_output_settle(&net_lwip_instance);
    }
    core_depth--;
    if (core_depth == 0) {
        atomic_store_explicit(&core_holder, 0, memory_order_relaxed);
        sys_mutex_unlock(&lock_tcpip_core);
    }
}

void sys_check_core_locking(void)
{
    /* Before tcpip_init there is one thread and no lock. */
    if (lock_tcpip_core.valid) {
        LWIP_ASSERT("core lock not held", holds_core());
    }
}

/* ---- Short critical regions --------------------------------------------------------------------
 */

/* The core lock serves for these, too: nearly all of them are under it already, and it is
 * recursive, as lwIP demands. Before tcpip_init there is one thread and no lock. */
sys_prot_t sys_arch_protect(void)
{
    if (lock_tcpip_core.valid) {
        sys_lock_core();
    }
    return 0;
}

void sys_arch_unprotect(sys_prot_t previous)
{
    (void)previous;
    if (lock_tcpip_core.valid) {
        sys_unlock_core();
    }
}

/* ---- Semaphores --------------------------------------------------------------------------------
 */

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    pthread_mutex_init(&sem->lock, NULL);
    init_condition(&sem->raised);
    sem->count = count;
    sem->valid = true;
    return ERR_OK;
}

void sys_sem_signal(sys_sem_t *sem)
{
    pthread_mutex_lock(&sem->lock);
    sem->count++;
    pthread_cond_signal(&sem->raised);
    pthread_mutex_unlock(&sem->lock);
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    bool in_time = true;
    pthread_mutex_lock(&sem->lock);
    while (sem->count == 0 && in_time) {
        in_time = wait_condition(&sem->raised, &sem->lock, timeout_ms == 0 ? NULL : &until);
    }
    bool taken = sem->count > 0;
    if (taken) {
        sem->count--;
    }
    pthread_mutex_unlock(&sem->lock);
    return taken ? 0 : SYS_ARCH_TIMEOUT;
}

void sys_sem_free(sys_sem_t *sem)
{
    pthread_cond_destroy(&sem->raised);
    pthread_mutex_destroy(&sem->lock);
    sem->valid = false;
}

/* ---- Mailboxes ---------------------------------------------------------------------------------
 */

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    pthread_mutex_init(&mbox->lock, NULL);
    init_condition(&mbox->not_empty);
    init_condition(&mbox->not_full);
    mbox->size = (unsigned)size;
    mbox->first = 0;
    mbox->count = 0;
    mbox->valid = true;
    return ERR_OK;
}

static void put_message(sys_mbox_t *mbox, void *message)
{
    mbox->messages[(mbox->first + mbox->count) % SYS_MBOX_CAPACITY] = message;
    mbox->count++;
    pthread_cond_signal(&mbox->not_empty);
}

static void *take_message(sys_mbox_t *mbox)
{
    void *message = mbox->messages[mbox->first];
    mbox->first = (mbox->first + 1) % SYS_MBOX_CAPACITY;
    mbox->count--;
    pthread_cond_signal(&mbox->not_full);
    return message;
}

void sys_mbox_post(sys_mbox_t *mbox, void *message)
{
    pthread_mutex_lock(&mbox->lock);
    while (mbox->count == mbox->size) {
        wait_condition(&mbox->not_full, &mbox->lock, NULL);
    }
    put_message(mbox, message);
    pthread_mutex_unlock(&mbox->lock);
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *message)
{
    pthread_mutex_lock(&mbox->lock);
    bool room = mbox->count < mbox->size;
    if (room) {
        put_message(mbox, message);
    }
    pthread_mutex_unlock(&mbox->lock);
    return room ? ERR_OK : ERR_MEM;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *message)
{
    return sys_mbox_trypost(mbox, message);
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **message, u32_t timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    bool in_time = true;
    pthread_mutex_lock(&mbox->lock);
    while (mbox->count == 0 && in_time) {
        in_time = wait_condition(&mbox->not_empty, &mbox->lock, timeout_ms == 0 ? NULL : &until);
    }
    bool taken = mbox->count > 0;
    void *taken_message = taken ? take_message(mbox) : NULL;
    pthread_mutex_unlock(&mbox->lock);
    if (message != NULL) {
        *message = taken_message;
    }
    return taken ? 0 : SYS_ARCH_TIMEOUT;
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **message)
{
    pthread_mutex_lock(&mbox->lock);
    bool taken = mbox->count > 0;
    void *taken_message = taken ? take_message(mbox) : NULL;
    pthread_mutex_unlock(&mbox->lock);
    if (message != NULL) {
        *message = taken_message;
    }
    return taken ? 0 : SYS_MBOX_EMPTY;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
    pthread_cond_destroy(&mbox->not_empty);
    pthread_cond_destroy(&mbox->not_full);
    pthread_mutex_destroy(&mbox->lock);
    mbox->valid = false;
}

/* ---- Threads -----------------------------------------------------------------------------------
 */

struct thread_start {
    const char *name;
    lwip_thread_fn function;
    void *arg;
};

static void *run_thread(void *arg)
{
    struct thread_start start = *(struct thread_start *)arg;
    free(arg);
    /* By the thread itself: another's name is a file in /proc, which a sandbox does not open. */
    pthread_setname_np(pthread_self(), start.name);
    start.function(start.arg);
    return NULL;
}

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn function, void *arg, int stack_len,
                            int priority)
{
    (void)stack_len;
    (void)priority;
    pthread_t thread = 0;
    struct thread_start *start = malloc(sizeof(*start));
    LWIP_ASSERT("no memory for a thread", start != NULL);
    start->name = name;
    start->function = function;
    start->arg = arg;
    /* Signals are for the loop's thread. */
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    int error = pthread_create(&thread, NULL, run_thread, start);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    LWIP_ASSERT("no thread", error == 0);
    pthread_detach(thread);
    return thread;
}

void sys_init(void)
{
}
