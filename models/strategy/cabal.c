/*
 * cabal: a validator that gives a share of its weight to the servers of its own alliance, evenly
 * and whatever they are worth, and the rest by its scores.  With share 1 it measures nothing and
 * copies nobody (the self-weighting cabal of the network's whitepaper, arXiv 2003.03917).
 */
#include "strategy/strategy_list.h"

struct cabal_params {
    double share; /* of the weight, for the alliance */
};

static const struct param_key cabal_keys[] = {
    {"share", PARAM_REAL, offsetof(struct cabal_params, share), "0", "1", "1", NULL,
     "part of the weight that goes to the own alliance's servers, evenly"},
};
static const struct param_condition cabal_conditions[] = {{"share", "validator=true"}};
static const struct param_table cabal_table =
    PARAM_TABLE_WHEN("cabal", struct cabal_params, cabal_keys, cabal_conditions,
                     "a validator that weights the servers of its own alliance");

static void cabal_weights(const void *params, const struct strategy_view *view, double *weights)
{
    const struct cabal_params *cabal = params;
    double scored = 0;
    uint32_t allies = 0;
    for (uint32_t uid = 0; uid < view->uid_count; uid++) {
        scored += weights[uid];
        allies += view->ally[uid] && view->serves[uid];
    }
    if (allies == 0)
        return;
    for (uint32_t uid = 0; uid < view->uid_count; uid++) {
        double own = view->ally[uid] && view->serves[uid] ? cabal->share / allies : 0;
        double rest = scored > 0 ? (1 - cabal->share) * weights[uid] / scored : 0;
        weights[uid] = own + rest;
    }
}

const struct strategy_ops strategy_cabal = {.params = &cabal_table, .weights = cabal_weights};
