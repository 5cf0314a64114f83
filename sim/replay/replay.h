/*
 * replay.h: the epochs of a recorded run through a mechanism, without models.
 *
 * Stakes, weights, registrations and rules are the recorded ones at every epoch; bonds, permits and
 * whatever else the mechanism keeps are its own, from the first epoch on.  Behaviour is held fixed:
 * nobody reacts to what this mechanism would have paid, and what it pays does not become stake.
 * The run's own mechanism pays what was recorded, bit for bit, also where a schedule exchanged it:
 * the next one takes over what the one before it kept, as on the chain.  (Where variants that count
 * bonds by stake follow on others, by the stakes of the next epoch.)  (In a slot that changed hands
 * in an epoch's own block the recorded row shows the newcomer; where the chain clears such slots,
 * so does a replay.)
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "replay/source.h"

/* Who pays. */
struct replay_rule {
    const struct mechanism_ops *ops;
    const void *params; /* what ops->params describes */
};

/* Another mechanism takes over, or other parameters do. */
struct replay_change {
    uint64_t block; /* the last one before it */
    struct replay_rule rule;
};

struct replay_setup {
    struct reader *reader; /* the recorded run */
    bool clears;           /* chain_clears_slot of its profile */
    struct replay_rule rule;
    const struct replay_change *changes; /* (change_count) blocks ascending */
    size_t change_count;
    uint64_t count; /* epochs to go through; 0: all */
    /* After each epoch; may be NULL.  `snapshot` is still the state before it. */
    enum sim_status (*epoch)(void *context, uint64_t epoch_row, const struct replay_rule *rule,
                             struct snapshot *snapshot, const struct mechanism_output *output,
                             struct sim_error *err);
    void *context;
};

/* SIM_CONFIG: no states, a mechanism that needs facts which were not recorded, or its own check;
 * else what the mechanism, the reader or `epoch` return. */
SIM_CHECKED enum sim_status replay_run(const struct replay_setup *setup, struct sim_error *err);

#endif
