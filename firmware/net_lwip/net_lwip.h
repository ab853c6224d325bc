/* What the files of this backend share. Of lwIP's headers, this takes only those that do not clash
 * with the system's own. */
#ifndef NET_LWIP_H
#define NET_LWIP_H

#include <pthread.h>
#include <stdatomic.h>

#include "lwip/opt.h"

#include "frame_join.h"
#include "log_port.h"
#include "lwip/acd.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "mdns_name.h"
#include "net_event.h"
#include "net_ip6.h"
#include "net_port.h"
#include "netif_link.h"
#include "siphash.h"
#include "sntp_answer.h"

/* ---- net_socket.c ------------------------------------------------------------------------------
 */

struct net_socket {
    struct net *net; /* NULL: this one is free */
    int fd;          /* lwIP's */
    bool is_listener;
    bool is_shut;                   /* net_shutdown was done */
    enum net_outcome verdict;       /* why we gave up connecting; NET_OK: we did not */
    uint64_t connecting_since_us;   /* 0: it never began to connect */
    enum net_outcome connect_error; /* why connecting came to nothing; NET_OK: it did not */
    /* Changed by the owner under the core lock: */
    enum net_outcome receive_end; /* the final outcome of net_receive; NET_OK: none yet */
    enum net_outcome failure;     /* why the connection is no more; NET_OK: it lives */
    struct net_wait_item awaited; /* what is waited for; the rest of this under the core lock */
    uint32_t watch_number;        /* of net_watch */
    bool is_watched;              /* by net_watch, and not reported yet */
    bool is_listed;               /* among the ready ones of the net */
    struct net_socket *next_ready;
    struct net_busy *busy; /* its place among the busy; NULL: none */
    size_t needed_len;     /* what the owner awaits; 0: nothing, or not known */
    bool is_favoured;      /* may have a full window open */
    bool is_in_line;       /* for a place */
    bool was_refused;      /* a segment, since it got in line */
    uint64_t in_line_us;   /* since when */
    uint64_t held_back_us; /* how long that was before */
    struct net_socket *next_in_line;
};

/* The place of the socket that lwIP calls fd. */
struct net_socket *net_socket_of(struct net *net, int fd);

/* Addresses as lwIP and the seam have them; net_address_from_ip gives port 0. */
void net_address_from_ip(const ip_addr_t *ip, struct net_address *out);

/* Resets all sockets that are open. */
void net_socket_abort_all(struct net *net);

/* Connections that nobody owns, but whose last bytes or FIN the peer has not acknowledged. */
unsigned net_socket_count_leftovers(void);

/* Ends what is left of all connections, with RST where the peer does not know yet. */
void net_socket_abort_leftovers(void);

/* ---- net_backlog.c -----------------------------------------------------------------------------
 */

struct tcp_hdr;
struct tcp_pcb;
struct tcp_pcb_listen;

/* A segment for a listener is about to be dealt with: makes room for it if it is a SYN. Under the
 * core lock. */
void net_backlog_make_room(const struct tcp_pcb_listen *listener, const struct tcp_hdr *header);

/* Connections that have been asked for and not been confirmed. Under the core lock. */
uint32_t net_backlog_count_half_open(void);

/* ---- net_budget.c and net_places.c: who may hold how much of what all share --------------------
 */

/* While somebody waits for what others hold, it is looked for those who hold it in vain, so often;
 * who does not move for so many looks is ended. Looks are counted and not time: when we ourselves
 * did not get to work, nobody else is to blame. */
#define NET_BUDGET_LOOK_US 200000
#define NET_BUDGET_LOOKS_MAX 26 /* 5 s */
/* So many at most for who was refused a segment: his peer tries again late. */
#define NET_BUDGET_PATIENT_LOOKS_MAX (4 * NET_BUDGET_LOOKS_MAX)
/* Who moves, but has kept others waiting for so many looks with nothing to do but to wait for him,
 * is ended, too; and whom so many found with something to send that he had at the first. */
#define NET_BUDGET_TURN_LOOKS_MAX 150 /* 30 s */

