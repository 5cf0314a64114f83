/*
 * heap.h: which of a fixed set of numbers has the earliest time (private to sim/net).
 *
 * An indexed 4-ary heap: each number 0..capacity-1 has at most one time, which can be set, moved
 * and removed.  Order is (time, number), so the answer does not depend on history.
 */
#ifndef NET_HEAP_H
#define NET_HEAP_H

#include "base/error.h"

#include <stdint.h>

struct heap_slot {
    int64_t at_ns;
    uint32_t number;
};

struct heap {
    struct heap_slot *slots; /* (count of capacity) */
    uint32_t *position;      /* (capacity) slot of each number + 1; 0 = not in the heap */
    uint32_t count, capacity;
};

SIM_CHECKED enum sim_status heap_init(struct heap *heap, uint32_t capacity, struct sim_error *err);
/* Accepts a heap whose heap_init failed. */
void heap_release(struct heap *heap);
/* Adds the number or changes its time. */
void heap_set(struct heap *heap, uint32_t number, int64_t at_ns);
/* Nothing happens when the number is not in the heap. */
void heap_remove(struct heap *heap, uint32_t number);
void heap_check(const struct heap *heap);

#endif
