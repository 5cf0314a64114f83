/*
 * divergence.h: who answers unlike the others (validators of v3.6.1 and later).
 */
#ifndef SCORER_DIVERGENCE_H
#define SCORER_DIVERGENCE_H

#include <stddef.h>
#include <stdint.h>

/* Doubles of scratch. */
size_t divergence_scratch_count(uint32_t peer_count, uint32_t symbols);

/*
 * P_u(v) the distribution of peer u in one row, Pbar its mean over the `count` peers:
 *   h_u = sqrt(1/2 sum_v (sqrt P_u(v) - sqrt Pbar(v))^2)       Hellinger distance
 *   m, s = mean and unbiased standard deviation of h over peers
 *   excess_u = mean over rows of clamp((max(h_u - m - s, 0) / (s + 1e-9))^3, 0, 10)
 * A single peer has s undefined and gets 0.  distributions is (K, rows, V); `peers` the `count`
 * of the K that answered.  ret_excess (count); ret_hellinger (count, rows), ret_mean and ret_std
 * (rows) may be NULL.
 */
void divergence_excess(const double *distributions, uint32_t rows, uint32_t symbols,
                       const uint32_t *peers, uint32_t count, double *scratch, double *ret_excess,
                       double *ret_hellinger, double *ret_mean, double *ret_std);

#endif
