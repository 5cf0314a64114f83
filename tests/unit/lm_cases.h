/*
 * lm_cases.h: the models and shapes that the tests of models/lm go through.
 *
 * Odd widths leave tails in every vector loop; even ones run the full blocks.
 */
#ifndef UNIT_LM_CASES_H
#define UNIT_LM_CASES_H

#include "agent/lm.h"
#include "lm/bigram.h"
#include "lm/conv.h"
#include "lm/gru.h"
#include "lm/mlp.h"
#include "lm/transformer.h"

#include <stdlib.h>

struct lm_case {
    const char *name;
    const struct lm_ops *ops;
    const void *shape;
    uint32_t sequence_count, sequence_length;
};

static const struct gru_shape gru_odd = {.vocabulary = 11, .embedding = 5, .hidden = 9};
static const struct gru_shape gru_even = {.vocabulary = 32, .embedding = 16, .hidden = 24};
static const struct gru_shape gru_narrow = {.vocabulary = 2, .embedding = 1, .hidden = 1};
static const struct mlp_shape mlp_odd = {
    .vocabulary = 13, .context = 4, .embedding = 3, .hidden = 7};
static const struct mlp_shape mlp_even = {
    .vocabulary = 32, .context = 3, .embedding = 8, .hidden = 32};
static const struct conv_shape conv_odd = {
    .vocabulary = 9, .context = 3, .width = 5, .hidden = 11, .layers = 2};
static const struct conv_shape conv_even = {
    .vocabulary = 16, .context = 9, .width = 16, .hidden = 24, .layers = 1};
static const struct transformer_shape transformer_odd = {
    .vocabulary = 10, .context = 9, .width = 6, .heads = 3, .hidden = 7, .layers = 2};
static const struct transformer_shape transformer_even = {
    .vocabulary = 16, .context = 8, .width = 16, .heads = 2, .hidden = 24, .layers = 1};
static const struct bigram_shape bigram_any = {.vocabulary = 12};

static const struct lm_case lm_cases[] = {
    {"gru, odd widths", &gru_ops, &gru_odd, 3, 5},
    {"gru, even widths", &gru_ops, &gru_even, 8, 6},
    {"gru, widths of one", &gru_ops, &gru_narrow, 1, 1},
    {"mlp, odd widths", &mlp_ops, &mlp_odd, 3, 6},
    {"mlp, even widths", &mlp_ops, &mlp_even, 4, 8},
    {"conv, odd widths, 2 layers", &conv_ops, &conv_odd, 3, 7},
    {"conv, context longer than the sequence", &conv_ops, &conv_even, 4, 8},
    {"transformer, odd widths, 2 layers", &transformer_ops, &transformer_odd, 2, 7},
    {"transformer, even widths, full context", &transformer_ops, &transformer_even, 3, 8},
    {"bigram", &bigram_ops, &bigram_any, 4, 9},
};
enum { LM_CASE_COUNT = sizeof(lm_cases) / sizeof(lm_cases[0]) };

/* Parameters around their first values, biases moved off zero, and tokens, from one stream. */
struct lm_sample {
    size_t parameter_count;
    lm_real *parameters, *scratch;
    uint8_t *tokens;
    struct lm_batch batch;
};

static inline lm_real *lm_case_floats(size_t count)
{
    lm_real *block = aligned_alloc(LM_ALIGNMENT, (count * sizeof(lm_real) + 127) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        block[i] = (lm_real)__builtin_nan("");
    return block;
}

static inline struct lm_sample lm_sample_create(const struct lm_case *c, uint64_t seed)
{
    struct lm_sample sample = {.parameter_count = c->ops->parameter_count(c->shape)};
    struct stream stream;
    stream_init(&stream, seed, STREAM_TEST, 0, 0);
    sample.parameters = lm_case_floats(sample.parameter_count);
    c->ops->init(c->shape, &stream, sample.parameters);
    for (size_t i = 0; i < sample.parameter_count; i++)
        sample.parameters[i] += (lm_real)(0.2 * stream_uniform(&stream) - 0.1);
    size_t token_count = (size_t)c->sequence_count * (c->sequence_length + 1);
    sample.tokens = malloc(token_count);
    for (size_t i = 0; i < token_count; i++)
        sample.tokens[i] = (uint8_t)stream_below(&stream, c->ops->vocabulary(c->shape));
    sample.scratch = lm_case_floats(
        c->ops->scratch_count(c->shape, c->sequence_count, c->sequence_length, true));
    sample.batch = (struct lm_batch){.sequence_count = c->sequence_count,
                                     .sequence_length = c->sequence_length,
                                     .tokens = sample.tokens};
    return sample;
}

static inline void lm_sample_free(struct lm_sample *sample)
{
    free(sample->parameters);
    free(sample->scratch);
    free(sample->tokens);
}

#endif
