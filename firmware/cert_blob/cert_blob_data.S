/* The embedded certificate blob: a page-aligned section of fixed size, so that a built firmware can
 * be given another blob in place. CERT_BLOB_FILE is the blob's path, from the build. */
#include "cert_blob_capacity.h"

        .section .cert_blob, "a", %progbits
        .balign 4096
        .global cert_blob_data
        .hidden cert_blob_data
        .type   cert_blob_data, %object
cert_blob_data:
        .incbin CERT_BLOB_FILE
.Lblob_end:
        .if     (.Lblob_end - cert_blob_data) > CERT_BLOB_CAPACITY
        .error  "the certificate blob is larger than its section: leave out certificates or use EC keys"
        .endif
        .org    cert_blob_data + CERT_BLOB_CAPACITY
        .size   cert_blob_data, CERT_BLOB_CAPACITY

        .section .note.GNU-stack, "", %progbits
