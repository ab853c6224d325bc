/* Gives access to the blob that the build embedded in this program. */
#include "cert_blob.h"

/* In cert_blob_data.S: to the compiler its contents are unknown, so it can fold none of them into
 * the code, and replacing the section in the built file replaces all there is. */
extern const uint8_t cert_blob_data[CERT_BLOB_CAPACITY];

const uint8_t *cert_blob_embedded(void)
{
    return cert_blob_data;
}
