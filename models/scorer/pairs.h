/*
 * pairs.h: the losses of all peers and of all pairs of peers, from the target's losses alone.
 *
 * A pair answers with the mean of its two distributions; of that only the target's entry matters,
 * so K x rows numbers decide all pairs.  Everything is double: a sum of logarithms is taken as one
 * logarithm of a product whose exponents are split off in time, which is why it is fast.
 */
#ifndef SCORER_PAIRS_H
#define SCORER_PAIRS_H

#include <stddef.h>
#include <stdint.h>

/* The floor inside every logarithm of a probability. */
#define PAIRS_PROBABILITY_FLOOR 1e-40

/* ret[i] = exp(-loss_nats[i]), NaN and infinite losses as SCALING_BAD_LOSS_NATS; to 2 units in
 * the last place, losses above 700 as 700. */
void pairs_probabilities(const double *loss_nats, size_t count, double *ret);

/* Numbers between two rows of a table of `row_count` rows. */
size_t pairs_stride(uint32_t row_count);

/* Halved probabilities (count, stride) as pair_losses wants them, with the padding's ones;
 * `peers` are the rows of loss_nats (K, row_count) to take.  ret_mean (count) gets mean losses. */
void pairs_prepare(const double *loss_nats, uint32_t row_count, const uint32_t *peers,
                   uint32_t count, double *ret_half, double *ret_mean);

/* ret[j - first] for j = first..last-1: mean over rows of -ln((p_i + p_j) / 2 + 1e-40). */
void pairs_losses(const double *half, uint32_t row_count, uint32_t i, uint32_t first, uint32_t last,
                  double *ret);

/* Mean over rows of -ln(scale x sum), `sum` (stride) adding halved probabilities of peers; the
 * padding is not read. */
double pairs_mean_loss(const double *sum, uint32_t row_count, double scale);

#endif
