/* One file in /tmp for all tests of a program: its group makes it and removes it. */
#ifndef TEMP_FILE_H
#define TEMP_FILE_H

#include <stddef.h>

/* Without "_", which options_fixture.h takes for a space. */
extern char temp_file_path[];

/* Set-up and tear-down of the group. */
int temp_file_make(void **state);
int temp_file_remove(void **state);

/* Makes these len bytes all that the file holds. */
void temp_file_write(const char *bytes, size_t len);

#endif
