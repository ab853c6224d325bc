/* CPU capabilities on x86-64, from CPUID leaf 1. */
#include <cpuid.h>

#include "cpu_port.h"

bool cpu_has_aes(void)
{
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_AES) != 0;
}
