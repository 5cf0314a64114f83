/*
 * phrases.h: continuations with probabilities: the beam search that finds them, and the way back
 * from a derivative by their probabilities to one by the model's parameters.
 *
 * The derivative that travels names no symbols: its k-th number is by the probability of the
 * answer's k-th phrase, its last one by the floor's (bittensor v3, TextCausalLMNext).  Who learns
 * from it searches again, with the parameters that it has by then, and takes the k-th phrase of
 * that search, as the historic server did: a model that has learnt meanwhile may list others.
 *
 * Which phrases are listed is not differentiated; with p_k = prod_i softmax(z_i)[k's i-th symbol],
 * the floor (1 - sum_k p_k) / (V^m - K) and the derivatives G_k and G_floor,
 *   d / d z_i = sum over the phrases k that share the row's prefix of
 *               (G_k - G_floor / (V^m - K)) p_k (onehot(k's i-th symbol) - softmax(z_i)).
 *
 * For sim/agent alone.
 */
#ifndef AGENT_PHRASES_H
#define AGENT_PHRASES_H

#include "agent/answer.h"
#include "agent/group.h"
#include "agent/lm.h"

enum { PHRASES_MAX = 1024, PHRASES_SYMBOLS_MAX = 8 }; /* as the keys' bounds say */

/* Who is asked for what. */
struct phrases_asked {
    const struct lm_ops *lm;
    const void *shape;
    const lm_real *parameters;
    const struct query_params *query; /* batch, sequence, phrases, continuation */
};

/* V^continuation, or 0 when it does not fit. */
uint32_t phrases_possible(const struct query_params *query, uint32_t symbols);
/* Phrases of `length` symbols that a search keeps. */
uint32_t phrases_kept(const struct query_params *query, uint32_t symbols, uint32_t length);
/* Numbers of a derivative: one for each phrase of each sequence and one for its floor. */
size_t phrases_derivative_count(const struct query_params *query, uint32_t symbols);
/* Symbols of each sequence that are sent. */
uint32_t phrases_positions(const struct query_params *query);

/* Operations of a batch's answer: a pass forward for each prefix. */
uint64_t phrases_answer_flop(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape);
/* Of a batch's lesson: the last pass of the search is learnt from. */
uint64_t phrases_lesson_flop(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape);

/* Of every function below, aligned to LM_ALIGNMENT. */
size_t phrases_scratch_bytes(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape, bool learning);

/* What the model answers to one sequence (sequence + 1 tokens, whose last `continuation` are not
 * looked at).  It lies in the scratch. */
struct answer_phrases phrases_search(const struct phrases_asked *asked, const uint8_t *text,
                                     void *scratch);

/* The batch's answers as they are read from the wire: by `ret_log_probability` (batch) the loss a
 * symbol, negated; by ret_logits (batch, V), or NULL, ln of the mass that begins with each symbol;
 * by ret_derivative (phrases_derivative_count), or NULL, that of the mean of those losses. */
void phrases_answer(const struct phrases_asked *asked, const uint8_t *tokens,
                    lm_real *ret_log_probability, lm_real *ret_logits, float *ret_derivative,
                    void *scratch);

/* Writes the derivative by the parameters of sum derivative . (probabilities, floor) over the
 * batch.  *ret_length is the Euclidean length of the derivative by the logits between.  Returns
 * the mean loss a symbol of the answers that the model gives now. */
double phrases_gradient(const struct phrases_asked *asked, const uint8_t *tokens,
                        const double *derivative, lm_real *ret_gradient, double *ret_length,
                        void *scratch);

#endif
