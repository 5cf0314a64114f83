/*
 * vectors.h: files of states in JSON, as the reference vectors of the real chain are written.
 *
 *   {"version": "head", "n": 16, "params": {...},
 *    "init": {"stake": [...], "last_update": [...], "block_at_registration": [...],
 *             "validator_permit": [...], "weights": {"2": [0, 55908, 2, 42130]}, "bonds": {}},
 *    "steps": [{"block": 10937, "emission": 384471125045, "last_mechanism_step_block": 0,
 *               "set_stake": [], "reregister": [], "set_weights": {}, "touch": [],
 *               "sparse": {"incentive": [...], ...}}]}
 *
 * `version` is a date of the real chain's code (nakamoto, finney2023-05, v2.0.11, head) or the
 * name of a mechanism.  A step's transactions come first, in the order above, then one epoch.
 * (`replace` is nakamoto's reregister; `pruned` lists slots that changed hands before `init`, and
 * `init` may hold `memory`, the mechanism's own words, row after row.)
 * What an epoch gives stands under `sparse` (nakamoto: `out`), and is the state of the next step.
 * Messages are "line:column: what".
 */
#ifndef REPLAY_VECTORS_H
#define REPLAY_VECTORS_H

#include "base/json.h"
#include "replay/snapshot.h"

/* What a new holder of a slot finds there, which differs from date to date. */
enum vectors_chain { VECTORS_NAKAMOTO, VECTORS_FINNEY, VECTORS_V2, VECTORS_HEAD };
enum vectors_chain vectors_chain_of(const char *version);

/* The mechanism of a version with these `params`: a date's, or the version itself. */
const char *vectors_mechanism_name(const char *version, const struct json_value *params);

/* Fills a mechanism's parameters: defaults, then the members of `params` that its table names, as
 * the chain's own numbers (a fraction as N of 65535) or as text in the scenario's notation.
 * SIM_CONFIG for a member that is neither, nor one of the chain's own names. */
SIM_CHECKED enum sim_status vectors_read_params(const struct json_value *params,
                                                const struct param_table *table, void *ret_values,
                                                struct sim_error *err);

/* `n`, `init`, and of `params` what is the chain's, for a mechanism: it says how large weights and
 * bonds may be.  The caller owns *ret_snapshot. */
SIM_CHECKED enum sim_status vectors_read_init(const struct json_value *root,
                                              const struct mechanism_ops *ops,
                                              struct snapshot **ret_snapshot,
                                              struct sim_error *err);

/* The transactions of a step, in the order above, and its block and emission. */
SIM_CHECKED enum sim_status vectors_apply(struct snapshot *snapshot, enum vectors_chain chain,
                                          const struct json_value *step, struct sim_error *err);

/* After an epoch: permits, bonds, priorities; in nakamoto also the emission, as stake. */
SIM_CHECKED enum sim_status vectors_adopt(struct snapshot *snapshot, enum vectors_chain chain,
                                          const struct mechanism_output *output,
                                          struct sim_error *err);

#endif
