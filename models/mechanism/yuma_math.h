/*
 * yuma_math.h: the scalar and per-column pieces of the epoch: permits, the stake-weighted median,
 * and the two generations of liquid alpha.  All numbers are I32F32 bits (base/fixed.h).
 */
#ifndef MECHANISM_YUMA_MATH_H
#define MECHANISM_YUMA_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ret_top_i = 1 for the k largest, and for none of the others.  Among equal ones the higher index
 * wins.  With fewer than k elements all are on top.  `nonzero_only`: a zero is never on top. */
void yuma_top(const int64_t *x, uint32_t count, uint32_t k, bool nonzero_only, uint64_t *work,
              uint8_t *ret_top);

/* The median of one column as the chain finds it: pivots, lists of smaller and larger ones.
 * `stake` and `score` (count) are indexed by `member`; `member` (count, at first 0, 1, ...) and
 * `spare` (count) are working memory.  minority = stake_sum - kappa. */
int64_t yuma_weighted_median(const int64_t *stake, const int64_t *score, uint32_t count,
                             int64_t minority, int64_t stake_sum, uint32_t *member,
                             uint32_t *spare);

/* The liquid alpha of 2026: how fast one bond adapts, from its distance to consensus. */
struct yuma_alpha {
    int64_t low, high; /* bounds, I32F32 */
    int64_t factor;    /* steepness / -100, I32F32 */
};
struct yuma_alpha yuma_alpha_from(uint16_t low, uint16_t high, int32_t steepness);
/* z of the logistic 1 / (1 + exp(z)). */
int64_t yuma_alpha_exponent(const struct yuma_alpha *alpha, int64_t consensus, int64_t weight,
                            int64_t bond);
int64_t yuma_alpha_of_exponent(const struct yuma_alpha *alpha, int64_t exponent);
int64_t yuma_alpha_sigmoid(const struct yuma_alpha *alpha, int64_t consensus, int64_t weight,
                           int64_t bond);

/* The quantile q (0..1) of an ascending vector, with linear interpolation; 0 for an empty one. */
int64_t yuma_quantile_sorted(const int64_t *sorted, uint32_t count, double q);

/* The liquid alpha of 2024-2025: a logistic through (consensus_low, low), (consensus_high, high).
 */
struct yuma_logistic {
    int64_t a, b;
};
struct yuma_logistic yuma_logistic_from(int64_t alpha_low, int64_t alpha_high,
                                        int64_t consensus_high, int64_t consensus_low);
/* Not clamped. */
int64_t yuma_logistic_alpha(const struct yuma_logistic *logistic, int64_t consensus);

#endif
