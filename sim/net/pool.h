/*
 * pool.h: many growable lists of equal items in one block of memory (private to sim/net).
 *
 * A list's room is a power of two; when it is full it moves to a block of twice the size and
 * leaves its own to the next list that needs one.  The one block of memory doubles when it is used
 * up, so nothing is allocated once the peak has been seen.  Items move: hold offsets, not pointers.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { POOL_CLASS_COUNT = 28, POOL_FIRST_ITEMS = 4 };

struct pool {
    unsigned char *bytes;
    size_t item_bytes; /* >= 4 */
    uint32_t used_items, capacity_items;
    uint32_t free_first[POOL_CLASS_COUNT]; /* offset + 1 of a free block of each size; 0 = none */
};

/* One list.  Starts as {0}. */
struct pool_block {
    uint32_t offset; /* of the first item */
    uint32_t count;
    uint32_t class_plus_one; /* room = POOL_FIRST_ITEMS << class; 0 = no room yet */
};

void pool_init(struct pool *pool, size_t item_bytes);
void pool_release(struct pool *pool);

static inline void *pool_items(const struct pool *pool, const struct pool_block *block)
{
    return pool->bytes + (size_t)block->offset * pool->item_bytes;
}

/* Makes room for one more item and counts it; its content is for the caller to write. */
SIM_CHECKED enum sim_status pool_append(struct pool *pool, struct pool_block *block,
                                        struct sim_error *err);

#endif
