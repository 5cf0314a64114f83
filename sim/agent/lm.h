/*
 * lm.h: what a language model of models/lm must be able to do.
 *
 * A model is a function of a shape (its parameter struct, filled from the scenario), one flat block
 * of float parameters, and a batch of rows of tokens.  It predicts each next token of each row.
 * All functions are pure: same bytes in, same bytes out, on any thread; the caller owns all memory.
 *
 * Arrays are row-major and their shapes are written in brackets.  B = sequence_count, T =
 * sequence_length, V = vocabulary; row r = b * T + t of a result is what the model says after
 * tokens 0..t of sequence b, and its truth is token t + 1.  Before a sequence begins there is
 * nothing (zero vectors), so sequences are independent of each other.
 *
 * Losses and log-probabilities are in nats.  Operation counts follow the plain formulas of the
 * model, whatever a faster way of computing them does; they are what simulated time is charged for.
 * A multiply-add is two operations, and a look-up is the product with a row of one 1 that it is, so
 * a token costs about two operations a parameter to answer and six to learn, the field's own rule;
 * element-wise functions are not counted.
 */
#ifndef AGENT_LM_H
#define AGENT_LM_H

#include "base/error.h"
#include "base/param.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blocks of parameters and of scratch are aligned to this many bytes. */
#define LM_ALIGNMENT 64

/* float in the product; the gradient tests build the same sources for double. */
#ifndef LM_REAL
#define LM_REAL float
#endif
typedef LM_REAL lm_real;

struct lm_batch {
    uint32_t sequence_count;  /* B >= 1 */
    uint32_t sequence_length; /* T >= 1: predictions a sequence */
    const uint8_t *tokens;    /* [B][T + 1], each below the vocabulary */
    /* [B][T], for loss_gradient: what is differentiated is -sum weight * log-probability.  NULL
     * means 1 / (B T) everywhere, the mean loss. */
    const lm_real *row_weight;
    /* [B][T][V] and [B][T][hidden_width], for loss_gradient: where one is given, what is
     * differentiated is not the loss but the sum of the logits, or of the hidden state, times these
     * (a gradient that came from elsewhere; the hidden state's reaches no output layer). */
    const lm_real *by_logits, *by_hidden;
    /* [B][hidden_width], for the forward pass of a model whose reach is 0: the state that the
     * sequences go on from, the last row of an earlier pass's `hidden`.  NULL: from nothing. */
    const lm_real *state;
};

/* What a forward pass writes; NULL for what is not wanted. */
struct lm_outputs {
    lm_real *log_probability; /* [B][T] of the true next token, nats, <= 0 */
    lm_real *logits;          /* [B][T][V], before the softmax */
    lm_real *hidden;          /* [B][T][hidden_width], the last layer's input */
};

/* One named piece of the parameter block: rows x columns floats from `offset`. */
struct lm_tensor {
    const char *name; /* as in the model's formulas */
    size_t offset;
    uint32_t rows, columns;
    bool is_lookup; /* read by index: the code multiplies nothing */
};
enum { LM_TENSORS_MAX = 64 };

enum lm_optimiser_kind { LM_ADAM, LM_SGD };

/* How a model learns; the keys are lm_optimiser_table (models/lm/optimiser.h).
 *
 *   rate(s) = learning_rate * min(1, (s + 1) / warmup_steps) / sqrt(1 + s / decay_steps)
 *   g      <- g * min(1, clip_norm / |g|)                     |g| over the whole gradient
 *   adam:  m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2, with bias correction,
 *          p <- p - rate * m^ / (sqrt(v^) + epsilon)          (Kingma and Ba 2015)
 *   sgd:   m <- momentum m + g,  p <- p - rate * m
 * s counts the model's finished steps from 0. */
struct lm_optimiser {
    int kind; /* enum lm_optimiser_kind */
    double learning_rate;
    uint32_t warmup_steps; /* 0 = none */
    uint32_t decay_steps;  /* 0 = no decay */
    double clip_norm;      /* 0 = no clipping */
    double momentum;       /* b1 of adam, momentum of sgd */
    double beta2;          /* adam */
    double epsilon;        /* adam */
};

/* What one training step says about itself. */
struct lm_step_result {
    double loss_nats;     /* mean over the batch, before the step */
    double gradient_norm; /* before clipping */
};

/* Where `forward` is NULL there is no model, and only table, parameter_count and hidden_width (both
 * 0) are there: such neurons ask and answer nobody and learn nothing. */
struct lm_ops {
    const struct param_table *table; /* name in YAML, keys of the shape struct */

