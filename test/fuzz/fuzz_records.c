/* Either side after the handshake, facing hostile records; the last byte says which. */
#include "fuzz_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct fuzz_input input = {.bytes = data, .len = size - 1};
    enum tls_role victim = data[size - 1] & 1 ? TLS_CLIENT : TLS_SERVER;
    fuzz_tls_run(victim, FUZZ_TLS_FROM_RECORDS, &input);
    return 0;
}
