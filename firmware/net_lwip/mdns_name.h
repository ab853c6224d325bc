/* The names that a host tries by turns until one is its own: "tls-echo", "tls-echo-2", ... */
#ifndef MDNS_NAME_H
#define MDNS_NAME_H

/* Longest label of a domain name (RFC 1035 section 2.3.4), bytes. */
#define MDNS_NAME_MAX 63

/* Writes the number-th name, from 1 on, for host_name into out, always terminated. Where number
 * leaves too little room, host_name is cut (RFC 6762 section 9 and its appendix D). */
void mdns_name_make(char out[MDNS_NAME_MAX + 1], const char *host_name, unsigned number);

#endif