/* One of NET_LWIP_BUSY_MAX places: the right to a full window of received data. */
struct net_busy {
    struct net_socket *holder; /* NULL: free */
    uint64_t moved_us;         /* when it was last the holder's merit, or not his fault */
    unsigned idle_looks;       /* how often it was looked at since */
    unsigned looks_max;        /* how often it may be */
    unsigned turn_looks;       /* how often it was the peer's turn, whether he moved or not */
    uint32_t received, acked;  /* sequence numbers then */
    bool is_full;              /* no more is taken until something is read */
};

struct net_budget {
    struct net_busy busy[NET_LWIP_BUSY_MAX];
    struct net_socket *first_in_line, **line_end; /* who waits for a place */
    unsigned favoured_count;
    uint32_t refused_segments; /* left to the peer to send again, for lack of a place */
    uint64_t looked_us;        /* when it was last looked for places held in vain */
    uint64_t short_us;         /* the same for room to send */
};

/* All under the core lock. Connections that the listener gets are in the budget. */
void net_budget_listen(struct tcp_pcb *listener);
/* The socket's owner waits until there are len bytes to read. */
void net_budget_await(struct net_socket *socket, size_t len);
/* The socket's owner has taken data that it had received. */
void net_budget_note_received(struct net_socket *socket);
/* The socket is about to be closed. */
void net_budget_release(struct net_socket *socket);
/* Ends those who hold a place in vain while others are in line; call it often. True: there are. */
bool net_budget_look(struct net *net);
/* Bytes that the connection may queue to send without taking what others are sure of. */
size_t net_budget_send_room(const struct tcp_pcb *pcb);
/* Somebody waits for room that others have: ends those who have held it for long and not moved. */
void net_budget_reclaim(struct net *net);
/* Logs it, and resets the connection. */
void net_budget_end_stalled(struct tcp_pcb *pcb, uint64_t since_us);

/* ---- net_neighbour.c ---------------------------------------------------------------------------
 */

/* All under the core lock. True if there is a way to send to ip: the link is up, we have an address
 * of its family, and it is on our segment or behind a router. */
bool net_neighbour_has_route(const struct net *net, const ip_addr_t *ip);
/* True if ip is on our segment. */
bool net_neighbour_is_near(const struct net *net, const ip_addr_t *ip);
/* The pcb of a socket that has begun to connect and is neither connected nor refused, or NULL. */
struct tcp_pcb *net_neighbour_connecting(const struct net_socket *socket);
/* Ends its connect; net_connect_result will give why. */
void net_neighbour_give_up(struct net_socket *socket, enum net_outcome why);
/* The socket has begun to connect: end that if no neighbour answers. */
void net_neighbour_watch(struct net_socket *socket);
void net_neighbour_stop(struct net *net);

/* ---- net_status.c ------------------------------------------------------------------------------
 */

/* What net_get_status gives, and what the log was told last. Under the core lock. */
struct net_own_status {
    struct net_status status;
    bool is_link_up;
    const char *link_reason; /* why it is down */
    ip4_addr_t known_ip;
    struct net_known_ip6 ip6;
};

/* All under the core lock. Looks at link and addresses; logs and wakes if anything changed. */
void net_status_update(struct net *net);
/* Another host has our static address. */
void net_status_set_conflict(struct net *net);
/* Log that another host has, or claims, an address of ours. */
void net_status_log_conflict(enum log_level level, const ip4_addr_t *ip, const uint8_t *other_mac);
/* Log that there is an address, and that one was lost: its connections are no more. */
void net_status_log_up(const struct net *net, enum log_level level, const char *ip, unsigned prefix,
                       const char *more);
void net_status_log_lost(const struct net *net, const char *reason, const char *ip);

/* ---- net_address.c -----------------------------------------------------------------------------
 */

/* Our IPv4 address: where it comes from, and whether we may use it. Under the core lock. */
struct net_own_address {
    enum net_ip_mode mode;
    ip4_addr_t ip, mask, gateway, dns; /* as configured */
    struct acd check;                  /* static: whether another host has it */
    bool is_checked;                   /* static: none has */
    uint64_t last_defended_us;
    bool is_started; /* since the link first came up */
};

