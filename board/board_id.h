/* What tells this machine from others of its kind. */
#ifndef BOARD_ID_H
#define BOARD_ID_H

#include <stddef.h>
#include <stdint.h>

/* Room that an id needs at most, in bytes. */
#define BOARD_ID_MAX 64

/* Puts an id that stays the same across boots into out (cap bytes), and returns its length; 0 if
 * the machine has none. It is not for display: hash it first. */
size_t board_id_read(uint8_t *out, size_t cap);

#endif
