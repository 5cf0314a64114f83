/*
 * weights.h: from what peers are worth to the weights that a validator sets.
 */
#ifndef SCORER_WEIGHTS_H
#define SCORER_WEIGHTS_H

#include "agent/scorer.h"

size_t weights_scratch_bytes(uint32_t uid_count);

/*
 * v3.4-v4.0.  Of the m positive values those below the e-quantile (linear interpolation) are
 * dropped, e = min(exclude_quantile, (m - min_allowed) / m) when that is positive; the rest becomes
 * shares capped at max_weight_limit (weights_cap).
 */
void weights_quantile_and_cap(const struct scorer_limits *limits, const struct scorer_stats *stats,
                              uint32_t uid_count, void *scratch,
                              struct scorer_weights *ret_weights);

/* v3.0: the min_allowed largest values, ties at random, squashed (weights_squash).  A peer never
 * asked counts as `unasked_value`. */
void weights_top(const struct scorer_limits *limits, const struct scorer_stats *stats,
                 uint32_t uid_count, double unasked_value, struct stream *stream, void *scratch,
                 struct scorer_weights *ret_weights);

/* v3.3.3: max(min_allowed, number that ever answered) uids, those that answered first, then those
 * asked in vain, then those never asked, each group shuffled; squashed. */
void weights_responsive_first(const struct scorer_limits *limits, const struct scorer_stats *stats,
                              uint32_t uid_count, struct stream *stream, void *scratch,
                              struct scorer_weights *ret_weights);

/*
 * In place: shares that sum to 1, none above `limit`.  count x limit <= 1: all equal.  Else what
 * is above is clipped to the cutoff that makes the clipped share just `limit`, and renormalised.
 * `sorted` is scratch (count).
 */
void weights_cap(double *values, uint32_t count, double limit, double *sorted);

/* In place, v2.x-v3.3: x - min, over its sum, tanh(x count) + 1 / (ratio - 1), over its sum: the
 * largest share is at most about `ratio` times the smallest.  All equal: all equal. */
void weights_squash(double *values, uint32_t count, double ratio);

#endif
