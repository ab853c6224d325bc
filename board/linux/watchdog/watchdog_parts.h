/* The two watchdogs that Linux knows, and that watchdog.c puts behind one seam. */
#ifndef WATCHDOG_PARTS_H
#define WATCHDOG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

/* ---- device.c: the board's timer, /dev/watchdog (Linux: Documentation/watchdog/watchdog-api) */

/* Opens the device, which starts the timer, and sets its timeout. *actual_s gets what the driver
 * made of it. False: no timer runs, and reason says why and what to do. */
PORT_MUST_USE bool watchdog_device_open(uint32_t timeout_s, uint32_t *actual_s, char *reason,
                                        size_t cap);
void watchdog_device_feed(void);
void watchdog_device_close(void);

/* ---- notify.c: a service manager that set NOTIFY_SOCKET, sd_notify(3) and sd_watchdog_enabled(3)
 */

/* Finds the manager. Returns the timeout it set for us in microseconds; 0: none, or no manager. */
uint64_t watchdog_notify_open(void);
void watchdog_notify_ready(void);
void watchdog_notify_feed(void);
void watchdog_notify_close(void);

#endif
