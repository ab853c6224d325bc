/* lwIP's options: what is in the stack, and how much memory each part may take. Options that are
 * not here keep the default of lwip/opt.h. Sizes follow from two numbers, NET_LWIP_CONNECTIONS_MAX
 * and NET_LWIP_BUSY_MAX.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* TCP connections that may be open at a time: NET_LWIP_CONNECTIONS_MAX; and of these busy, that is
 * with a full window of data that we have not read, or not been acknowledged: NET_LWIP_BUSY_MAX.
 * Both from CMakeLists.txt. What an idle connection is sure of stands under Memory. */

/* TCP connections that nobody owns any more: closed by us, but still sending their last bytes or in
 * TIME_WAIT. When all are taken, tcp_alloc drops the oldest in TIME_WAIT, LAST_ACK or CLOSING, then
 * any of lower priority (net_socket_close lowers it), so these never keep a newcomer out. This is
 * also the cap on TIME_WAIT. */
#define NET_LWIP_LEFTOVERS_MAX 64

/* Listeners at a time. */
#define NET_LWIP_LISTENERS_MAX 2

/* Timers of the SNTP client: its own one, and the end of it. */
#define NET_LWIP_TIME_TIMEOUTS 2

/* Timers of mDNS: five pauses and answers for each family, probing, questions in parts, and our
 * second announcement. */
#define NET_LWIP_MDNS_TIMEOUTS (2 * 5 + 1 + MDNS_MAX_STORED_PKTS + 1)

/* ---- System -----------------------------------------------------------------------------------
 */

#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1 /* pools and counters are used from several threads */

/* Sockets calls run in the caller's thread under one lock, and received frames in the receive
 * thread: no message, no thread switch per call or frame. */
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#if NET_LWIP_IS_FULL
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()
#endif
void sys_check_core_locking(void);

/* The tcpip thread only runs timers and gets a wake-up now and then. */
#define TCPIP_MBOX_SIZE 16
#define TCPIP_THREAD_NAME "tcpip"
#define MEMP_NUM_TCPIP_MSG_API 4
#define MEMP_NUM_TCPIP_MSG_INPKT 1

/* lwIP's own timers, and ours: the check of an IPv4 address, its announcement, a duplicate IPv6
 * address, connects, and the second answer for a name. */
#define MEMP_NUM_SYS_TIMEOUT                                                                       \
    (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 5 + NET_LWIP_TIME_TIMEOUTS + NET_LWIP_MDNS_TIMEOUTS)

/* ---- Interfaces between lwIP and the firmware --------------------------------------------------
 */

#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_COMPAT_SOCKETS 0 /* lwip_send, not send: the system's names stay the system's */
#define LWIP_POSIX_SOCKETS_IO_NAMES 0 /* nor read, write and close */
#define LWIP_SOCKET_SELECT 0          /* net_wait uses what is behind lwip_poll */
#define LWIP_SOCKET_POLL 1
#define LWIP_SO_LINGER 0   /* would make close block */
#define LWIP_SO_RCVTIMEO 0 /* sockets never block */
#define LWIP_SO_SNDTIMEO 0
#define LWIP_SO_RCVBUF 1             /* counts received bytes: net_receivable */
#define SO_REUSE 1                   /* listen on a port that still has connections in TIME_WAIT */
#define LWIP_NETCONN_FULLDUPLEX 0    /* one thread uses the sockets */
#define LWIP_NETIF_STATUS_CALLBACK 1 /* tells us of an address from DHCP */
#define LWIP_NETIF_HOSTNAME 1        /* sent to the DHCP server */
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

/* ---- Protocols ---------------------------------------------------------------------------------
 */

#define LWIP_IPV4 1
#define LWIP_IPV6 NET_LWIP_IS_FULL /* 0 in the small profile, as mDNS and SNTP are */
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_ICMP 1 /* answers ping */
#define LWIP_ICMP6 LWIP_IPV6
#define LWIP_UDP 1 /* for DHCP and DNS */
#define LWIP_TCP 1
#define LWIP_DHCP 1
#define LWIP_DNS 1
#define LWIP_RAW 0
#define LWIP_IGMP LWIP_MDNS_RESPONDER /* for mDNS, and only joined for it */
#define IGMP_TMR_INTERVAL 500         /* ms; reports may be late by so much */
#define MEMP_NUM_IGMP_GROUP 2         /* all hosts', and mDNS's */
#define LWIP_AUTOIP 0

