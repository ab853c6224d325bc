/* Threads of the first process, beside the firmware's own. */
#include <pthread.h>
#include <signal.h>

#include "parts.h"

bool system_start_thread(void *(*run)(void *unused))
{
    pthread_t thread;
    sigset_t all, before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    bool started = pthread_create(&thread, NULL, run, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started && pthread_detach(thread) == 0;
}
