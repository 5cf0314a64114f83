/*
 * work.h: one job on its way through the pool.  Internal to compute.
 *
 * A work lies in a page that lives as long as the pool, so a thread may look at its tag at any
 * time.  The tag is (round << 2 | state); the round grows whenever the place is used again.  Who
 * moves the tag from pending to running of the round that he was told owns the work until he sets
 * it to done; until then nobody else reads anything but the tag.
 */
#ifndef COMPUTE_WORK_H
#define COMPUTE_WORK_H

#include "compute/compute.h"

#include <stdatomic.h>

enum work_state { WORK_FREE, WORK_PENDING, WORK_RUNNING, WORK_DONE };

struct work {
    _Atomic uint64_t tag;

    /* Frozen at start; read by the thread that runs it. */
    compute_run_f *run;
    void *input, *output;
    uint64_t scratch_bytes;
    uint64_t work_flop;
    uint64_t group;
    uint32_t output_bytes;
    uint32_t kind;
    enum sim_status status; /* written by that thread */

    /* The loop's thread alone. */
    uint32_t references; /* tickets, and one for the memo */
    uint32_t input_class, output_class, key_class;
    uint32_t hold_count;
    struct version *holds[COMPUTE_HOLDS_MAX];
    struct work *next; /* on the list of free or of abandoned works */
    bool is_redeemed;  /* inputs and holds have been given back */

    /* The memo's (memo.h). */
    void *key;
    uint32_t key_bytes;
    bool is_memoised;
    uint64_t hash;
    struct work *chain;         /* of equal buckets */
    struct work *newer, *older; /* by last use */
};

static inline uint64_t work_tag(uint64_t round, enum work_state state)
{
    return round << 2 | (uint64_t)state;
}

static inline enum work_state work_state(const struct work *work)
{
    return (enum work_state)(atomic_load_explicit(&work->tag, memory_order_acquire) & 3);
}

#endif
