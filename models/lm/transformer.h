/*
 * transformer.h: a decoder of pre-norm blocks with learned positions (Vaswani et al. 2017; the norm
 * before each part and the root mean square norm are later custom).
 *
 *   x_t      = E[token_t] + P[t]
 *   x        = x + attention(norm(x)) Wp                       `layers` times, with
 *   x        = x + relu(norm(x) W + b) W2
 *   logits_t = norm(x_t) Wo + bo
 */
#ifndef LM_TRANSFORMER_H
#define LM_TRANSFORMER_H

#include "agent/lm.h"

struct transformer_shape {
    uint32_t vocabulary; /* V */
    uint32_t context;    /* longest sequence */
    uint32_t width;      /* d, a multiple of heads */
    uint32_t heads;
    uint32_t hidden; /* h of each feed-forward part */
    uint32_t layers;
};

enum { TRANSFORMER_LAYERS_MAX = 6 };

extern const struct lm_ops transformer_ops;

#endif