/* Conflicts are found by net_conflict.c, for DHCP's address as for a static one. */
#define LWIP_ACD 1
#define LWIP_ACD_EXTERNAL 1
#define LWIP_DHCP_DOES_ACD_CHECK 1

/* Lease times are counted in seconds, not in minutes, and in 32 bits: in lwIP's own 16 a lease of a
 * week would be over after 18 hours. */
#define DHCP_COARSE_TIMER_SECS 1
#define DHCP_TIMEOUT_SIZE_T u32_t
#define DHCP_DEFINE_CUSTOM_TIMEOUTS 1
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T0_LEASE(out, dhcp)                                          \
    ((out) = LWIP_MAX((dhcp)->offered_t0_lease, 1))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T1_RENEW(out, dhcp)                                          \
    ((out) = LWIP_MAX((dhcp)->offered_t1_renew, 1))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T2_REBIND(out, dhcp)                                         \
    ((out) = LWIP_MAX((dhcp)->offered_t2_rebind, 1))
#define DHCP_NEXT_TIMEOUT_THRESHOLD 60 /* RFC 2131 section 4.4.5: renew no more often */
#define DHCP_REQUEST_BACKOFF_SEQUENCE(tries) ((u16_t)(((tries) < 6 ? 1 << (tries) : 60) * 1000))

/* One interface: an IPv6 address needs no zone to say which. */
#define LWIP_SINGLE_NETIF 1

/* No IPv6 packet that we need has fragments; lwIP would send some where a path wants smaller
 * packets, but net_socket.c sends small ones there from the start. */
#define LWIP_IPV6_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_FORWARD 0

/* Tables of fixed size: a flood of announcements or neighbours takes no memory, it only displaces.
 * One address is link-local. */
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_ND6_NUM_ROUTERS 3
#define LWIP_ND6_NUM_PREFIXES 5
#define LWIP_ND6_NUM_NEIGHBORS ARP_TABLE_SIZE
/* Peers lately sent to: beyond these, the next hop is looked up anew. lwIP counts them in a signed
 * byte: 128 are a loop without end. */
#define LWIP_ND6_NUM_DESTINATIONS LWIP_MIN(NET_LWIP_CONNECTIONS_MAX + 16, 120)
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS DNS_MAX_SERVERS
#define LWIP_IPV6_MLD LWIP_IPV6 /* or switches that listen in do not send us solicitations */
#define MEMP_NUM_MLD6_GROUP (LWIP_IPV6_NUM_ADDRESSES + 2) /* all nodes', and mDNS's */
#define MLD6_TMR_INTERVAL 500                             /* ms; reports may be late by so much */

#define LWIP_NETIF_LOOPBACK 0 /* a packet to our own address has no business here */
#define LWIP_HAVE_LOOPIF 0
#define IP_FORWARD 0
#define IP_REASSEMBLY 0      /* no peer of ours fragments TCP; fragments would hold buffers */
#define IP_FRAG 0            /* nothing we send is longer than the MTU */
#define IP_OPTIONS_ALLOWED 0 /* packets with source routes and the like are dropped */

#define ARP_TABLE_SIZE 32 /* hosts on the segment that talk to us at a time */
/* What may wait for a neighbour's answer, in both families: a name is asked for in two packets, of
 * which the second would displace the first. */
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 2
#define MEMP_NUM_ARP_QUEUE 8
#define LWIP_ND6_QUEUEING 1
#define MEMP_NUM_ND6_QUEUE 8
#define ETHARP_TRUST_IP_MAC 0
#define ETH_PAD_SIZE 0 /* devices here have no alignment rule */

#define DNS_TABLE_SIZE 4
#define DNS_MAX_SERVERS 2
#define DNS_MAX_NAME_LENGTH 256 /* RFC 1035 section 2.3.4: 255 */

/* ---- TCP ---------------------------------------------------------------------------------------
 */

#define TCP_MSS 1460 /* Ethernet's 1500 less 40 bytes of headers; IPv6 takes 20 more */

/* Full segments in a window. The window must exceed the largest TLS record with its overhead
 * (TLS_RECORD_MAX_LEN, 18,437 bytes), or a record never arrives whole; 44 segments are three
 * records: with each turn of the loop, and each turn of the peer, more of them are done at once (an
 * echo of bulk data costs a third less than with 22). A busy connection takes 200 KB at most. */
#define NET_LWIP_WINDOW_SEGMENTS 44
#define TCP_WND (NET_LWIP_WINDOW_SEGMENTS * TCP_MSS)     /* 64,240 */
#define TCP_SND_BUF (NET_LWIP_WINDOW_SEGMENTS * TCP_MSS) /* a whole record fits, too */
/* Buffers a connection may queue, one a segment: a whole record fits in segments of 145 bytes. */
#define TCP_SND_QUEUELEN 128

