/* What one board is: data only. Each board/NAME/board.c defines the one `board`. */
#ifndef BOARD_H
#define BOARD_H

/* What a program uses where no option says otherwise; all strings static, in the form of the
 * option. */
struct board_defaults {
    const char *netif;   /* --netif; NULL: the option is required */
    const char *ip;      /* --ip: "ADDR/PREFIX" or "dhcp" */
    const char *gateway; /* --gateway; NULL: none */
    const char *dns;     /* --dns; NULL: none */
};

struct board {
    const char *name; /* as in -DBOARD= and the boot event */
    struct board_defaults server, client;
};

extern const struct board board;

#endif
