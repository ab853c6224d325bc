/* The programs' exit status, numbers from <sysexits.h>. */
#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

enum exit_status {
    EXIT_STATUS_OK = 0,     /* all echoed; the server drained */
    EXIT_STATUS_USAGE = 64, /* unknown or malformed option */
    EXIT_STATUS_BAD_BLOB =
        65, /* certificate blob: cut, corrupt, does not parse, key does not match */
    EXIT_STATUS_NO_CONNECTION = 69, /* name not found, refused, unreachable */
    EXIT_STATUS_INTERNAL = 70,      /* out of memory, a bug */
    EXIT_STATUS_NETIF = 71,         /* the netif cannot be opened */
    EXIT_STATUS_ECHO = 74,          /* the echo differed, or the stream was cut */
    EXIT_STATUS_DEADLINE = 75,      /* a deadline passed */
    EXIT_STATUS_TLS = 76,           /* TLS failure, or the peer's alert */
    EXIT_STATUS_UNTRUSTED = 77,     /* the peer's certificate was refused */
    EXIT_STATUS_CONFIG = 78,        /* configuration or self-check */
};

#endif
