/* FUZZ_VICTIM (a role of tls_port.h) before and during the handshake, facing a hostile peer. */
#include "fuzz_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.bytes = data, .len = size};
    fuzz_tls_run(FUZZ_VICTIM, FUZZ_TLS_FROM_HANDSHAKE, &input);
    return 0;
}
