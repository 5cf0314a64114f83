/*
 * seqset.h: a set of sequence numbers, for cancelled events (private to sim/event).
 *
 * Open addressing with linear probing, at most half full; removal closes the gap, so the set
 * never fills with tombstones.  The order of its slots decides nothing.
 */
#ifndef EVENT_SEQSET_H
#define EVENT_SEQSET_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct seqset {
    uint64_t *slots;    /* sequence + 1; 0 is empty */
    uint64_t slot_mask; /* slots - 1; 0 before the first add */
    uint64_t count;
};

void seqset_release(struct seqset *set);
/* The number must not be in the set yet.  SIM_MEMORY. */
SIM_CHECKED enum sim_status seqset_add(struct seqset *set, uint64_t sequence,
                                       struct sim_error *err);
bool seqset_has(const struct seqset *set, uint64_t sequence);
/* True when it was in the set. */
bool seqset_remove(struct seqset *set, uint64_t sequence);

#endif
