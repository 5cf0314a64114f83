/*
 * pair_scorers.h: the scorers that rest on losses of peers and pairs: loss, shapley, divergence.
 */
#ifndef SCORER_PAIR_SCORERS_H
#define SCORER_PAIR_SCORERS_H

#include "agent/scorer.h"

/* Which release of the validator is followed. */
enum scorer_era {
    SCORER_E4,     /* v3.0: value of the batch's loss; top weights squashed to a ratio */
    SCORER_E4_3_3, /* v3.3.3: synergy divided by the answers; weights for whoever answers first */
    SCORER_E5,     /* v3.4-3.5: quantile and cap */
    SCORER_E6      /* v3.6-4.0: value of the running average of losses; divergence */
};

struct pair_params {
    int era;      /* enum scorer_era */
    int loss_map; /* enum scaling_map */
    double power, synergy_power;
    double alpha;      /* of the running averages */
    double divergence; /* lambda: the value is divided by 1 + lambda x excess */
};

extern const struct scorer_ops scorer_loss, scorer_shapley, scorer_divergence;

#endif
