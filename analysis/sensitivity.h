/*
 * sensitivity.h: which parameters a result depends on.
 *
 * Both methods take the outputs of a design of sweep/design.h, block by block, and resample whole
 * blocks for their intervals (percentile bootstrap, metrics_bootstrap): a block is what the design
 * drew independently.  A block with an output that is NaN (a run that is missing) is left out.
 */
#ifndef ANALYSIS_SENSITIVITY_H
#define ANALYSIS_SENSITIVITY_H

#include "analysis/metrics.h"
#include "sweep/design.h"

/*
 * Variance shares (Sobol 2001) by the estimators of Saltelli et al. 2010, table 2 (b) and (f), over
 * blocks f(A), f(B), f(AB_1), ..., f(AB_k); V = variance of all f(A) and f(B):
 *     first_i = mean f(B) (f(AB_i) - f(A)) / V        what the parameter explains by itself
 *     total_i = mean (f(A) - f(AB_i))^2 / (2 V)       with all that it does together with others
 * Outputs are centred first, which changes no expectation and less of the noise.  V = 0: NaN.
 */
struct sensitivity_shares {
    struct metrics_interval *first, *total; /* (k), the caller's memory */
};
SIM_CHECKED enum sim_status sensitivity_saltelli(const double *outputs, size_t block_count,
                                                 size_t k, size_t resamples, double level,
                                                 struct stream *stream,
                                                 struct sensitivity_shares *shares,
                                                 struct sim_error *err);

/*
 * Elementary effects (Morris 1991, Campolongo et al. 2007): (f(x + step e_i) - f(x)) / step along
 * each trajectory, x in the unit cube:
 *     mean and mean_abs (mu, mu*)   how strong, with and without sign
 *     sd (sigma)                    how much that depends on the rest; 0 for one trajectory
 */
struct sensitivity_effects {
    struct metrics_interval *mean, *mean_abs, *sd; /* (k), the caller's memory */
};
SIM_CHECKED enum sim_status sensitivity_morris(const double *outputs, const struct design *design,
                                               size_t resamples, double level,
                                               struct stream *stream,
                                               struct sensitivity_effects *effects,
                                               struct sim_error *err);

#endif
