/*
 * conv.h: a causal convolution over token embeddings, then feed-forward blocks.
 *
 *   x_t      = sum over k < n of E[token_{t-n+1+k}] * C[k]     element by element; nothing before
 *                                                             the beginning
 *   x        = x + relu(norm(x) W + b) W2                      `layers` times
 *   logits_t = norm(x_t) Wo + bo
 *
 * The convolution is depthwise: one weight for each distance and each element of the vector.
 */
#ifndef LM_CONV_H
#define LM_CONV_H

#include "agent/lm.h"

struct conv_shape {
    uint32_t vocabulary; /* V */
    uint32_t context;    /* n tokens */
    uint32_t width;      /* d */
    uint32_t hidden;     /* h of each block */
    uint32_t layers;
};

enum { CONV_LAYERS_MAX = 8 };

extern const struct lm_ops conv_ops;

#endif
