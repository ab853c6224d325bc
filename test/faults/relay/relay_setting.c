/* Reads settings. */
#include "relay_setting.h"

#include <stdlib.h>
#include <string.h>

#define PERCENT(member, help_text)                                                                 \
    "PERCENT", help_text, offsetof(struct impair_settings, member), 10000, 100
#define MILLISECONDS(member, help_text)                                                            \
    "MS", help_text, offsetof(struct impair_settings, member), 1000, 60000

const struct relay_setting relay_settings[] = {
    {"loss", PERCENT(loss_ppm, "frames that do not arrive")},
    {"duplicate", PERCENT(duplicate_ppm, "frames that arrive twice")},
    {"reorder", PERCENT(reorder_ppm, "frames that later ones may overtake")},
    {"truncate", PERCENT(truncate_ppm, "frames that are cut short")},
    {"corrupt", PERCENT(corrupt_ppm, "frames with one bit flipped (ARP is spared)")},
    {"delay", MILLISECONDS(delay_us, "time that every frame takes")},
    {"jitter", MILLISECONDS(jitter_us, "up to so much more, different for each frame")},
    {"reorder-by", MILLISECONDS(reorder_by_us, "more for frames to be overtaken; default 5")},
    {"rate", "MBIT", "cap in Mbit/s; 0: none", offsetof(struct impair_settings, rate_kbit), 1000,
     100000},
    {"buffer", "KB", "what may wait for the rate; default 100",
     offsetof(struct impair_settings, buffer_kbyte), 1, 1000000},
    {NULL, NULL, NULL, 0, 0, 0},
};

const struct relay_setting *relay_setting_find(const char *name)
{
    const struct relay_setting *setting = relay_settings;
    while (setting->name != NULL && strcmp(setting->name, name) != 0) {
        setting++;
    }
    return setting->name != NULL ? setting : NULL;
}

/* Reads a number that ends the text or is followed by a comma. */
static bool read_number(const char *text, double max, double *value, const char **end)
{
    char *after = NULL;
    *value = strtod(text, &after);
    *end = after;
    return after != text && (*after == '\0' || *after == ',') && *value >= 0 && *value <= max;
}

static void store(struct impair_settings *settings, const struct relay_setting *setting,
                  double value)
{
    uint32_t stored = (uint32_t)(value * setting->scale + 0.5);
    memcpy((char *)settings + setting->offset, &stored, sizeof(stored));
}

bool relay_setting_apply(const struct relay_setting *setting, const char *text,
                         struct impair_settings *a_to_b, struct impair_settings *b_to_a)
{
    double there = 0, back = 0;
    const char *end = NULL;
    if (!read_number(text, setting->max, &there, &end)) {
        return false;
    }
    back = there;
    if (*end == ',' && (!read_number(end + 1, setting->max, &back, &end) || *end != '\0')) {
        return false;
    }
    store(a_to_b, setting, there);
    store(b_to_a, setting, back);
    return true;
}
