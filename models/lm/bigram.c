#include "lm/bigram.h"

#include "lm/head.h"

static const struct param_key bigram_keys[] = {
    {"vocabulary", PARAM_U32, offsetof(struct bigram_shape, vocabulary), "2", "256", "64", NULL,
     "number of different tokens"},
};
static const struct param_table bigram_table =
    PARAM_TABLE("bigram", struct bigram_shape, bigram_keys,
                "the next token from the last one alone: what every model must beat");

static uint32_t bigram_vocabulary(const void *shape)
{
    return ((const struct bigram_shape *)shape)->vocabulary;
}

static uint32_t bigram_reach(const void *shape)
{
    (void)shape;
    return 1;
}

static size_t bigram_list(const void *shape, struct lm_tensor *ret_tensors)
{
    uint32_t vocabulary = bigram_vocabulary(shape);
    ret_tensors[0] = (struct lm_tensor){"logits", 0, vocabulary, vocabulary, true};
    return 1;
}

static size_t bigram_parameter_count(const void *shape)
{
    return lm_tensors_count(bigram_list, shape);
}

static size_t bigram_scratch_count(const void *shape, uint32_t sequence_count,
                                   uint32_t sequence_length, bool training)
{
    (void)training;
    return lm_padded((size_t)sequence_count * sequence_length * bigram_vocabulary(shape));
}

/* Nothing is multiplied; reading a row counts one operation for each logit. */
static uint64_t bigram_forward_flop(const void *shape, uint32_t sequence_count,
                                    uint32_t sequence_length)
{
    return (uint64_t)bigram_vocabulary(shape) * sequence_count * sequence_length;
}

static uint64_t bigram_training_flop(const void *shape, uint32_t sequence_count,
                                     uint32_t sequence_length)
{
    return 3 * bigram_forward_flop(shape, sequence_count, sequence_length);
}

static void bigram_init(const void *shape, struct stream *stream, lm_real *ret_parameters)
{
    (void)stream;
    lm_fill(ret_parameters, bigram_parameter_count(shape), 0);
}

static void fill_logits(size_t vocabulary, const lm_real *parameters, const struct lm_batch *batch,
                        lm_real *logits)
{
    for (size_t row = 0; row < lm_rows(batch); row++)
        memcpy(logits + row * vocabulary, parameters + *lm_token_at(batch, row) * vocabulary,
               vocabulary * sizeof(lm_real));
}

/* There is no hidden layer: the last layer's input is the token itself, as a vector of one 1. */
static void write_one_hot(size_t vocabulary, const struct lm_batch *batch, lm_real *ret_hidden)
{
    lm_fill(ret_hidden, lm_rows(batch) * vocabulary, 0);
    for (size_t row = 0; row < lm_rows(batch); row++)
        ret_hidden[row * vocabulary + *lm_token_at(batch, row)] = 1;
}

static const lm_real *bigram_output_layer(const void *shape, const lm_real *parameters,
                                          const lm_real **ret_bias)
{
    (void)shape;
    *ret_bias = NULL;
    return parameters;
}

static void bigram_forward(const void *shape, const lm_real *parameters,
                           const struct lm_batch *batch, const struct lm_outputs *outputs,
                           lm_real *scratch)
{
    size_t vocabulary = bigram_vocabulary(shape);
    struct lm_outputs without_hidden = *outputs;
    without_hidden.hidden = NULL;
    if (outputs->hidden != NULL)
        write_one_hot(vocabulary, batch, outputs->hidden);
    fill_logits(vocabulary, parameters, batch, scratch);
    lm_head_outputs(batch, LM_BY_SEQUENCE, vocabulary, scratch, 0, NULL, &without_hidden);
}

static double bigram_loss_gradient(const void *shape, const lm_real *parameters,
                                   const struct lm_batch *batch, lm_real *ret_gradient,
                                   lm_real *ret_log_probability, lm_real *scratch)
{
    size_t vocabulary = bigram_vocabulary(shape);
    fill_logits(vocabulary, parameters, batch, scratch);
    double loss_nats =
        lm_head_gradient(batch, LM_BY_SEQUENCE, vocabulary, scratch, ret_log_probability);
    lm_fill(ret_gradient, vocabulary * vocabulary, 0);
    for (size_t row = 0; row < lm_rows(batch); row++)
        lm_add(vocabulary, scratch + row * vocabulary,
               ret_gradient + *lm_token_at(batch, row) * vocabulary);
    return loss_nats;
}

const struct lm_ops bigram_ops = {
    .table = &bigram_table,
    .check = lm_check_nothing,
    .vocabulary = bigram_vocabulary,
    .hidden_width = bigram_vocabulary,
    .sequence_length_max = lm_any_length,
    .reach = bigram_reach,
    .parameter_count = bigram_parameter_count,
    .tensors = bigram_list,
    .scratch_count = bigram_scratch_count,
    .forward_flop = bigram_forward_flop,
    .training_flop = bigram_training_flop,
    .init = bigram_init,
    .output_layer = bigram_output_layer,
    .forward = bigram_forward,
    .loss_gradient = bigram_loss_gradient,
};
