/*
 * gru.h: one layer of gated recurrent units over token embeddings (Cho et al. 2014).
 *
 *   x_t = E[token_t]
 *   r   = sigmoid(x_t Wr + br + h_{t-1} Ur)
 *   z   = sigmoid(x_t Wz + bz + h_{t-1} Uz)
 *   n   = tanh   (x_t Wn + bn + r * (h_{t-1} Un))
 *   h_t = (1 - z) * n + z * h_{t-1},    h_{-1} = 0
 *   logits_t = h_t Wo + bo
 *
 * The reset gate multiplies the product, not the state, as in cuDNN and PyTorch (whose second bias
 * of n is absent).
 */
#ifndef LM_GRU_H
#define LM_GRU_H

#include "agent/lm.h"

struct gru_shape {
    uint32_t vocabulary; /* V */
    uint32_t embedding;  /* d */
    uint32_t hidden;     /* h */
};

extern const struct lm_ops gru_ops;

#endif
