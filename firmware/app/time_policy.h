/* What the firmware does about the time before anybody has told it. */
#ifndef TIME_POLICY_H
#define TIME_POLICY_H

#include <stdint.h>

#include "exit_status.h"
#include "options.h"

/* Starts the wall clock, which believes nothing before made_s, and logs the policy, the clock and
 * what is left unchecked. CONFIG, logged: the policy wants a clock, and nobody could ever set it.
 */
PORT_MUST_USE enum exit_status time_policy_start(const struct options *options, int64_t made_s);

#endif
