/* The parts that board/linux/system/system.c puts in order. All of them are called by the first
 * process alone, which has one thread, unless said otherwise. */
#ifndef SYSTEM_PARTS_H
#define SYSTEM_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system.h"
#include "uevent.h"

/* ---- files.c: file systems and the kernel's files */

/* Mounts a file system without a device on path, which is made if it is not there. False: errno
 * says why. */
bool system_mount(const char *type, const char *path);

/* Reads a small file into out (cap bytes) without its line end. Returns its length; 0 if it cannot
 * be read or is empty; out is always terminated. */
size_t system_read_text(const char *path, char *out, size_t cap);

/* Writes text to one of the kernel's files. False: errno says why. */
bool system_write_text(const char *path, const char *text);

/* ---- console.c */

/* Makes /dev/console standard input, output and error, and sets its line so that nothing that comes
 * in on it, noise included, can stop or end anything. */
void system_open_console(void);

/* Waits until all that was written to the console has been sent. */
void system_drain_console(void);

/* ---- kernel_log.c: what the kernel says */

/* From now on the kernel's errors come as events of our log, and no longer as lines of their own
 * between them. */
void system_open_kernel_log(void);

/* For another process than the first one. */
void system_close_kernel_log(void);

/* Waits until one of the descriptors (-1: none) can be read, the time has passed (-1: none), or the
 * kernel has said something, which is logged if it is an error. */
void system_wait(int fd_a, int fd_b, int timeout_ms);

/* ---- modules.c */

/* Loads the modules that the file names, in its order; logs those that fail, and the sum. */
void system_load_modules(const char *list_path);

/* ---- randomness.c */

/* Waits until the kernel's random numbers are seeded. False: they were not within the time. */
bool system_wait_randomness(unsigned timeout_ms);

/* ---- devices.c: devices as they appear */

/* Starts listening to the kernel, and asks it to name the block and network devices that are there
 * already. Call once the modules are loaded. */
bool system_open_devices(void);

/* Waits for the next device that appears, or whose driver has become ready ("bind"). False: none
 * did before deadline_us (of clock_now_us). The strings of *out are valid until the next call. */
bool system_next_device(struct uevent *out, uint64_t deadline_us);

/* The descriptor that can be read when a device has appeared; -1: there is none. */
int system_devices_fd(void);

/* For another process than the first one. */
void system_close_devices(void);

/* ---- card.c */

/* Mounts the block device if it is the card, and fills *files. False: it is not; nothing is
 * changed. */
bool system_try_card(const char *device, struct system_files *files);

/* ---- interface.c */

/* True if the interface exists and is a wired Ethernet one. */
bool system_is_ethernet(const char *name);

/* Keeps the kernel's own IP stack off all interfaces that will appear. */
void system_silence_kernel_ip(void);

/* Brings the interface up. False: errno says why; ENODEV: not now, its driver is not ready yet. */
bool system_bring_up(const char *name);

#endif
