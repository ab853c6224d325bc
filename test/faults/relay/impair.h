/* What a bad network does to one frame: decided by a generator of its own, so that the same seed
 * and the same sequence of frames give the same decisions, whenever the frames come. */
#ifndef IMPAIR_H
#define IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For one direction. The first five are chances in millionths. */
struct impair_settings {
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm;
    uint32_t truncate_ppm;
    uint32_t corrupt_ppm;
    uint32_t delay_us;      /* of every frame */
    uint32_t jitter_us;     /* up to so much more; frames may then overtake each other */
    uint32_t reorder_by_us; /* how much longer a frame takes that is to be overtaken */
    uint32_t rate_kbit;     /* in a second; 0: as fast as it goes */
    uint32_t buffer_kbyte;  /* what may wait for the rate; the rest is dropped */
};

/* SplitMix64 (Steele, Lea, Flood 2014): good enough for dice, and its state is one number. */
struct impair_dice {
    uint64_t state;
};

struct impair_verdict {
    bool is_lost;
    bool is_duplicated;
    bool is_reordered;
    bool is_truncated;
    bool is_corrupted;
    size_t len;         /* after truncation */
    size_t corrupt_bit; /* which one is flipped, counted from the frame's first; if is_corrupted */
    uint32_t delay_us;
};

/* Decides about a frame. Draws as many numbers for each frame, whatever they come to, so that a
 * setting changed for one kind of harm leaves the others' decisions as they were. A frame that does
 * not arrive suffers nothing else.
 *
 * One bit is flipped in a frame that is corrupted: TCP's and IP's checksums find that always. ARP
 * has no checksum, and a wire's own would have dropped the frame: it is left alone. */
struct impair_verdict impair_judge(struct impair_dice *dice, const struct impair_settings *settings,
                                   const uint8_t *frame, size_t len);

#endif
