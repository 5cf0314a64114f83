/*
 * source.h: the states of a run, from its result: what each epoch's mechanism was given.
 *
 * A run records them by default (`record: {states: true}`).  They hold the facts that the chain
 * gave: stakes, weights, blocks, rules, the emission on offer.  What a mechanism keeps from epoch
 * to epoch (bonds, permits, words of its own) is not in them: whoever goes through the states in
 * order keeps it in the snapshot, so that another mechanism can go through the same run.
 */
#ifndef REPLAY_SOURCE_H
#define REPLAY_SOURCE_H

#include "record/reader.h"
#include "replay/snapshot.h"

struct source;

/* The reader must outlive the source; `clears` is chain_clears_slot of the run's profile.
 * SIM_CONFIG when the run recorded no states.  The caller owns *ret_source. */
SIM_CHECKED enum sim_status source_open(struct reader *reader, bool clears,
                                        struct source **ret_source, struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct source *source_free(struct source *source);

uint64_t source_count(const struct source *source);
/* An empty snapshot, large enough for every state. */
SIM_CHECKED enum sim_status source_snapshot(const struct source *source, uint32_t memory_words,
                                            struct snapshot **ret_snapshot, struct sim_error *err);

/* The block that ran the epoch of state `index`.  SIM_IO. */
SIM_CHECKED enum sim_status source_block(const struct source *source, uint64_t index,
                                         uint64_t *ret_block, struct sim_error *err);
/* Moves the snapshot to state `index`: to be called for 0, 1, 2, ... in turn, with the epochs'
 * results adopted in between.  `weight_one` is the full weight of the mechanism that will see it;
 * rows that did not change since the state before stay as they are.  *ret_epoch_row is the root's
 * row of the epoch.  SIM_IO, SIM_MEMORY. */
SIM_CHECKED enum sim_status source_load(struct source *source, uint64_t index, uint32_t weight_one,
                                        struct snapshot *snapshot, uint64_t *ret_epoch_row,
                                        struct sim_error *err);

#endif
