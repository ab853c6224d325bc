/* Reads a record of the kernel's log. */
#include "kernel_record.h"

#include <stdlib.h>
#include <string.h>

/* A priority is a severity in its lowest three bits, and above it a facility: 0 is the kernel. */
#define SEVERITY_MASK 7U
#define FACILITY_SHIFT 3

/* Reads the number at *text and what ends it; moves *text behind both. */
static bool take_number(char **text, uint64_t *out)
{
    char *end;
    if (**text < '0' || **text > '9') {
        return false;
    }
    *out = strtoull(*text, &end, 10);
    *text = end + 1;
    return *end == ',';
}

bool kernel_record_parse(char *record, struct kernel_record *out)
{
    uint64_t priority, sequence;
    char *at = record;
    bool has_head = take_number(&at, &priority) && take_number(&at, &sequence) &&
                    take_number(&at, &out->time_us);
    char *text = has_head ? strchr(at, ';') : NULL;
    if (text == NULL) {
        return false;
    }
    text++;
    text[strcspn(text, "\n")] = '\0';
    out->severity = (unsigned)(priority & SEVERITY_MASK);
    out->from_kernel = priority >> FACILITY_SHIFT == 0;
    out->text = text;
    return true;
}
