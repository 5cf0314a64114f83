/*
 * learner.h: one model that learns from a corpus, for tests and benchmarks of learning.
 *
 * As a neuron does it: rows drawn from the training part, lm_trainer's steps, losses on the
 * held-out part; without pool, time and network.
 */
#ifndef SUPPORT_LEARNER_H
#define SUPPORT_LEARNER_H

#include "agent/corpus.h"
#include "base/param_text.h"
#include "lm/gru.h"
#include "lm/train.h"

#include <math.h>
#include <stdlib.h>

/* The sizes S, M and L of the default mix, 50, 40 and 10 of 100 models. */
static const struct gru_shape learner_tiers[3] = {
    {.vocabulary = 64, .embedding = 16, .hidden = 16},
    {.vocabulary = 64, .embedding = 32, .hidden = 48},
    {.vocabulary = 64, .embedding = 32, .hidden = 96},
};

struct learner {
    const struct lm_ops *ops;
    const void *shape;
    struct lm_optimiser optimiser;
    uint32_t sequence_count, sequence_length; /* of a training batch */
    const struct corpus *corpus;
    const double *weights; /* mixture over the corpus's domains */
    uint64_t steps;
    struct stream text; /* training draws */
    float *block, *spare, *scratch;
    uint8_t *tokens;
};

enum { LEARNER_ROWS = 64, LEARNER_LENGTH_MAX = 64 }; /* of an evaluation */

static inline float *learner_floats(size_t count)
{
    return aligned_alloc(LM_ALIGNMENT, (count * sizeof(float) + 127) / 64 * 64);
}

static inline void learner_init(struct learner *l, const struct lm_ops *ops, const void *shape,
                                const struct corpus *corpus, const double *weights,
                                uint32_t sequence_count, uint32_t sequence_length, uint64_t seed)
{
    struct stream first;
    l->ops = ops;
    l->shape = shape;
    l->corpus = corpus;
    l->weights = weights;
    l->sequence_count = sequence_count;
    l->sequence_length = sequence_length;
    l->steps = 0;
    param_defaults(&lm_optimiser_table, &l->optimiser);
    size_t block = lm_trainer.block_count(ops, shape, &l->optimiser);
    size_t train = lm_trainer.scratch_count(ops, shape, sequence_count, sequence_length);
    size_t answer = ops->scratch_count(shape, LEARNER_ROWS, LEARNER_LENGTH_MAX, false);
    l->block = learner_floats(block);
    l->spare = learner_floats(block);
    l->scratch = learner_floats(train > answer ? train : answer);
    l->tokens = malloc((size_t)sequence_count * (sequence_length + 1) +
                       LEARNER_ROWS * (LEARNER_LENGTH_MAX + 1));
    stream_init(&first, seed, STREAM_MODEL_INIT, 0, 0);
    stream_init(&l->text, seed, STREAM_TRAIN_DATA, 0, 0);
    lm_trainer.init(ops, shape, &l->optimiser, &first, l->block);
}

static inline void learner_release(struct learner *l)
{
    free(l->block);
    free(l->spare);
    free(l->scratch);
    free(l->tokens);
}

static inline void learner_draw(struct learner *l, enum corpus_part part, const double *weights,
                                uint32_t rows, uint32_t length, struct stream *stream)
{
    struct corpus_request request = {.part = part, .weights = weights, .length_tokens = length + 1};
    for (uint32_t row = 0; row < rows; row++)
        corpus_draw(l->corpus, &request, stream, l->tokens + row * (length + 1));
}

/* Learns until `steps` steps have been made. */
static inline void learner_run_to(struct learner *l, uint64_t steps)
{
    struct lm_batch batch = {.sequence_count = l->sequence_count,
                             .sequence_length = l->sequence_length,
                             .tokens = l->tokens};
    struct lm_step_result result;
    for (; l->steps < steps; l->steps++) {
        learner_draw(l, CORPUS_TRAIN, l->weights, l->sequence_count, l->sequence_length, &l->text);
        if (lm_trainer.step(l->ops, l->shape, &l->optimiser, l->steps, l->block, &batch, l->spare,
                            &result, l->scratch) != SIM_OK)
            abort();
        float *swap = l->block;
        l->block = l->spare;
        l->spare = swap;
    }
}

struct learner_loss {
    double mean_nats, standard_error_nats; /* over rows, which are independent draws */
};

/* On held-out text of a mixture: 20 batches of 64 rows of `length`, the same for every model. */
static inline struct learner_loss learner_heldout(struct learner *l, const double *weights,
                                                  uint32_t length)
{
    enum { BATCHES = 20 };
    static const uint64_t seed = 4711;
    float *out = learner_floats(LEARNER_ROWS * LEARNER_LENGTH_MAX);
    struct stream stream;
    double sum = 0, squares = 0;
    stream_init(&stream, seed, STREAM_TEST, 0, 0);
    for (int i = 0; i < BATCHES; i++) {
        struct lm_batch batch = {
            .sequence_count = LEARNER_ROWS, .sequence_length = length, .tokens = l->tokens};
        learner_draw(l, CORPUS_HELDOUT, weights, LEARNER_ROWS, length, &stream);
        l->ops->forward(l->shape, l->block, &batch, &(struct lm_outputs){.log_probability = out},
                        l->scratch);
        for (uint32_t row = 0; row < LEARNER_ROWS; row++) {
            double mean = 0;
            for (uint32_t t = 0; t < length; t++)
                mean -= (double)out[row * length + t] / length;
            sum += mean;
            squares += mean * mean;
        }
    }
    free(out);
    double count = BATCHES * LEARNER_ROWS, mean = sum / count;
    return (struct learner_loss){mean, sqrt((squares / count - mean * mean) / count)};
}

#endif
