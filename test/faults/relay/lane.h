/* One direction of the relay: frames that wait for their time, in the order in which it comes. */
#ifndef LANE_H
#define LANE_H

#include <stdio.h>

#include "impair.h"
#include "netif_link.h"

/* Frames that may wait in one direction; more are dropped. */
#define LANE_WAITING_MAX 65536

struct lane_counts {
    uint64_t frames, bytes; /* that came */
    uint64_t lost, duplicated, reordered, truncated, corrupted;
    uint64_t cut;        /* came, or waited, while the cable was down */
    uint64_t overflowed; /* no room: the rate's buffer, or the far side */
};

struct waiting_frame; /* lane.c's */

struct lane {
    const char *name;
    struct link *to; /* borrowed */
    struct impair_settings settings;
    struct impair_dice dice;
    struct lane_counts counts;
    uint64_t line_free_us; /* when the capped line can take the next frame */
    uint64_t last_number;
    FILE *trace; /* borrowed; NULL: none */
    size_t waiting_count;
    struct waiting_frame *waiting[LANE_WAITING_MAX]; /* a heap: the next one to go is the first */
};

/* Takes a frame at now_us: it goes out at once, waits, or is gone. The frame may be changed. */
void lane_take(struct lane *lane, uint8_t *frame, size_t len, uint64_t now_us);

/* Sends what is due. Returns when the next one is; UINT64_MAX if none waits. */
uint64_t lane_send_due(struct lane *lane, uint64_t now_us);

/* Drops all that waits: the cable is cut, or it is the end. */
void lane_drop_waiting(struct lane *lane);

#endif