#define TCP_QUEUE_OOSEQ 1 /* keep what comes out of order: one loss is then one retransmission */
#define TCP_OOSEQ_MAX_PBUFS (3 * NET_LWIP_WINDOW_SEGMENTS) /* but no more than a window */
#define LWIP_TCP_SACK_OUT 1
/* Our window is below 65,536 and needs no scale, but the option has to be answered: passt goes on
 * to scale its own window when it was refused, and then looks as if it had room for 256 bytes. */
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 0
#define TCP_LISTEN_BACKLOG 1   /* bounds half-open connections: a SYN flood cannot take all */
#define LWIP_TCP_RTO_TIME 1000 /* first retransmission after 1 s (RFC 6298 section 2.1) */
/* TCP's timers in ms: one such step for delayed acknowledgements, two for retransmissions. lwIP
 * measures round trips in the latter and waits for three of them at least, so with its default of
 * 250 a loss that no duplicate acknowledgement tells of costs a second or more: half a megabyte
 * echoed over a wire that loses 5 % took 18 to 36 s with 250 and takes 8 to 13 s with 50. The 300
 * ms that are then the least stay above the time that others delay their acknowledgements. */
#define TCP_TMR_INTERVAL 50
#define LWIP_TCP_PCB_NUM_EXT_ARGS 4 /* net_budget.c notes how long one has not moved */
#define TCP_MSL 30000               /* so TIME_WAIT lasts 60 s, as on Linux */
#define TCP_TTL 64
#define IP_DEFAULT_TTL 64

/* Segments or bare FINs that wait in one connection's receive mailbox. A window of full segments
 * fits; many small ones are refused here before they eat the buffers of all. */
#define DEFAULT_TCP_RECVMBOX_SIZE 64
#define DEFAULT_ACCEPTMBOX_SIZE 64
#define DEFAULT_UDP_RECVMBOX_SIZE 4
#define DEFAULT_RAW_RECVMBOX_SIZE 4

/* ---- Memory ------------------------------------------------------------------------------------
 */

#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 0 /* fixed memory: what lwIP takes is known at build time */
#define MEMP_MEM_MALLOC 0 /* with pools, tcp_alloc reuses TIME_WAIT early */

#define MEMP_NUM_NETCONN (NET_LWIP_CONNECTIONS_MAX + NET_LWIP_LISTENERS_MAX)
#define MEMP_NUM_TCP_PCB (NET_LWIP_CONNECTIONS_MAX + NET_LWIP_LEFTOVERS_MAX)
#define MEMP_NUM_TCP_PCB_LISTEN NET_LWIP_LISTENERS_MAX
#define MEMP_NUM_UDP_PCB                                                                           \
    (3 + DNS_TABLE_SIZE)  /* DHCP, SNTP, mDNS, and a port for each DNS question */
#define MEMP_NUM_NETBUF 1 /* only UDP sockets use these */

/* Three pools hold the data under way: segments, the heap with what we send, and buffers with what
 * we receive. In each, a connection is sure of a little, which suffices for handshakes and short
 * messages; the rest is shared, and large enough for NET_LWIP_BUSY_MAX full windows. Who finds
 * nothing left waits: our sending side for room (net_budget.c), the peer for a window to send into
 * (net_places.c).
 *
 * What a connection is sure of: */
#define NET_LWIP_IDLE_SEGMENTS 2 /* full ones, queued to send */
#define NET_LWIP_IDLE_QUEUELEN 8 /* or so many short ones */
#define NET_LWIP_IDLE_BUFFERS 6  /* received: two full segments, or six short ones */
/* What a busy one may hold of received buffers: a full window of full segments or a full mailbox of
 * short ones, and what does not fill its last buffer. */
#define NET_LWIP_BUSY_BUFFERS 184
/* For segments that came out of order; when these are taken, such segments are dropped. */
#define NET_LWIP_OOSEQ_BUFFERS (NET_LWIP_BUSY_MAX * NET_LWIP_WINDOW_SEGMENTS)

/* With its SYN or FIN and one spare each, so that FIN never finds this pool empty. */
#define NET_LWIP_IDLE_TCP_SEG                                                                      \
    (NET_LWIP_CONNECTIONS_MAX * (NET_LWIP_IDLE_QUEUELEN + 2) + NET_LWIP_LEFTOVERS_MAX * 2)
