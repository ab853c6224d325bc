/* lwIP's threads, mutexes, semaphores and mailboxes, on POSIX threads. All are of fixed size and
 * lie where lwIP puts them: nothing is allocated. */
#ifndef LWIP_ARCH_SYS_ARCH_H
#define LWIP_ARCH_SYS_ARCH_H

#include <pthread.h>
#include <stdbool.h>

typedef pthread_t sys_thread_t;

struct sys_mutex {
    pthread_mutex_t lock;
    bool valid;
};
typedef struct sys_mutex sys_mutex_t;
#define sys_mutex_valid(mutex) ((mutex)->valid)
#define sys_mutex_set_invalid(mutex) ((mutex)->valid = false)

struct sys_sem {
    pthread_mutex_t lock;
    pthread_cond_t raised;
    unsigned count;
    bool valid;
};
typedef struct sys_sem sys_sem_t;
#define sys_sem_valid(sem) ((sem)->valid)
#define sys_sem_set_invalid(sem) ((sem)->valid = false)

/* The largest of the mailbox sizes in lwipopts.h. */
#define SYS_MBOX_CAPACITY 64

struct sys_mbox {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    unsigned size;  /* messages it may hold */
    unsigned first; /* index of the oldest message */
    unsigned count; /* messages it holds */
    bool valid;
    void *messages[SYS_MBOX_CAPACITY];
};
typedef struct sys_mbox sys_mbox_t;
#define sys_mbox_valid(mbox) ((mbox)->valid)
#define sys_mbox_set_invalid(mbox) ((mbox)->valid = false)

/* The lock of the whole stack. It remembers its holder, so that a call without it is noticed, and
 * it is recursive. */
void sys_lock_core(void);
void sys_unlock_core(void);
#define LOCK_TCPIP_CORE() sys_lock_core()
#define UNLOCK_TCPIP_CORE() sys_unlock_core()

#endif
