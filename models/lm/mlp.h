/*
 * mlp.h: two layers over the last n tokens (Bengio et al. 2003).
 *
 *   x_t      = (E[token_{t-n+1}], ..., E[token_t])   zero vectors before the beginning
 *   h_t      = relu(x_t W + b)
 *   logits_t = h_t Wo + bo
 */
#ifndef LM_MLP_H
#define LM_MLP_H

#include "agent/lm.h"

struct mlp_shape {
    uint32_t vocabulary; /* V */
    uint32_t context;    /* n tokens */
    uint32_t embedding;  /* d */
    uint32_t hidden;     /* h */
};

extern const struct lm_ops mlp_ops;

#endif