/* All under the core lock; they call those of net_ip6.h. */
void net_address_open(struct net *net, const struct net_config *config);
void net_address_close(struct net *net);
/* The link is found up or down, for the first time or after a change. */
void net_address_set_link(struct net *net, bool is_up, const char *reason);
/* Sets the user's DNS server, which goes before those that DHCP gives. */
void net_address_use_dns(const struct net *net);

/* ---- net_netif.c -------------------------------------------------------------------------------
 */

/* lwIP's netif on a link, and the thread that receives. */
struct net_device {
    struct netif netif;
    struct link *link;
    pthread_t thread;
    int quit_fd; /* eventfd that ends the thread, or makes it look at the link itself */
    atomic_bool quit;
    /* Epoll: frames that come while the loop does not sleep, so that it takes none; -1: the thread
     * takes all. */
    int unslept_fd;
    atomic_bool is_in_trouble; /* the loop has seen that: the thread takes all from then on */
    atomic_bool has_frames;    /* for the loop, when it comes by */
    pthread_mutex_t take_lock; /* whoever takes frames from the link, and before the core lock */
    bool is_link_known, was_link_up; /* the receive thread's: what it told last */
    char name[64];                   /* "tap0": the netif's spec without its kind */
    atomic_uint rx_frames, tx_frames, rx_dropped;
    uint8_t rx_buf[LINK_FRAME_MAX]; /* under take_lock */
    uint8_t tx_buf[LINK_FRAME_MAX]; /* under the core lock */
};

/* Opens the link alone: no thread, nothing of lwIP's. Ended by net_device_close_link, or, once it
 * was added, by net_device_close. Outcomes as net_open. */
PORT_MUST_USE enum net_outcome net_device_open(struct net *net, const struct net_config *config,
                                               char *reason, size_t cap);
void net_device_close_link(struct net *net);
/* Adds the netif to lwIP; takes the core lock itself. */
void net_device_add(struct net *net, const struct net_config *config);
/* Starts the receive thread. */
PORT_MUST_USE bool net_device_start(struct net *net);
/* Ends the thread, removes the netif, closes the link. */
void net_device_close(struct net *net);
/* The loop's, without the core lock: takes frames if somebody noted that there are some; and sleeps
 * as net_event_sleep does, but takes the frames that come. */
void net_device_take_waiting(struct net *net);
void net_device_sleep(struct net *net, uint64_t deadline_us);

/* ---- net_output.c ------------------------------------------------------------------------------
 */

/* The frame that waits for another one to join it, and the buffers of lwIP that hold its payload.
 * Under the core lock. */
struct net_output {
    bool has_offload;
    struct frame_join join;
    struct link_part parts[LINK_PARTS_MAX]; /* the first: the headers */
    size_t part_count;                      /* 0: none waits */
    struct pbuf *held[LINK_PARTS_MAX];
    size_t held_count;
    bool
        may_wait; /* a bare acknowledgement may wait for what is done next, see net_output_settle */
    bool is_late; /* it does */
};

/* All under the core lock. The link is open, and lwIP has the netif. */
void net_output_open(struct net *net);
/* Takes a frame from lwIP (netif.linkoutput). */
err_t net_output_frame(struct netif *netif, struct pbuf *p);
/* The core lock is about to be given up: sends what waits. After data was taken, when that makes
 * nothing but a bare acknowledgement, this one waits until the lock is given up again: the answer
 * to the data, if there is one now, says the same. */
void net_output_settle(struct net *net);
/* What is to be settled next comes of data that was taken. */
void net_output_note_received(struct net *net);

/* ---- net_resolve.c -----------------------------------------------------------------------------
 */

enum { QUESTION_IP4, QUESTION_IP6, QUESTION_FAMILIES };

struct net_answer {
    enum net_outcome outcome; /* WANT_READ: asking */
    ip_addr_t ip;
};

