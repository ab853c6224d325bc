/* Prints the hash of the blob that this program carries, as hexadecimal digits. */
#include <stdio.h>

#include "cert_blob.h"

int main(void)
{
    const uint8_t *blob = cert_blob_embedded();
    size_t total_len = ((size_t)blob[12] << 24) | ((size_t)blob[13] << 16) |
                       ((size_t)blob[14] << 8) | (size_t)blob[15];
    if (total_len < CERT_BLOB_HASH_LEN || total_len > CERT_BLOB_CAPACITY) {
        return 1;
    }
    for (size_t i = total_len - CERT_BLOB_HASH_LEN; i < total_len; i++) {
        printf("%02x", blob[i]);
    }
    return putchar('\n') == '\n' ? 0 : 1;
}
