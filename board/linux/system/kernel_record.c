/* Reads a record of the kernel's log. */
#include "kernel_record.h"

#include <stdlib.h>
#include <string.h>

/* A priority is a severity in its lowest three bits, and above it a facility: 0 is the kernel. */
#define SEVERITY_MASK 7U
#define FACILITY_SHIFT 3

bool kernel_record_parse(char *record, struct kernel_record *out)
{
    char *end;
    unsigned long priority = strtoul(record, &end, 10);
    char *text = strchr(record, ';');
    if (end == record || *end != ',' || text == NULL) {
        return false;
    }
    text++;
    text[strcspn(text, "\n")] = '\0';
    out->severity = (unsigned)(priority & SEVERITY_MASK);
    out->from_kernel = priority >> FACILITY_SHIFT == 0;
    out->text = text;
    return true;
}
