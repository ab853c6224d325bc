/* The whole system: what there is to do when the firmware is the kernel's first process, the only
 * program of an initramfs.
 *
 * There are two processes. The first one starts the system, keeps all rights, never sees a byte
 * from the network, and ends the system. The other one is the firmware's task.
 *
 * An ordinary process calls system_is_whole and nothing else of this header. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>

#include "port.h"

/* Room for an interface's name with its end, in bytes (IFNAMSIZ of Linux). */
#define SYSTEM_INTERFACE_NAME_MAX 16

/* True if the kernel started this process as the machine's first one. A container's first process
 * has number 1 too: program, the first word of the command line, tells them apart, since an
 * initramfs calls us "/init". */
bool system_is_whole(const char *program);

/* Files on the board's card; NULL: it has no such file, or there is no card. Static strings. */
struct system_files {
    const char *config; /* tls-echo.conf */
    const char *blob;   /* certs/blob.bin */
};

/* Makes a system out of the bare kernel: file systems, console, drivers, random numbers, card. Logs
 * each step; what fails is logged as well, and the rest goes on. False: there are no random
 * numbers, so no TLS. May block until devices have appeared, at most for the times in system.c.
 * Call once, before all else but console_open. */
PORT_MUST_USE bool system_start(struct system_files *files);

/* Waits for the Ethernet interface of that name (NULL: the first one to appear), and brings it up;
 * the kernel itself does not use it. out gets its name. False: it did not come, or
 * cannot be brought up; the log says why. Call once, after system_start. */
PORT_MUST_USE bool system_start_interface(const char *name, char out[SYSTEM_INTERFACE_NAME_MAX]);

/* Runs the task in a process of its own, so that it can give up its rights, and that somebody is
 * left to say so when it crashes. Meanwhile brings the interface up again whenever it is plugged in
 * anew. Returns what the task returned, 0 to 255; -1: it crashed or could not be started, which is
 * logged. argument is borrowed. */
int system_run_task(int (*task)(void *argument), void *argument, const char *interface);

enum system_end { SYSTEM_POWER_OFF, SYSTEM_REBOOT, SYSTEM_HALT };

/* Ends the system after delay_s seconds, once the console has sent all that was written. */
_Noreturn void system_end(enum system_end end, unsigned delay_s);

#endif
