/* The blob's room in the firmware, in a header of its own so that the assembler can read it too. */
#ifndef CERT_BLOB_CAPACITY_H
#define CERT_BLOB_CAPACITY_H

#define CERT_BLOB_CAPACITY 16384 /* bytes of the section .cert_blob */

#endif
