#include "lm/train.h"

#include "lm/real.h"

#include <math.h>

static const char *const optimiser_kinds[] = {"adam", "sgd", NULL};

#define AT(field) offsetof(struct lm_optimiser, field)
static const struct param_key optimiser_keys[] = {
    {"kind", PARAM_ENUM, AT(kind), NULL, NULL, "adam", optimiser_kinds,
     "adam (Kingma and Ba 2015), or sgd with momentum"},
    {"learning_rate", PARAM_REAL, AT(learning_rate), "0", "100", "0.02", NULL,
     "size of a step, before warm-up and decay"},
    {"warmup_steps", PARAM_U32, AT(warmup_steps), "0", NULL, "10", NULL,
     "steps over which the rate rises in equal parts; 0 = none"},
    {"decay_steps", PARAM_U32, AT(decay_steps), "0", NULL, "100", NULL,
     "the rate falls as 1 / sqrt(1 + steps / decay_steps); 0 = it does not"},
    {"clip_norm", PARAM_REAL, AT(clip_norm), "0", NULL, "1", NULL,
     "a longer gradient is shortened to this length; 0 = none is"},
    {"momentum", PARAM_REAL, AT(momentum), "0", "0.99999", "0.8", NULL,
     "how much of the mean gradient stays from step to step"},
    {"beta2", PARAM_REAL, AT(beta2), "0", "0.99999", "0.99", NULL,
     "adam: how much of the mean square stays"},
    {"epsilon", PARAM_REAL, AT(epsilon), "1e-12", "1", "1e-8", NULL,
     "adam: added to the root of the mean square"},
};
#undef AT
static const struct param_condition optimiser_conditions[] = {
    {"beta2", "kind=adam"},
    {"epsilon", "kind=adam"},
};
const struct param_table lm_optimiser_table = PARAM_TABLE_WHEN(
    "optimiser", struct lm_optimiser, optimiser_keys, optimiser_conditions, "how a model learns");

/* base^n by squaring: the same on every machine, which pow of the C library does not promise. */
static double integer_power(double base, uint64_t n)
{
    double result = 1;
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0)
            result *= base;
        base *= base;
    }
    return result;
}

double lm_learning_rate(const struct lm_optimiser *optimiser, uint64_t step)
{
    double rate = optimiser->learning_rate;
    if (step < optimiser->warmup_steps)
        rate *= (double)(step + 1) / optimiser->warmup_steps;
    if (optimiser->decay_steps > 0)
        rate /= sqrt(1 + (double)step / optimiser->decay_steps);
    return rate;
}

static size_t moment_blocks(const struct lm_optimiser *optimiser)
{
    return optimiser->kind == LM_ADAM ? 2 : 1;
}

static size_t block_count(const struct lm_ops *ops, const void *shape,
                          const struct lm_optimiser *optimiser)
{
    return (1 + moment_blocks(optimiser)) * lm_padded(ops->parameter_count(shape));
}

/* The gradient lies before the model's own scratch. */
static size_t scratch_count(const struct lm_ops *ops, const void *shape, uint32_t sequence_count,
                            uint32_t sequence_length)
{
    return lm_padded(ops->parameter_count(shape)) +
           ops->scratch_count(shape, sequence_count, sequence_length, true);
}

/* Operations of the update for each parameter: adam's two means, two corrections, root, quotient
 * and step; sgd's mean and step.  Squaring and clipping the gradient are three more. */
static uint64_t step_flop(const struct lm_ops *ops, const void *shape,
                          const struct lm_optimiser *optimiser, uint32_t sequence_count,
                          uint32_t sequence_length)
{
    uint64_t per_parameter = optimiser->kind == LM_ADAM ? 14 + 3 : 4 + 3;
    return ops->training_flop(shape, sequence_count, sequence_length) +
           per_parameter * ops->parameter_count(shape);
}

static void init(const struct lm_ops *ops, const void *shape, const struct lm_optimiser *optimiser,
                 struct stream *stream, lm_real *ret_block)
{
    memset(ret_block, 0, block_count(ops, shape, optimiser) * sizeof(lm_real));
    ops->init(shape, stream, ret_block);
}

/* Moments die away when a token is not seen for long; below this they are nothing, and numbers
 * below float's normal range would slow every later step down. */
static inline lm_real flushed(lm_real x)
{
    return x < (lm_real)1e-30 && x > (lm_real)-1e-30 ? 0 : x;
}

/* One update of `count` parameters; `mean` and `square` are moments.  The padding stays zero, as a
 * zero gradient moves nothing.  Whether all new parameters are finite is found out on the way, for
 * to read them again costs a large model as much as a layer: a finite number minus itself is 0. */
