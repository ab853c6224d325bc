/* The echo buffers: a list of free ones, and a line of those who wait for one. */
#include "echo_buffers.h"

#include <stdlib.h>
#include <string.h>

bool echo_buffers_open(struct echo_buffers *buffers, unsigned count)
{
    *buffers = (struct echo_buffers){.all = calloc(count, sizeof(*buffers->all))};
    if (buffers->all == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        buffers->all[i].next = buffers->free;
        buffers->free = &buffers->all[i];
    }
    return true;
}

void echo_buffers_close(struct echo_buffers *buffers)
{
    free(buffers->all);
    *buffers = (struct echo_buffers){.all = NULL};
}

/* ---- The line -------------------------------------------------------------------------------- */

static void line_add(struct echo_buffers *buffers, struct echo_borrower *borrower)
{
    struct echo_borrower **end = &buffers->line;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = borrower;
    borrower->next = NULL;
    borrower->waits = true;
}

static void line_remove(struct echo_buffers *buffers, struct echo_borrower *borrower)
{
    struct echo_borrower **at = &buffers->line;
    while (*at != borrower) {
        at = &(*at)->next;
    }
    *at = borrower->next;
    borrower->next = NULL;
    borrower->waits = false;
}

static void grant(struct echo_buffers *buffers, struct echo_buffer *buffer)
{
    struct echo_borrower *first = buffers->line;
    line_remove(buffers, first);
    first->buffer = buffer;
    first->was_granted = true;
    buffers->has_granted = true;
}

/* ---- Borrowing ------------------------------------------------------------------------------- */

bool echo_buffers_borrow(struct echo_buffers *buffers, struct echo_borrower *borrower)
{
    borrower->was_granted = false;
    if (borrower->buffer != NULL) {
        return true;
    }
    if (buffers->free == NULL) {
        if (!borrower->waits) {
            line_add(buffers, borrower);
        }
        return false;
    }
    /* Nobody can be in line: what is returned goes there first. */
    borrower->buffer = buffers->free;
    buffers->free = borrower->buffer->next;
    return true;
}

void echo_buffers_return(struct echo_buffers *buffers, struct echo_borrower *borrower,
                         size_t used_len)
{
    struct echo_buffer *buffer = borrower->buffer;
    if (borrower->waits) {
        line_remove(buffers, borrower);
    }
    borrower->was_granted = false;
    if (buffer == NULL) {
        return;
    }
    borrower->buffer = NULL;
    memset(buffer->bytes, 0, used_len);
    if (buffers->line != NULL) {
        grant(buffers, buffer);
        return;
    }
    buffer->next = buffers->free;
    buffers->free = buffer;
}