#define MEMP_NUM_TCP_SEG                                                                           \
    (NET_LWIP_IDLE_TCP_SEG + NET_LWIP_BUSY_MAX * TCP_SND_QUEUELEN + NET_LWIP_OOSEQ_BUFFERS)

/* What we send lies in the heap: a segment with headers and bookkeeping takes 1,600 bytes. 64 KB
 * are for ARP, DNS, DHCP, SYN, FIN and RST; an eighth of the whole for gaps between blocks. */
#define NET_LWIP_SEGMENT_LEN 1600
#define NET_LWIP_IDLE_HEAP                                                                         \
    (NET_LWIP_CONNECTIONS_MAX * NET_LWIP_IDLE_SEGMENTS * NET_LWIP_SEGMENT_LEN + 65536)
#define NET_LWIP_BUSY_HEAP (NET_LWIP_BUSY_MAX * NET_LWIP_WINDOW_SEGMENTS * NET_LWIP_SEGMENT_LEN)
#define MEM_SIZE ((NET_LWIP_IDLE_HEAP + NET_LWIP_BUSY_HEAP) / 8 * 9)

/* What we receive lies in the pool, in pieces: a full frame takes three, a tiny one takes one, so
 * that tiny segments cannot hold the memory of full ones. 160 more for frames on their way, which
 * may be joined ones of a whole window. */
#define PBUF_POOL_BUFSIZE 512
#define PBUF_POOL_SIZE                                                                             \
    (NET_LWIP_CONNECTIONS_MAX * NET_LWIP_IDLE_BUFFERS +                                            \
     NET_LWIP_BUSY_MAX * NET_LWIP_BUSY_BUFFERS + NET_LWIP_OOSEQ_BUFFERS + 160)

/* ---- Checksums ---------------------------------------------------------------------------------
 */

/* All made and checked here but TCP's where the link has offload (netif_link.h), and of received
 * frames those that the link calls checked. What is copied for sending is summed in the same pass,
 * if at all. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 1
#define LWIP_CHKSUM_COPY(to, from, len) net_output_copy(to, from, len)
unsigned short net_output_copy(void *to, const void *from, unsigned short len);
#define LWIP_CHKSUM_ALGORITHM 3

/* ---- Time: SNTP, one server ---------------------------------------------------------------------
 */

#define SNTP_SERVER_DNS 1
#define SNTP_CHECK_RESPONSE 2 /* who answers, and what; net_time.c checks the rest */
#define SNTP_MONITOR_SERVER_REACHABILITY 0
#define LWIP_DHCP_GET_NTP_SRV NET_LWIP_IS_FULL /* asked for, and used only if the user wants it */
#define LWIP_DHCP_MAX_NTP_SERVERS 1

/* net_time.c says when to ask, and keeps the clock; what lwIP takes for the time is a random
 * number.
 */
#define SNTP_STARTUP_DELAY 1
#define SNTP_STARTUP_DELAY_FUNC net_time_startup_ms()
#define SNTP_RECV_TIMEOUT 2000 /* ms that an answer may take */
#define SNTP_RETRY_TIMEOUT net_time_retry_ms()
#define SNTP_RETRY_TIMEOUT_EXP 0
#define SNTP_UPDATE_DELAY net_time_update_ms()
#define SNTP_SUPPRESS_DELAY_CHECK
#define SNTP_GET_SYSTEM_TIME_NTP(seconds, fraction) net_time_begin(&(seconds), &(fraction))
#define SNTP_SET_SYSTEM_TIME_NTP(seconds, fraction) net_time_take(seconds, fraction)

/* ---- mDNS: one name, one service ----------------------------------------------------------------
 */

#define LWIP_MDNS_RESPONDER NET_LWIP_IS_FULL /* started only if the user wants it: net_mdns.c */
#define LWIP_NUM_NETIF_CLIENT_DATA LWIP_MDNS_RESPONDER
#define LWIP_MDNS_SEARCH 0 /* it answers, it does not ask */
#define MDNS_MAX_SERVICES 1
#define MDNS_RESP_USENETIF_EXTCALLBACK 0 /* net_status.c tells it */
#define MDNS_MAX_STORED_PKTS 2           /* questions that come in parts: each holds buffers */
#define MDNS_OUTPUT_PACKET_SIZE 1400     /* all records there can be, with the longest name */

/* ---- Statistics: only what net_get_stats gives -------------------------------------------------
 */

#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define MEM_STATS 1
#define MEMP_STATS 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0
#define IP6_STATS 0
#define ICMP6_STATS 0
#define MLD6_STATS 0
#define ND6_STATS 0

#endif