static bool adam(const struct lm_optimiser *optimiser, uint64_t step, size_t count, lm_real scale,
                 const lm_real *restrict block, const lm_real *restrict gradient,
                 lm_real *restrict ret_block)
{
    size_t padded = lm_padded(count);
    const lm_real *restrict mean = block + padded, *restrict square = mean + padded;
    lm_real *restrict ret_mean = ret_block + padded, *restrict ret_square = ret_mean + padded;
    lm_real keep1 = (lm_real)optimiser->momentum, add1 = (lm_real)(1 - optimiser->momentum);
    lm_real keep2 = (lm_real)optimiser->beta2, add2 = (lm_real)(1 - optimiser->beta2);
    double correct1 = 1 / (1 - integer_power(optimiser->momentum, step + 1));
    double correct2 = 1 / (1 - integer_power(optimiser->beta2, step + 1));
    lm_real rate = (lm_real)(lm_learning_rate(optimiser, step) * correct1);
    lm_real unbias2 = (lm_real)correct2, epsilon = (lm_real)optimiser->epsilon, trouble = 0;
    for (size_t i = 0; i < count; i++) {
        lm_real g = gradient[i] * scale;
        lm_real m = flushed(lm_fma(keep1, mean[i], add1 * g));
        lm_real v = flushed(lm_fma(keep2, square[i], add2 * g * g));
        ret_mean[i] = m;
        ret_square[i] = v;
        lm_real p = block[i] - rate * m / (lm_sqrt(v * unbias2) + epsilon);
        trouble = p - p == 0 ? trouble : 1;
        ret_block[i] = p;
    }
    return trouble == 0;
}

static bool sgd(const struct lm_optimiser *optimiser, uint64_t step, size_t count, lm_real scale,
                const lm_real *restrict block, const lm_real *restrict gradient,
                lm_real *restrict ret_block)
{
    const lm_real *restrict mean = block + lm_padded(count);
    lm_real *restrict ret_mean = ret_block + lm_padded(count);
    lm_real keep = (lm_real)optimiser->momentum;
    lm_real rate = (lm_real)lm_learning_rate(optimiser, step), trouble = 0;
    for (size_t i = 0; i < count; i++) {
        lm_real m = flushed(lm_fma(keep, mean[i], gradient[i] * scale));
        ret_mean[i] = m;
        lm_real p = block[i] - rate * m;
        trouble = p - p == 0 ? trouble : 1;
        ret_block[i] = p;
    }
    return trouble == 0;
}

/* The padding of all pieces, so that every float of a block is defined. */
static void zero_padding(size_t count, size_t blocks, lm_real *ret_block)
{
    size_t padded = lm_padded(count);
    for (size_t piece = 0; piece < blocks; piece++)
        memset(ret_block + piece * padded + count, 0, (padded - count) * sizeof(lm_real));
}

static enum sim_status apply(const struct lm_ops *ops, const void *shape,
                             const struct lm_optimiser *optimiser, uint64_t step,
                             const lm_real *block, const lm_real *gradient, lm_real *ret_block,
                             struct lm_step_result *ret_result)
{
    size_t count = ops->parameter_count(shape), blocks = 1 + moment_blocks(optimiser);
    double norm = sqrt(lm_sum_of_squares(count, gradient));
    ret_result->gradient_norm = norm;
    if (!isfinite(norm)) {
        memcpy(ret_block, block, blocks * lm_padded(count) * sizeof(lm_real));
        return SIM_NUMERIC;
    }
    bool clip = optimiser->clip_norm > 0 && norm > optimiser->clip_norm;
    lm_real scale = clip ? (lm_real)(optimiser->clip_norm / norm) : 1;
    bool finite = optimiser->kind == LM_ADAM
                      ? adam(optimiser, step, count, scale, block, gradient, ret_block)
                      : sgd(optimiser, step, count, scale, block, gradient, ret_block);
    if (!finite) {
        memcpy(ret_block, block, blocks * lm_padded(count) * sizeof(lm_real));
        return SIM_NUMERIC;
    }
    zero_padding(count, blocks, ret_block);
    return SIM_OK;
}

static enum sim_status take_step(const struct lm_ops *ops, const void *shape,
                                 const struct lm_optimiser *optimiser, uint64_t step,
                                 const lm_real *block, const struct lm_batch *batch,
                                 lm_real *ret_block, struct lm_step_result *ret_result,
                                 lm_real *scratch)
{
    lm_real *gradient = scratch;
    double loss = ops->loss_gradient(shape, block, batch, gradient, NULL,
                                     scratch + lm_padded(ops->parameter_count(shape)));
    ret_result->loss_nats = loss;
    /* A loss that is no number leaves none in the gradient, which apply checks. */
    return apply(ops, shape, optimiser, step, block, gradient, ret_block, ret_result);
}

const struct lm_trainer lm_trainer = {
    .optimiser_table = &lm_optimiser_table,
    .block_count = block_count,
    .scratch_count = scratch_count,
    .step_flop = step_flop,
    .init = init,
    .step = take_step,
    .apply = apply,
};
