/* The firmware as the whole system: settings and certificates from the card, an end that switches
 * the board off or starts it again. */
#ifndef WHOLE_SYSTEM_H
#define WHOLE_SYSTEM_H

/* Runs the firmware on a bare kernel, and ends the system with it. */
_Noreturn void whole_system_run(void);

#endif
