/* lwIP's view of the compiler and the platform. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdint.h>
#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE 0                /* struct timeval is the system's */
#define LWIP_ERRNO_STDINCLUDE 1               /* errno, too */
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS /* htons and its kin, too */

/* Ports, DHCP and DNS transaction numbers: from the system's random source. */
uint32_t net_random_u32(void);
#define LWIP_RAND() net_random_u32()

/* lwIP's debug output is off; a failed check in it ends the program. */
#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
    } while (0)
#if NET_LWIP_IS_FULL
_Noreturn void sys_assert_failed(const char *file, int line);
#define LWIP_PLATFORM_ASSERT(text) sys_assert_failed(__FILE__, __LINE__)
#else
_Noreturn void sys_assert_failed_here(void);
#define LWIP_PLATFORM_ASSERT(text) sys_assert_failed_here()
#endif

typedef int sys_prot_t;

#endif
