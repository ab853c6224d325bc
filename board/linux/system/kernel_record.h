/* One record of the kernel's log, as /dev/kmsg gives it. */
#ifndef KERNEL_RECORD_H
#define KERNEL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_record {
    unsigned severity; /* as in syslog(3): 0 emergency ... 7 debug */
    bool from_kernel;  /* false: some process wrote it */
    uint64_t time_us;  /* since the kernel's start */
    const char *text;  /* without its line end; points into the record */
};

/* Reads "PRIORITY,SEQUENCE,TIME,FLAGS[,...];TEXT\n..." (kernel:
 * Documentation/ABI/testing/dev-kmsg), which is cut into strings on the way. False: it is no such
 * record. */
bool kernel_record_parse(char *record, struct kernel_record *out);

#endif
