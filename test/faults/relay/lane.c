/* A direction's queue, rate and counts. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

struct waiting_frame {
    uint64_t due_us;
    uint64_t number; /* of two that are due at once, the one that came first goes first */
    size_t len;
    uint8_t bytes[];
};

/* ---- The heap of waiting frames ------------------------------------------------------------- */

static bool goes_before(const struct waiting_frame *a, const struct waiting_frame *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void swap(struct lane *lane, size_t i, size_t k)
{
    struct waiting_frame *frame = lane->waiting[i];
    lane->waiting[i] = lane->waiting[k];
    lane->waiting[k] = frame;
}

static void push(struct lane *lane, struct waiting_frame *frame)
{
    size_t at = lane->waiting_count++;
    lane->waiting[at] = frame;
    while (at > 0 && goes_before(lane->waiting[at], lane->waiting[(at - 1) / 2])) {
        swap(lane, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static size_t first_child(const struct lane *lane, size_t at)
{
    size_t left = 2 * at + 1, right = left + 1;
    bool is_right =
        right < lane->waiting_count && goes_before(lane->waiting[right], lane->waiting[left]);
    return is_right ? right : left;
}

static struct waiting_frame *pop(struct lane *lane)
{
    struct waiting_frame *frame = lane->waiting[0];
    lane->waiting[0] = lane->waiting[--lane->waiting_count];
    for (size_t at = 0, child = first_child(lane, 0);
         child < lane->waiting_count && goes_before(lane->waiting[child], lane->waiting[at]);
         at = child, child = first_child(lane, at)) {
        swap(lane, at, child);
    }
    return frame;
}

/* ---- Sending -------------------------------------------------------------------------------- */

static void send_now(struct lane *lane, const uint8_t *frame, size_t len)
{
    lane->counts.overflowed += !lane->to->ops->send(lane->to, frame, len);
}

static void wait_until(struct lane *lane, const uint8_t *bytes, size_t len, uint64_t due_us)
{
    struct waiting_frame *frame = NULL;
    if (lane->waiting_count < LANE_WAITING_MAX) {
        frame = malloc(sizeof(*frame) + len);
    }
    if (frame == NULL) {
        lane->counts.overflowed++;
        return;
    }
    frame->due_us = due_us;
    frame->number = ++lane->last_number;
    frame->len = len;
    memcpy(frame->bytes, bytes, len);
    push(lane, frame);
}

/* When the last bit of a frame is on a line of the capped rate; false if its buffer is full. */
static bool pass_line(struct lane *lane, size_t len, uint64_t now_us, uint64_t *out_us)
{
    uint64_t rate_kbit = lane->settings.rate_kbit;
    *out_us = now_us;
    if (rate_kbit == 0) {
        return true;
    }
    uint64_t begin_us = lane->line_free_us > now_us ? lane->line_free_us : now_us;
    uint64_t waiting_len = (begin_us - now_us) * rate_kbit / 8000;
    if (waiting_len > (uint64_t)lane->settings.buffer_kbyte * 1000) {
        return false;
    }
    *out_us = lane->line_free_us = begin_us + (uint64_t)len * 8000 / rate_kbit;
    return true;
}

static void forward(struct lane *lane, const uint8_t *frame, size_t len, uint32_t delay_us,
                    uint64_t now_us)
{
    uint64_t out_us = now_us;
    if (!pass_line(lane, len, now_us, &out_us)) {
        lane->counts.overflowed++;
    } else if (lane->waiting_count == 0 && out_us + delay_us <= now_us) {
        send_now(lane, frame, len);
    } else {
        wait_until(lane, frame, len, out_us + delay_us);
    }
}

/* ---- What the relay calls ------------------------------------------------------------------- */

static void count(struct lane_counts *counts, const struct impair_verdict *verdict, size_t len)
{
    counts->frames++;
    counts->bytes += len;
    counts->lost += verdict->is_lost;
    counts->duplicated += verdict->is_duplicated;
    counts->reordered += verdict->is_reordered;
    counts->truncated += verdict->is_truncated;
    counts->corrupted += verdict->is_corrupted;
}

static void trace(const struct lane *lane, const struct impair_verdict *verdict, size_t len)
{
    if (lane->trace == NULL) {
        return;
    }
    fprintf(lane->trace, "%s %llu len=%zu", lane->name, (unsigned long long)lane->counts.frames,
            len);
    fprintf(lane->trace, "%s%s%s", verdict->is_lost ? " lost" : "",
            verdict->is_duplicated ? " duplicated" : "", verdict->is_reordered ? " reordered" : "");
    if (verdict->is_truncated) {
        fprintf(lane->trace, " truncated=%zu", verdict->len);
    }
    if (verdict->is_corrupted) {
        fprintf(lane->trace, " corrupted=%zu", verdict->corrupt_bit);
    }
    fprintf(lane->trace, " delay_us=%u\n", verdict->delay_us);
}

void lane_take(struct lane *lane, uint8_t *frame, size_t len, uint64_t now_us)
{
    struct impair_verdict verdict = impair_judge(&lane->dice, &lane->settings, frame, len);
    count(&lane->counts, &verdict, len);
    trace(lane, &verdict, len);
    if (verdict.is_lost) {
        return;
    }
    if (verdict.is_corrupted) {
        frame[verdict.corrupt_bit / 8] ^= (uint8_t)(1U << verdict.corrupt_bit % 8);
    }
    forward(lane, frame, verdict.len, verdict.delay_us, now_us);
    if (verdict.is_duplicated) {
        forward(lane, frame, verdict.len, verdict.delay_us, now_us);
    }
}

uint64_t lane_send_due(struct lane *lane, uint64_t now_us)
{
    while (lane->waiting_count > 0) {
        if (lane->waiting[0]->due_us > now_us) {
            return lane->waiting[0]->due_us;
        }
        struct waiting_frame *frame = pop(lane);
        send_now(lane, frame->bytes, frame->len);
        free(frame);
    }
    return UINT64_MAX;
}

void lane_drop_waiting(struct lane *lane)
{
    lane->counts.cut += lane->waiting_count;
    while (lane->waiting_count > 0) {
        free(lane->waiting[--lane->waiting_count]);
    }
}
