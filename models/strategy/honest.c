/*
 * honest: answers everybody with its model, weights by its scores, comes back when evicted.  What
 * makes a swarm of sybils is not a strategy but `owner: one` and `server: one` in its group.
 */
#include "strategy/strategy_list.h"

static const struct param_table honest_table = PARAM_TABLE_EMPTY(
    "honest", "answers everybody, weights by its own scores, comes back when evicted");

const struct strategy_ops strategy_honest = {.params = &honest_table};

const struct strategy_ops *const strategy_list[] = {
    &strategy_honest, &strategy_mute, &strategy_garbage, &strategy_cabal, NULL,
};
