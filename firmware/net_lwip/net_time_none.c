/* No time client: what net_time.c promises, in a firmware that is built without it. */
#include "net_lwip.h"

void net_time_open(struct net *net, const char *server)
{
    (void)net;
    (void)server;
}

void net_time_close(struct net *net)
{
    (void)net;
}

void net_time_follow(struct net *net)
{
    (void)net;
}
