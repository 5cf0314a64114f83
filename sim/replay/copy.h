/*
 * copy.h: a result like a recorded one, with what another mechanism pays in place of what was paid.
 *
 * Everything is copied but what a mechanism computes at an epoch: emission_rao, paid_rao,
 * incentive, dividends, consensus, trust, rank, validator_trust, pruning_score, permits and
 * activity, which are the replay's (fields that the mechanism does not compute are 0, or NaN for
 * pruning_score).  paid_rao is what the row's own epoch pays, where a run records what was minted
 * since the row before.  Digests of the recorded run are not copied; the attributes `replay_of`,
 * `replay_of_trace_digest`, `replay_note` and `replay_follows_schedule` (1: the mechanisms changed
 * as in the run) say what this file is.
 */
#ifndef REPLAY_COPY_H
#define REPLAY_COPY_H

#include "chain/mechanism.h"
#include "record/reader.h"

struct copy;

/* `ops` pays the first epoch, and all of them unless the copy `follows` the run's own changes.
 * Writes aside until copy_finish(); `reader` must outlive the copy.  SIM_IO, SIM_MEMORY.  The
 * caller owns *ret_copy. */
SIM_CHECKED enum sim_status copy_create(struct reader *reader, const char *path,
                                        const struct mechanism_ops *ops, bool follows,
                                        const char *note, struct copy **ret_copy,
                                        struct sim_error *err);
/* The next row of the epoch dimension; `ops` is whose output it is. */
SIM_CHECKED enum sim_status copy_epoch(struct copy *copy, uint64_t epoch_row,
                                       const struct mechanism_ops *ops,
                                       const struct mechanism_output *output,
                                       struct sim_error *err);
/* Everything else, and the file gets its name. */
SIM_CHECKED enum sim_status copy_finish(struct copy *copy, struct sim_error *err);
/* Accepts NULL, returns NULL.  Without copy_finish() nothing is left behind. */
struct copy *copy_free(struct copy *copy);

#endif
