/*
 * attention.h: causal self-attention with several heads, and its way back.
 *
 *   (q, k, v) = x Wqkv;   for each head of width d / heads:
 *   s_ij = softmax over j <= i of (q_i . k_j / sqrt(width));   y_i = sum_j s_ij v_j
 */
#ifndef LM_ATTENTION_H
#define LM_ATTENTION_H

#include "lm/real.h"

struct lm_attention_size {
    size_t sequences, length, width, heads; /* B, T, d, and heads that divide d */
};

/* joined [B T][3 d]: each row q, k, v.  Writes y [B T][d]; keeps weights [B][heads][T][T].
 * transposed: scratch [max(d / heads, 1)][T]. */
void lm_attention(struct lm_attention_size size, const lm_real *joined, lm_real *ret_y,
                  lm_real *ret_weights, lm_real *transposed);

/* by_y [B T][d] gives by_joined [B T][3 d], written.  by_weights: scratch [T][T]. */
void lm_attention_back(struct lm_attention_size size, const lm_real *joined, const lm_real *weights,
                       const lm_real *by_y, lm_real *ret_by_joined, lm_real *by_weights,
                       lm_real *transposed);

#endif
