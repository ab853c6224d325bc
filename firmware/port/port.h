/* What all seams share: the must-use mark for results. */
#ifndef PORT_H
#define PORT_H

#if defined(__GNUC__)
/* A result that the caller must look at: dropping it is a compile error in this project. */
#define PORT_MUST_USE __attribute__((warn_unused_result))
#define PORT_PRINTF(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#else
#define PORT_MUST_USE
#define PORT_PRINTF(format_index, first_index)
#endif

#endif
