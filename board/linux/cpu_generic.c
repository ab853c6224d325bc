/* CPU capabilities where nothing is known: assume none. */
#include "cpu_port.h"

bool cpu_has_aes(void)
{
    return false;
}
