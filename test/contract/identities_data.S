/* The DER files themselves, so that the suite also runs where there are no files. */
#define TEXT(file) #file
#define FILE_OF(name) TEXT(name.der)
#define DER(name)                                                                                  \
    .global der_##name;                                                                            \
    .global der_##name##_end;                                                                      \
    der_##name: .incbin FILE_OF(name);                                                             \
    der_##name##_end: .byte 0;

    .section .rodata
#include "identities.def"

    .section .note.GNU-stack, "", %progbits
