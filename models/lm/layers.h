/*
 * layers.h: pieces that several models share: linear output, root-mean-square norm, feed-forward
 * block.
 *
 * A backward function gets the derivative by the piece's result and gives those by its input and by
 * its parameters.  "Written" results may hold anything before; "added" ones are summed up.
 */
#ifndef LM_LAYERS_H
#define LM_LAYERS_H

#include "lm/real.h"

/* result [rows][out] = x [rows][in] weight [in][out] + bias [out] (none when NULL), written. */
void lm_linear(size_t rows, size_t in, size_t out, const lm_real *x, const lm_real *weight,
               const lm_real *bias, lm_real *ret_result);

/* By weight and bias (NULL: none) written, by x [rows][in] written unless NULL.
 * transposed: scratch [out][in]. */
void lm_linear_back(size_t rows, size_t in, size_t out, const lm_real *x, const lm_real *weight,
                    const lm_real *by_result, lm_real *ret_by_weight, lm_real *ret_by_bias,
                    lm_real *ret_by_x, lm_real *transposed);

/* x becomes max(x, 0); and its derivative: by_x becomes 0 where relu gave 0. */
void lm_relu(size_t count, lm_real *x);
void lm_relu_back(size_t count, const lm_real *relu_of_x, lm_real *by_x);

/* y = gain * x / sqrt(mean(x^2) + 1e-5) over each row (Zhang and Sennrich 2019); y [rows][width]
 * and inverse [rows] (one over the root) are kept for the way back. */
void lm_norm(size_t rows, size_t width, const lm_real *x, const lm_real *gain, lm_real *ret_y,
             lm_real *ret_inverse);
/* by_x is added to, by_gain is written. */
void lm_norm_back(size_t rows, size_t width, const lm_real *x, const lm_real *gain,
                  const lm_real *inverse, const lm_real *by_y, lm_real *by_x, lm_real *ret_by_gain);

/* y = x + relu(norm(x) W + b) W2.  Parameters, or their gradients, in the block's order. */
struct lm_feed_forward {
    lm_real *gain;   /* [d] */
    lm_real *weight; /* W  [d][h] */
    lm_real *bias;   /* b  [h] */
    lm_real *back;   /* W2 [h][d] */
};

/* What the forward pass keeps. */
struct lm_feed_forward_kept {
    lm_real *normed;  /* [rows][d] */
    lm_real *inverse; /* [rows] */
    lm_real *hidden;  /* [rows][h] after relu */
};

/* The block's four tensors for a model's list; returns 4. */
size_t lm_feed_forward_list(uint32_t width, uint32_t hidden, struct lm_tensor *ret_tensors);
/* Gain 1, bias 0, W of deviation sqrt(2 / d) for relu, W2 small: the block starts near x. */
void lm_feed_forward_init(size_t width, size_t hidden, struct stream *stream,
                          const struct lm_feed_forward *ret_p);
/* Cuts the tensors off the block at *position and moves it on. */
struct lm_feed_forward lm_feed_forward_cut(size_t width, size_t hidden, lm_real **position);
struct lm_feed_forward_kept lm_feed_forward_keep(struct lm_arena *arena, size_t rows, size_t width,
                                                 size_t hidden);
void lm_feed_forward(size_t rows, size_t width, size_t hidden, const struct lm_feed_forward *p,
                     const lm_real *x, const struct lm_feed_forward_kept *kept, lm_real *ret_y);

/* Scratch of the way back: by_hidden [rows][h], by_normed [rows][d], transposed [h][d]. */
struct lm_feed_forward_scratch {
    lm_real *by_hidden, *by_normed, *transposed;
};
/* by_y [rows][d] becomes by_x; gradients written. */
void lm_feed_forward_back(size_t rows, size_t width, size_t hidden, const struct lm_feed_forward *p,
                          const lm_real *x, const struct lm_feed_forward_kept *kept, lm_real *by_y,
                          const struct lm_feed_forward *ret_gradient,
                          const struct lm_feed_forward_scratch *scratch);

#endif
