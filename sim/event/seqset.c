#include "event/seqset.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

void seqset_release(struct seqset *set)
{
    free(set->slots);
    *set = (struct seqset){0};
}

/* Fibonacci hashing: sequence numbers come in runs, the multiplication spreads them. */
static uint64_t seqset_home(const struct seqset *set, uint64_t sequence)
{
    return ((sequence * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & set->slot_mask;
}

static void seqset_place(struct seqset *set, uint64_t sequence)
{
    uint64_t at = seqset_home(set, sequence);
    while (set->slots[at] != 0) {
        SIM_ASSERT(set->slots[at] != sequence + 1);
        at = (at + 1) & set->slot_mask;
    }
    set->slots[at] = sequence + 1;
}

static enum sim_status seqset_grow(struct seqset *set, struct sim_error *err)
{
    struct seqset bigger = {.count = set->count};
    uint64_t slot_count = set->slots == NULL ? FIRST_SLOTS : (set->slot_mask + 1) * 2;
    bigger.slots = calloc(slot_count, sizeof(bigger.slots[0]));
    if (bigger.slots == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory for cancellations");
    bigger.slot_mask = slot_count - 1;
    for (uint64_t i = 0; set->slots != NULL && i <= set->slot_mask; i++) {
        if (set->slots[i] != 0)
            seqset_place(&bigger, set->slots[i] - 1);
    }
    free(set->slots);
    *set = bigger;
    return SIM_OK;
}

enum sim_status seqset_add(struct seqset *set, uint64_t sequence, struct sim_error *err)
{
    if (set->slots == NULL || set->count * 2 > set->slot_mask) {
        enum sim_status status = seqset_grow(set, err);
        if (status != SIM_OK)
            return status;
    }
    seqset_place(set, sequence);
    set->count++;
    return SIM_OK;
}

/* The slot of the number, or of the empty slot that ends its probe sequence. */
static uint64_t seqset_find(const struct seqset *set, uint64_t sequence)
{
    uint64_t at = seqset_home(set, sequence);
    while (set->slots[at] != 0 && set->slots[at] != sequence + 1)
        at = (at + 1) & set->slot_mask;
    return at;
}

bool seqset_has(const struct seqset *set, uint64_t sequence)
{
    return set->count > 0 && set->slots[seqset_find(set, sequence)] != 0;
}

bool seqset_remove(struct seqset *set, uint64_t sequence)
{
    if (set->count == 0)
        return false;
    uint64_t gap = seqset_find(set, sequence);
    if (set->slots[gap] == 0)
        return false;
    set->slots[gap] = 0;
    set->count--;
    /* Whoever stands behind the gap and could have stood in it moves into it. */
    for (uint64_t at = (gap + 1) & set->slot_mask; set->slots[at] != 0;
         at = (at + 1) & set->slot_mask) {
        uint64_t home = seqset_home(set, set->slots[at] - 1);
        if (((at - home) & set->slot_mask) < ((at - gap) & set->slot_mask))
            continue;
        set->slots[gap] = set->slots[at];
        set->slots[at] = 0;
        gap = at;
    }
    return true;
}