struct net_question {
    uintptr_t number; /* tells a late answer to an older question */
    char name[DNS_MAX_NAME_LENGTH];
    struct net_answer answers[QUESTION_FAMILIES];
    bool is_over; /* the slower answer was waited for long enough */
};

/* Drops the question. Under the core lock. */
void net_question_drop(struct net *net);

/* ---- net_time.c --------------------------------------------------------------------------------
 */

enum net_time_phase {
    NET_TIME_IDLE,    /* nothing was asked */
    NET_TIME_ASKED,   /* waiting for the answer */
    NET_TIME_REFUSED, /* there was one, and why it was of no use was logged */
};

struct net_time {
    bool is_wanted;
    const char *server; /* NULL: DHCP's */
    bool is_denied;     /* it does not want to be asked any more */
    enum net_time_phase phase;
    uint8_t cookie[SNTP_COOKIE_LEN]; /* what the answer must repeat */
    bool is_stray_told;              /* logged that an answer was not ours, once a question */
    uint64_t asked_us;               /* when; 0: never */
    uint32_t retry_ms;               /* the next failure's; 0: the first */
};

/* All under the core lock. */
void net_time_open(struct net *net, const char *server);
void net_time_close(struct net *net);
/* The net's state may have changed: asks when it is up. */
void net_time_follow(struct net *net);

/* ---- net_mdns.c --------------------------------------------------------------------------------
 */

/* The host's name on the segment, and the service there. Under the core lock. */
struct net_mdns {
    bool is_wanted;
    bool is_started;       /* lwIP's responder knows the netif */
    bool is_received;      /* a packet came: it may have started a timer */
    bool is_leaving;       /* what is said now holds no longer */
    const char *host_name; /* as configured */
    uint16_t service_port; /* 0: none */
    unsigned number;       /* of the name: how many were taken by others, and 1 */
    char name[MDNS_NAME_MAX + 1];
    uint64_t window_us; /* packets taken since then */
    unsigned window_count;
};

enum net_mdns_change {
    NET_MDNS_LINK_BACK, /* perhaps on another segment */
    NET_MDNS_NEW_ADDRESS,
};

void net_mdns_open(struct net *net, const struct net_config *config);
/* The rest under the core lock. */
void net_mdns_close(struct net *net);
/* Starts it once there is an address; later tells the segment of a change. */
void net_mdns_follow(struct net *net, enum net_mdns_change change);
/* True if a UDP packet that came is none of mDNS's, or may go to it. */
bool net_mdns_takes(struct net *net, uint16_t udp_port, const ip_addr_t *source);
/* True, once, after a packet was taken. */
bool net_mdns_was_received(struct net *net);

/* ---- net_lwip.c --------------------------------------------------------------------------------
 */

struct net {
    bool is_open;
    struct net_event_source event;
    struct net_device device;
    struct net_output output;
    struct net_own_status status;
    struct net_own_address address;
    struct net_own_address6 address6;
    struct net_question question;
    struct net_time time;
    struct net_mdns mdns;
    bool is_watching_neighbours;
    bool is_receiving;    /* under the core lock: lwIP is at work on received frames */
    bool has_news;        /* under the core lock: to be told to the sleeper when that is done */
    uint32_t syn_dropped; /* under the core lock: see struct net_stats */
    struct net_budget budget;
    bool is_short_of_room; /* the loop's: somebody waits for room to send that others have */
    unsigned looks_for_room;
    bool is_crowded; /* the loop's: somebody is in line for a place */
    /* Under the core lock: watched sockets that may be ready, in the order in which they became so.
     * No socket is in it that is closed. */
    struct net_socket *ready, **ready_end;
    atomic_bool is_closing;                      /* each frame wakes net_close */
    struct net_socket sockets[MEMP_NUM_NETCONN]; /* by lwIP's number of each, see net_socket_of */
};

/* The one net of this process. lwIP is one per process, and calls back without saying for whom. */
extern struct net net_lwip_instance;

/* Makes the tcpip thread look at lwIP's timers anew: they may have been started from another
 * thread while it sleeps. Under the core lock. */
void net_kick_timers(void);

#endif
