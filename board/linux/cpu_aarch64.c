/* CPU capabilities on aarch64, from the kernel's auxiliary vector (getauxval(3)). */
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "cpu_port.h"

bool cpu_has_aes(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
}
