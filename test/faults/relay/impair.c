/* Rolls the dice for each frame. */
#include "impair.h"

#define ETHERNET_LEN 14
#define MILLION 1000000

static uint64_t roll(struct impair_dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool roll_chance(struct impair_dice *dice, uint32_t ppm)
{
    return roll(dice) % MILLION < ppm;
}

/* A number from first to last. */
static size_t within(uint64_t rolled, size_t first, size_t last)
{
    return first + (size_t)(rolled % (last - first + 1));
}

static bool is_arp(const uint8_t *frame)
{
    return frame[12] == 0x08 && frame[13] == 0x06;
}

struct impair_verdict impair_judge(struct impair_dice *dice, const struct impair_settings *settings,
                                   const uint8_t *frame, size_t len)
{
    struct impair_verdict verdict = {.len = len, .delay_us = settings->delay_us};
    verdict.is_lost = roll_chance(dice, settings->loss_ppm);
    verdict.is_duplicated = roll_chance(dice, settings->duplicate_ppm);
    verdict.is_reordered = roll_chance(dice, settings->reorder_ppm);
    verdict.is_truncated = roll_chance(dice, settings->truncate_ppm);
    verdict.is_corrupted = roll_chance(dice, settings->corrupt_ppm);
    uint64_t jitter = roll(dice);
    uint64_t cut = roll(dice);
    uint64_t bit = roll(dice);
    if (verdict.is_lost) {
        return (struct impair_verdict){.is_lost = true, .len = len};
    }
    verdict.delay_us += (uint32_t)within(jitter, 0, settings->jitter_us);
    verdict.delay_us += verdict.is_reordered ? settings->reorder_by_us : 0;
    verdict.is_truncated = verdict.is_truncated && len > ETHERNET_LEN;
    if (verdict.is_truncated) {
        verdict.len = within(cut, ETHERNET_LEN, len - 1);
    }
    verdict.is_corrupted = verdict.is_corrupted && len > ETHERNET_LEN && !is_arp(frame);
    verdict.corrupt_bit = within(bit, 0, 8 * verdict.len - 1);
    return verdict;
}
