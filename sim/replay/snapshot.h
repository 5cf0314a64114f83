/*
 * snapshot.h: what a mechanism is given at an epoch, outside a chain.
 *
 * A snapshot owns its arrays.  It is filled from a file of states (vectors.h) or from a run's
 * result (source.h), shown to a mechanism as a struct mechanism_input, and takes over what the
 * mechanism leaves for the next epoch.  Rows may be changed one by one.
 */
#ifndef REPLAY_SNAPSHOT_H
#define REPLAY_SNAPSHOT_H

#include "chain/mechanism.h"

struct snapshot_row {
    uint32_t *column;
    uint64_t *value;
    size_t count, capacity;
};

struct snapshot {
    uint32_t capacity; /* uids that fit */
    uint32_t n;        /* uids in use */
    uint64_t block, last_step_block, emission_rao;
    struct mechanism_rules rules;
    uint32_t owner_uid;
    bool commit_reveal; /* whether a mechanism sees `commit` */

    /* (capacity) */
    uint64_t *stake_rao, *last_update, *registered, *priority, *commit;
    uint8_t *permit, *pruned;
    struct snapshot_row *weights, *bonds;
    uint64_t *memory; /* (capacity, memory_words) */

    /* What no chain knows: enum mechanism_need says which arrays count. */
    uint32_t facts;
    double *true_value, *benchmark_score, *hashes, *operations;
    int64_t *solve_time_ns;
    uint32_t *clones;
    uint8_t *accomplice;
    uint64_t *dice, network_dice;
    struct mechanism_outside outside; /* as snapshot_input() shows it */

    uint32_t memory_words;
    uint32_t weight_one; /* the largest weight that a file may hold */

    /* The compressed rows of snapshot_input(), owned. */
    uint64_t *weight_start, *bond_start, *bond_value;
    uint32_t *weight_column, *weight_value, *bond_column;
    uint64_t weight_capacity, bond_capacity;
};

/* All zero, no rows, no owner, `n` = capacity.  The caller owns *ret_snapshot.  SIM_MEMORY. */
SIM_CHECKED enum sim_status snapshot_create(uint32_t capacity, uint32_t memory_words,
                                            struct snapshot **ret_snapshot, struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct snapshot *snapshot_free(struct snapshot *snapshot);

/* Makes the row `count` entries long, contents undefined. */
SIM_CHECKED enum sim_status snapshot_row_resize(struct snapshot_row *row, size_t count,
                                                struct sim_error *err);

/* A slot changed hands: its row of bonds, permit and priority go where `clears` says so (the
 * chain's rule, chain_clears_slot), the mechanism's own words in any case. */
void snapshot_clear_slot(struct snapshot *snapshot, uint32_t uid, bool clears);

/* Points into the snapshot; valid until it changes. */
SIM_CHECKED enum sim_status
snapshot_input(struct snapshot *snapshot, struct mechanism_input *ret_input, struct sim_error *err);

/* Takes over permits, priorities, bonds and own words.  Stakes stay as they are. */
SIM_CHECKED enum sim_status snapshot_adopt(struct snapshot *snapshot,
                                           const struct mechanism_output *output,
                                           struct sim_error *err);

/* Bonds and own words become those of the mechanism that takes over (mechanism_migrate());
 * permits and priorities stay. */
SIM_CHECKED enum sim_status snapshot_take_over(struct snapshot *snapshot,
                                               const struct mechanism_output *output,
                                               struct sim_error *err);

#endif