    /* Whether widths fit together (heads divide the width, ...); the bounds of single keys are the
     * table's.  SIM_CONFIG with the reason.  Every other function expects a shape that passed. */
    enum sim_status (*check)(const void *shape, struct sim_error *err);
    uint32_t (*vocabulary)(const void *shape);
    uint32_t (*hidden_width)(const void *shape);
    uint32_t (*sequence_length_max)(const void *shape);
    /* So many of the last tokens decide a prediction; 0 = all, through a state. */
    uint32_t (*reach)(const void *shape);
    size_t (*parameter_count)(const void *shape);
    /* Writes up to LM_TENSORS_MAX tensors and returns how many; together they are the block. */
    size_t (*tensors)(const void *shape, struct lm_tensor *ret_tensors);

    /* Floats of scratch for a batch of that shape. */
    size_t (*scratch_count)(const void *shape, uint32_t sequence_count, uint32_t sequence_length,
                            bool training);
    /* Operations of a forward pass, and of forward and backward without the optimiser: exact. */
    uint64_t (*forward_flop)(const void *shape, uint32_t sequence_count, uint32_t sequence_length);
    uint64_t (*training_flop)(const void *shape, uint32_t sequence_count, uint32_t sequence_length);

    /* First parameters; all chance from `stream`. */
    void (*init)(const void *shape, struct stream *stream, lm_real *ret_parameters);

    /* The output layer within a parameter block, which turns a hidden state into logits: weights
     * [hidden_width][V], and by ret_bias [V] or NULL for a model without. */
    const lm_real *(*output_layer)(const void *shape, const lm_real *parameters,
                                   const lm_real **ret_bias);

    /* A NaN in the parameters comes out as NaN in the outputs. */
    void (*forward)(const void *shape, const lm_real *parameters, const struct lm_batch *batch,
                    const struct lm_outputs *outputs, lm_real *scratch);

    /* Mean loss over the batch's B * T predictions (whatever the row weights are); writes (does not
     * add) the derivative by every parameter.  `ret_log_probability` [B][T] may be NULL. */
    double (*loss_gradient)(const void *shape, const lm_real *parameters,
                            const struct lm_batch *batch, lm_real *ret_gradient,
                            lm_real *ret_log_probability, lm_real *scratch);
};

/* What a shared object of a user's own exports as `taosim_model`. */
#define LM_INTERFACE_VERSION 1u
struct lm_plugin {
    uint32_t interface_version; /* LM_INTERFACE_VERSION */
    const struct lm_ops *ops;
};

/* One step of learning and all of its sizes; the functions of models/lm/train.c behind one table
 * so that the agent needs no header of models.  A block is [parameters | optimiser's moments],
 * each padded to 16 floats: a version's values can be handed to forward as they are. */
struct lm_trainer {
    const struct param_table *optimiser_table; /* keys of struct lm_optimiser */
    /* Floats of one block. */
    size_t (*block_count)(const struct lm_ops *ops, const void *shape,
                          const struct lm_optimiser *optimiser);
    /* Floats of scratch for step and, being more, for any forward of that batch. */
    size_t (*scratch_count)(const struct lm_ops *ops, const void *shape, uint32_t sequence_count,
                            uint32_t sequence_length);
    /* Operations of a step: training_flop plus the optimiser's per parameter. */
    uint64_t (*step_flop)(const struct lm_ops *ops, const void *shape,
                          const struct lm_optimiser *optimiser, uint32_t sequence_count,
                          uint32_t sequence_length);
    /* The block before the first step: init, and zero moments. */
    void (*init)(const struct lm_ops *ops, const void *shape, const struct lm_optimiser *optimiser,
                 struct stream *stream, lm_real *ret_block);
    /* Reads `block`, writes `ret_block` (another one), leaves `block` as it is.  `step` counts the
     * steps that made `block`.  SIM_NUMERIC when the loss, the gradient or a new parameter is not
     * finite; ret_block is then a copy of block and *ret_result says what was found. */
    enum sim_status (*step)(const struct lm_ops *ops, const void *shape,
                            const struct lm_optimiser *optimiser, uint64_t step,
                            const lm_real *block, const struct lm_batch *batch, lm_real *ret_block,
                            struct lm_step_result *ret_result, lm_real *scratch);
    /* As step, with a gradient that came from elsewhere, [parameter_count]. */
    enum sim_status (*apply)(const struct lm_ops *ops, const void *shape,
                             const struct lm_optimiser *optimiser, uint64_t step,
                             const lm_real *block, const lm_real *gradient, lm_real *ret_block,
                             struct lm_step_result *ret_result);
};

#endif
