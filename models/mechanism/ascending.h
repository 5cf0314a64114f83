/*
 * ascending.h: one stored row as the epochs want it: columns ascending, none outside the network.
 *
 * Nearly every row comes so and is used where it lies; another is copied in order into the
 * caller's memory.
 */
#ifndef MECHANISM_ASCENDING_H
#define MECHANISM_ASCENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for one row of `n` entries and the work of sorting it. */
struct ascending_room {
    uint32_t *column; /* (n) */
    uint64_t *wide;   /* (n) for u64 values */
    uint32_t *narrow; /* (n) for u32 values */
    uint64_t *slot;   /* (n) all zero between calls: entry's place + 1 by column */
};

struct ascending_u32 {
    const uint32_t *column, *value;
    uint32_t count;
};
struct ascending_u64 {
    const uint32_t *column;
    const uint64_t *value;
    uint32_t count;
};

/* Whether each column is above the one before. */
bool ascending_is_ordered(const uint32_t *column, uint64_t count);
/* Entries of an ordered row that lie in the network. */
uint32_t ascending_inside(const uint32_t *column, uint64_t count, uint32_t n);

/* `count` entries, each column at most once.  O(count), or O(n) where it must be sorted; the room
 * is used only then. */
struct ascending_u32 ascending_row_u32(const uint32_t *column, const uint32_t *value,
                                       uint64_t count, uint32_t n,
                                       const struct ascending_room *room);
struct ascending_u64 ascending_row_u64(const uint32_t *column, const uint64_t *value,
                                       uint64_t count, uint32_t n,
                                       const struct ascending_room *room);
/* The same for rows that are known to be unordered. */
struct ascending_u32 ascending_sort_u32(const uint32_t *column, const uint32_t *value,
                                        uint64_t count, uint32_t n,
                                        const struct ascending_room *room);
struct ascending_u64 ascending_sort_u64(const uint32_t *column, const uint64_t *value,
                                        uint64_t count, uint32_t n,
                                        const struct ascending_room *room);

#endif
