/* lwIP's options for its stock unix port, as a peer of the benchmark: windows of 60 KB, memory that
 * is never short, and all else as lwIP has it. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define TCP_MSS 1460
#define TCP_WND (42 * TCP_MSS)
#define TCP_SND_BUF (42 * TCP_MSS)
#define TCP_SND_QUEUELEN 256
#define TCP_SNDLOWAT (TCP_SND_BUF / 2)
#define MEMP_NUM_TCP_SEG 4096
#define PBUF_POOL_SIZE 1024
#define MEM_SIZE (4 * 1024 * 1024)
#define MEM_ALIGNMENT 8
#define MEMP_NUM_NETCONN 32
#define MEMP_NUM_TCP_PCB 32
#define MEMP_NUM_TCPIP_MSG_INPKT 256
#define TCPIP_MBOX_SIZE 128
#define DEFAULT_TCP_RECVMBOX_SIZE 128
#define DEFAULT_UDP_RECVMBOX_SIZE 8
#define DEFAULT_RAW_RECVMBOX_SIZE 8
#define DEFAULT_ACCEPTMBOX_SIZE 32
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_TIMEVAL_PRIVATE 0
#define SO_REUSE 1
#define LWIP_STATS 0

#endif
