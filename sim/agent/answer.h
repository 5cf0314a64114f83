/*
 * answer.h: the forms that answers take on the wire, what they weigh, and what a validator reads
 * out of them.
 *
 * The forms are those of bittensor's text synapses (v3.0-v4.0): last hidden state, top k of the
 * next token's probabilities at each position (causal LM), and phrases with probabilities for the
 * continuation (causal LM next).  B = sequences, S = positions, K = entries kept.
 */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "agent/lm.h"

#include <stddef.h>
#include <stdint.h>

/* ---- what a message weighs, in bytes without headers */

struct answer_shape {
    uint64_t sequences;    /* B */
    uint64_t positions;    /* S */
    uint64_t hidden_width; /* of a hidden state */
    uint64_t kept;         /* k of the causal LM's top k at each position */
    uint64_t phrases;      /* K of the next phrase's top K */
    uint64_t extra_tokens; /* of phrases longer than one token, over all of them */
};

/* 8 bytes a token id, in either direction. */
uint64_t answer_request_bytes(const struct answer_shape *shape);
/* float32 states; the gradient that comes back is as large. */
uint64_t answer_hidden_bytes(const struct answer_shape *shape);
/* At each position k probabilities and k indices, all float32; likewise the gradient. */
uint64_t answer_topk_bytes(const struct answer_shape *shape);
/* Of each sequence K phrases of at least one token, K probabilities and the floor. */
uint64_t answer_phrases_bytes(const struct answer_shape *shape);
/* A gradient for each phrase's probability and the floor's, and two words. */
uint64_t answer_phrases_gradient_bytes(const struct answer_shape *shape);

/* The k largest of `values`, largest first, the lower index first on ties. */
void answer_largest(const double *values, uint32_t count, uint32_t k, uint32_t *ret_indices);

/* ln of the sum of exponentials; NaN among the logits makes it NaN. */
double answer_log_sum(const lm_real *logits, uint32_t symbols);

/* ---- hidden states */

/* Rows of `width` numbers, each between zeros on both sides that make it `wire_width` long: how
 * models of any width answer in one format.  The left side is the shorter one. */
void answer_hidden_encode(const float *hidden, size_t rows, uint32_t width, uint32_t wire_width,
                          float *ret_wire);
void answer_hidden_decode(const float *wire, size_t rows, uint32_t width, uint32_t wire_width,
                          float *ret_hidden);

/* ---- top k of one position's distribution */

/* What is sent: the k most likely symbols, most likely first (the lower one on ties). */
void answer_topk_encode(const double *logits, uint32_t symbols, uint32_t k, uint32_t *ret_indices,
                        double *ret_probabilities);

/* What is read: ln(p + 1e-40) of those sent; the others share what is left of 1 equally. */
void answer_topk_decode(const uint32_t *indices, const double *probabilities, uint32_t k,
                        uint32_t symbols, double *ret_logits);

/* What is left of a gradient on the way back: its k largest entries (largest, not largest in
 * magnitude), zeros elsewhere.  `scratch` (k). */
void answer_topk_gradient(const double *gradient, uint32_t symbols, uint32_t k, uint32_t *scratch,
                          double *ret_gradient);

/* ---- phrases */

struct answer_phrases {
    uint32_t count;                /* K */
    const double *probabilities;   /* (count) as claimed */
    const uint32_t *lengths;       /* (count) tokens of each phrase, >= 1 */
    const uint32_t *const *tokens; /* (count) */
    double floor;                  /* probability of everything not listed */
};

/* As one row of floats: of each phrase its probability and its tokens, then the floor.  Tokens are
 * sent 2 higher, which tells them from probabilities; so each row can be cut into phrases without
 * their lengths.  Returns the row's length. */
size_t answer_phrases_encode(const struct answer_phrases *phrases, float *ret_wire);
/* The phrases of a row of `count` floats into the caller's arrays, with room for count of each.
 * What no sender could have meant (a token before any probability) is passed over. */
struct answer_phrases answer_phrases_decode(const float *wire, size_t count,
                                            double *ret_probabilities, uint32_t *ret_lengths,
                                            const uint32_t **ret_tokens, uint32_t *token_space);

/* Losses of one sequence in nats: of its next token, and of its continuation. */
struct answer_phrase_loss {
    double next_nats, continuation_nats;
};

/*
 * Probabilities and floor are clamped to 0..1 and divided by sum p + max(symbols_min - K, 0) floor,
 * so that claiming more than 1 wins nothing.  With C = min(longest phrase, target_count),
 *   next         = -ln(min(sum of p of phrases that begin with target[0], else floor, 1) + 1e-40)
 *   continuation = -ln(min(sum over c = 1..C of (sum of p of phrases equal to target[0..c), else
 *                  floor), 1) + 1e-40);   NaN counts as 20.
 */
struct answer_phrase_loss answer_phrases_loss(const struct answer_phrases *phrases,
                                              const uint32_t *target, uint32_t target_count,
                                              uint32_t symbols_min);

/*
 * The derivative of the continuation's loss, ret (K + 1): by each probability, then by the floor.
 * With M = min(match, 1), T the total and n_k how many of the C terms a number is part of,
 *   dL / dp_k = -(n_k - M) / T / (M + 1e-40),   dL / df = -(n_f - M (symbols_min - K)) / T / (...)
 * and 0 where a clamp cuts a number off, and where the loss counts as 20.
 */
void answer_phrases_gradient(const struct answer_phrases *phrases, const uint32_t *target,
                             uint32_t target_count, uint32_t symbols_min, double *ret_gradient);

#endif
