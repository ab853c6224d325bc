/* Watches over the suite: names the test that hangs or crashes the program. */
#ifndef GUARD_H
#define GUARD_H

/* Starts the watch. hang_timeout_s: see contract_options. Call once. */
void guard_start(unsigned hang_timeout_s);

/* The test lives. Both strings are borrowed until the next call. */
void guard_feed(const char *test, const char *trying);

/* No test runs. */
void guard_rest(void);

#endif
