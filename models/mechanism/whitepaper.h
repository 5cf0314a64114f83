/*
 * whitepaper.h: the incentive of Bittensor's whitepaper (2021), before there was a median.
 *
 *   R_j = sum_i S_i w_ij                          rank
 *   T_j = sum of S_i with w_ij > 0, of all S      trust
 *   C_j = 1 / (1 + exp(-(T_j - shift) temperature))
 *   I_j = R_j C_j
 *
 * A party that most of the stake does not connect to loses its share of stake, slowly at first.
 * docs/mechanisms/whitepaper.md has the rest and the published series.
 */
#ifndef MECHANISM_WHITEPAPER_H
#define MECHANISM_WHITEPAPER_H

#include "base/fixed.h"
#include "chain/mechanism.h"

struct whitepaper_params {
    double temperature;    /* steepness of the sigmoid */
    double shift;          /* trust that gives a consensus of 1/2 */
    double dividend_share; /* part of the emission that goes to holders of bonds */
};

/* n uids; row i of the weights sums to 1, or is empty. */
struct whitepaper_graph {
    uint32_t neuron_count;
    const double *stake;    /* (n) */
    const uint64_t *start;  /* (n + 1) */
    const uint32_t *column; /* (start[n]) */
    const double *weight;   /* (start[n]) */
};

/* Each array (n).  Incentives are in units of stake and sum to what they happen to. */
struct whitepaper_scores {
    double *rank, *trust, *consensus, *incentive;
};

/* Pure.  Sums do not depend on the order of uids.  `work` (n + n) is working memory. */
void whitepaper_score(const struct whitepaper_params *params, const struct whitepaper_graph *graph,
                      fixed_i128 *work, struct whitepaper_scores *ret_scores);

extern const struct mechanism_ops whitepaper_mechanism;

#endif
