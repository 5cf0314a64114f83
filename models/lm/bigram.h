/*
 * bigram.h: the floor: the next token from the last one alone.
 *
 *   logits_t = W[token_t]
 *
 * Trained long enough, its loss is the text's bigram entropy.
 */
#ifndef LM_BIGRAM_H
#define LM_BIGRAM_H

#include "agent/lm.h"

struct bigram_shape {
    uint32_t vocabulary; /* V */
};

extern const struct lm_ops bigram_ops;

#endif
