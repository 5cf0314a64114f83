/*
 * sampled.h: Shapley values of the mixture of peers, from the target's losses alone.
 *
 * A coalition S answers with the mean of its members' distributions; it is worth
 *   v(S) = ln V - mean over rows of -ln(mean over S of p),   v(nobody) = 0,
 * in nats under a uniform guess.  A peer's Shapley value is its average gain over all orders in
 * which peers join; here over `orders` of them: every drawn order counts with all its
 * rotations, so that each peer is first, second, ... equally often, which is where most of the
 * noise would come from.  The values of one step sum to v(all) exactly, whatever was drawn.
 */
#ifndef SCORER_SAMPLED_H
#define SCORER_SAMPLED_H

#include "base/stream.h"

/* Doubles of scratch. */
size_t sampled_scratch_count(uint32_t count, uint32_t row_count);

/* `half` and `row_count` as pairs_prepare left them for `count` peers; ret (count). */
void sampled_shapley(const double *half, uint32_t row_count, uint32_t count, uint32_t symbols,
                     uint32_t orders, struct stream *stream, double *scratch, double *ret);

/* ret (count): v(all) - v(all but the peer); of a single peer v itself. */
void sampled_leave_one_out(const double *half, uint32_t row_count, uint32_t count, uint32_t symbols,
                           double *scratch, double *ret);

#endif
