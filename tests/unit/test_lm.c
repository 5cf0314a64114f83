/* The language models as a run uses them: in float, through lm_all and lm_trainer. */
#include "base/digest.h"
#include "base/param_text.h"
#include "lm/lm_list.h"
#include "lm/train.h"
#include "lm_cases.h"
#include "lm_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

static const struct lm_optimiser adam_plain = {
    .kind = LM_ADAM, .learning_rate = 0.01, .momentum = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
static const struct lm_optimiser sgd_plain = {
    .kind = LM_SGD, .learning_rate = 0.1, .momentum = 0.5, .clip_norm = 0.01};

static void logits_agree_with_the_plain_reference_in_float(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 6);
        size_t count =
            (size_t)c->sequence_count * c->sequence_length * c->ops->vocabulary(c->shape);
        float *logits = lm_case_floats(count);
        double *expected = malloc(count * sizeof(*expected));
        double *parameters = malloc(s.parameter_count * sizeof(*parameters));
        for (size_t k = 0; k < s.parameter_count; k++)
            parameters[k] = (double)s.parameters[k];
        c->ops->forward(c->shape, s.parameters, &s.batch, &(struct lm_outputs){.logits = logits},
                        s.scratch);
        lm_reference_logits(c->ops, c->shape, parameters, &s.batch, expected);
        for (size_t k = 0; k < count; k++)
            if (!(fabs((double)logits[k] - expected[k]) <= 1e-5 * (1 + fabs(expected[k]))))
                fail_msg("%s: logit %zu: %.9g, reference %.9g", c->name, k, (double)logits[k],
                         expected[k]);
        lm_sample_free(&s);
        free(logits);
        free(expected);
        free(parameters);
    }
}

/* All outputs of one forward pass. */
struct outputs {
    size_t rows, vocabulary, hidden_width;
    struct lm_outputs values;
};

static struct outputs forward(const struct lm_case *c, const struct lm_sample *s,
                              const struct lm_batch *batch)
{
    struct outputs o = {.rows = (size_t)batch->sequence_count * batch->sequence_length,
                        .vocabulary = c->ops->vocabulary(c->shape),
                        .hidden_width = c->ops->hidden_width(c->shape)};
    o.values.log_probability = lm_case_floats(o.rows);
    o.values.logits = lm_case_floats(o.rows * o.vocabulary);
    o.values.hidden = lm_case_floats(o.rows * o.hidden_width);
    c->ops->forward(c->shape, s->parameters, batch, &o.values, s->scratch);
    return o;
}

static void outputs_free(struct outputs *o)
{
    free(o->values.log_probability);
    free(o->values.logits);
    free(o->values.hidden);
}

static void a_sequence_gives_the_same_bits_alone_and_in_a_batch(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 7);
        struct outputs together = forward(c, &s, &s.batch);
        for (uint32_t b = 0; b < c->sequence_count; b++) {
            struct lm_batch alone = {.sequence_count = 1,
                                     .sequence_length = c->sequence_length,
                                     .tokens = s.tokens + b * (c->sequence_length + 1)};
            struct outputs single = forward(c, &s, &alone);
            size_t row = (size_t)b * c->sequence_length;
            assert_memory_equal(single.values.log_probability,
                                together.values.log_probability + row, single.rows * sizeof(float));
            assert_memory_equal(single.values.logits,
                                together.values.logits + row * together.vocabulary,
                                single.rows * single.vocabulary * sizeof(float));
            assert_memory_equal(single.values.hidden,
                                together.values.hidden + row * together.hidden_width,
                                single.rows * single.hidden_width * sizeof(float));
            outputs_free(&single);
        }
        outputs_free(&together);
        lm_sample_free(&s);
    }
}

static void later_tokens_do_not_change_earlier_predictions(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        if (c->sequence_length < 4)
            continue;
        struct lm_sample s = lm_sample_create(c, 8);
        struct outputs before = forward(c, &s, &s.batch);
        s.tokens[3] = (uint8_t)(s.tokens[3] == 0);
        struct outputs after = forward(c, &s, &s.batch);
        assert_memory_equal(before.values.logits, after.values.logits,
                            3 * before.vocabulary * sizeof(float));
        assert_memory_not_equal(before.values.logits + 3 * before.vocabulary,
                                after.values.logits + 3 * before.vocabulary,
                                before.vocabulary * sizeof(float));
        outputs_free(&before);
        outputs_free(&after);
        lm_sample_free(&s);
    }
}

static void learning_sees_the_losses_that_answering_gives(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 9);
        struct outputs o = forward(c, &s, &s.batch);
        float *gradient = lm_case_floats(s.parameter_count), *seen = lm_case_floats(o.rows);
        double loss =
            c->ops->loss_gradient(c->shape, s.parameters, &s.batch, gradient, seen, s.scratch);
        double mean = 0;
        for (size_t row = 0; row < o.rows; row++)
            mean -= (double)o.values.log_probability[row] / (double)o.rows;
        assert_true(fabs(loss - mean) < 1e-12 * (1 + mean));
        assert_memory_equal(seen, o.values.log_probability, o.rows * sizeof(float));
        free(gradient);
        free(seen);
        outputs_free(&o);
        lm_sample_free(&s);
    }
}

static void probabilities_of_all_next_tokens_sum_to_one(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 10);
        double sum = 0;
        for (uint32_t token = 0; token < c->ops->vocabulary(c->shape); token++) {
            s.tokens[c->sequence_length] = (uint8_t)token;
            struct outputs o = forward(c, &s, &s.batch);
            sum += exp((double)o.values.log_probability[c->sequence_length - 1]);
            outputs_free(&o);
        }
        assert_true(fabs(sum - 1) < 1e-5);
        lm_sample_free(&s);
    }
}

/* ---- the optimisers, against their formulas in double ---- */

static void an_adam_step_follows_its_formula(void **state)
{
    (void)state;
    const struct lm_case *c = &lm_cases[0];
    struct lm_sample s = lm_sample_create(c, 11);
    size_t count = s.parameter_count, block = lm_trainer.block_count(c->ops, c->shape, &adam_plain);
    size_t padded = block / 3;
    float *old = lm_case_floats(block), *new = lm_case_floats(block);
    float *gradient = lm_case_floats(count);
    struct stream stream;
    stream_init(&stream, 12, STREAM_TEST, 0, 0);
    lm_trainer.init(c->ops, c->shape, &adam_plain, &stream, old);
    double *p = calloc(count, sizeof(double)), *m = calloc(count, sizeof(double)),
           *v = calloc(count, sizeof(double));
    for (size_t k = 0; k < count; k++)
        p[k] = (double)old[k];
    for (uint64_t step = 0; step < 5; step++) {
        struct lm_step_result result;
        for (size_t k = 0; k < count; k++)
            gradient[k] = (float)(stream_uniform(&stream) - 0.4);
        assert_int_equal(
            lm_trainer.apply(c->ops, c->shape, &adam_plain, step, old, gradient, new, &result),
            SIM_OK);
        for (size_t k = 0; k < count; k++) {
            double g = (double)gradient[k];
            m[k] = 0.9 * m[k] + 0.1 * g;
            v[k] = 0.99 * v[k] + 0.01 * g * g;
            double mean = m[k] / (1 - pow(0.9, (double)step + 1));
            double square = v[k] / (1 - pow(0.99, (double)step + 1));
            p[k] -= 0.01 * mean / (sqrt(square) + 1e-8);
            assert_true(fabs(p[k] - (double)new[k]) < 1e-6);
            assert_true(fabs(m[k] - (double)new[padded + k]) < 1e-6);
            assert_true(fabs(v[k] - (double)new[2 * padded + k]) < 1e-6);
        }
        memcpy(old, new, block * sizeof(float));
    }
    lm_sample_free(&s);
    free(old);
    free(new);
    free(gradient);
    free(p);
    free(m);
    free(v);
}

static void an_sgd_step_follows_its_formula_and_shortens_long_gradients(void **state)
{
    (void)state;
    const struct lm_case *c = &lm_cases[0];
    struct lm_sample s = lm_sample_create(c, 13);
    size_t count = s.parameter_count, block = lm_trainer.block_count(c->ops, c->shape, &sgd_plain);
    float *old = lm_case_floats(block), *new = lm_case_floats(block);
    float *gradient = lm_case_floats(count);
    struct stream stream;
    struct lm_step_result result;
    stream_init(&stream, 14, STREAM_TEST, 0, 0);
    lm_trainer.init(c->ops, c->shape, &sgd_plain, &stream, old);
    double squares = 0;
    for (size_t k = 0; k < count; k++) {
        gradient[k] = (float)(stream_uniform(&stream) - 0.5);
        squares += (double)gradient[k] * (double)gradient[k];
        old[block / 2 + k] = 0.25F;
    }
    assert_int_equal(lm_trainer.apply(c->ops, c->shape, &sgd_plain, 3, old, gradient, new, &result),
                     SIM_OK);
    assert_true(fabs(result.gradient_norm - sqrt(squares)) < 1e-9);
    for (size_t k = 0; k < count; k++) {
        double mean = 0.5 * 0.25 + (double)gradient[k] * 0.01 / sqrt(squares);
        assert_true(fabs((double)new[block / 2 + k] - mean) < 1e-7);
        assert_true(fabs((double)new[k] - ((double)old[k] - 0.1 * mean)) < 1e-7);
    }
    lm_sample_free(&s);
    free(old);
    free(new);
    free(gradient);
}

static void the_rate_warms_up_and_decays(void **state)
{
    (void)state;
    struct lm_optimiser o = {.learning_rate = 0.5, .warmup_steps = 10, .decay_steps = 100};
    assert_true(fabs(lm_learning_rate(&o, 0) - 0.05) < 1e-15);
    assert_true(fabs(lm_learning_rate(&o, 4) - 0.25 / sqrt(1.04)) < 1e-15);
    assert_true(fabs(lm_learning_rate(&o, 300) - 0.25) < 1e-15);
    o.warmup_steps = o.decay_steps = 0;
    assert_true(lm_learning_rate(&o, 0) == 0.5);
    assert_true(lm_learning_rate(&o, 1000000) == 0.5);
}

static void a_step_without_a_number_is_reported_and_leaves_the_model_as_it_was(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 15);
        size_t block = lm_trainer.block_count(c->ops, c->shape, &adam_plain);
        float *old = lm_case_floats(block), *new = lm_case_floats(block);
        float *scratch = lm_case_floats(
            lm_trainer.scratch_count(c->ops, c->shape, c->sequence_count, c->sequence_length));
        struct stream stream;
        struct lm_step_result result = {0};
        stream_init(&stream, 16, STREAM_TEST, 0, 0);
        lm_trainer.init(c->ops, c->shape, &adam_plain, &stream, old);
        for (size_t k = 0; k < s.parameter_count; k++)
            old[k] = NAN;
        assert_int_equal(
            lm_trainer.step(c->ops, c->shape, &adam_plain, 0, old, &s.batch, new, &result, scratch),
            SIM_NUMERIC);
        assert_true(isnan(result.loss_nats));
        assert_memory_equal(old, new, block * sizeof(float));
        struct outputs o =
            forward(c, &(struct lm_sample){.parameters = old, .scratch = s.scratch}, &s.batch);
        assert_true(isnan(o.values.log_probability[0]));
        outputs_free(&o);
        free(old);
        free(new);
        free(scratch);
        lm_sample_free(&s);
    }
}

/* The gradient has numbers, the step does not: longer than what a float holds. */
static void a_step_beyond_all_numbers_leaves_the_model_as_it_was(void **state)
{
    (void)state;
    const struct lm_optimiser optimisers[] = {
        {.kind = LM_ADAM, .learning_rate = 2e38, .momentum = 0.8, .beta2 = 0.99, .epsilon = 1e-8},
        {.kind = LM_SGD, .learning_rate = 1e300, .momentum = 0.8}};
    for (int i = 0; i < 2 * LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i / 2];
        const struct lm_optimiser *optimiser = &optimisers[i % 2];
        struct lm_sample s = lm_sample_create(c, 18);
        size_t block = lm_trainer.block_count(c->ops, c->shape, optimiser);
        float *old = lm_case_floats(block), *new = lm_case_floats(block);
        float *scratch = lm_case_floats(
            lm_trainer.scratch_count(c->ops, c->shape, c->sequence_count, c->sequence_length));
        struct stream stream;
        struct lm_step_result result = {0};
        stream_init(&stream, 19, STREAM_TEST, 0, 0);
        lm_trainer.init(c->ops, c->shape, optimiser, &stream, old);
        assert_int_equal(
            lm_trainer.step(c->ops, c->shape, optimiser, 0, old, &s.batch, new, &result, scratch),
            SIM_NUMERIC);
        assert_true(isfinite(result.gradient_norm));
        assert_memory_equal(old, new, block * sizeof(float));
        free(old);
        free(new);
        free(scratch);
        lm_sample_free(&s);
    }
}

/* A text that can be learned: each token follows from the one before it. */
static void learnable_tokens(const struct lm_case *c, struct stream *stream, uint8_t *tokens)
{
    uint32_t vocabulary = c->ops->vocabulary(c->shape), row = c->sequence_length + 1;
    for (uint32_t b = 0; b < c->sequence_count; b++) {
        uint8_t *sequence = tokens + b * row;
        sequence[0] = (uint8_t)stream_below(stream, vocabulary);
        for (uint32_t t = 1; t < row; t++)
            sequence[t] = (uint8_t)((sequence[t - 1] * 3U + 1) % vocabulary);
    }
}

static void every_model_learns_a_rule_with_both_optimisers(void **state)
{
    (void)state;
    const struct lm_optimiser optimisers[] = {
        {.kind = LM_ADAM, .learning_rate = 0.02, .momentum = 0.8, .beta2 = 0.99, .epsilon = 1e-8},
        {.kind = LM_SGD, .learning_rate = 0.5, .momentum = 0.8, .clip_norm = 1}};
    for (int i = 0; i < 2 * LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i / 2];
        const struct lm_optimiser *optimiser = &optimisers[i % 2];
        if (c->sequence_length < 4)
            continue;
        struct lm_sample s = lm_sample_create(c, 17);
        size_t block = lm_trainer.block_count(c->ops, c->shape, optimiser);
        float *old = lm_case_floats(block), *new = lm_case_floats(block);
        float *scratch = lm_case_floats(
            lm_trainer.scratch_count(c->ops, c->shape, c->sequence_count, c->sequence_length));
        struct stream stream;
        struct lm_step_result first = {0}, last = {0};
        stream_init(&stream, 18, STREAM_TEST, 0, 0);
        lm_trainer.init(c->ops, c->shape, optimiser, &stream, old);
        for (uint64_t step = 0; step < 400; step++) {
            learnable_tokens(c, &stream, s.tokens);
            assert_int_equal(lm_trainer.step(c->ops, c->shape, optimiser, step, old, &s.batch, new,
                                             step == 0 ? &first : &last, scratch),
                             SIM_OK);
            float *swap = old;
            old = new;
            new = swap;
        }
        if (!(last.loss_nats < 0.3 * first.loss_nats))
            fail_msg("%s: loss %g after 400 steps, %g at first", c->name, last.loss_nats,
                     first.loss_nats);
        free(old);
        free(new);
        free(scratch);
        lm_sample_free(&s);
    }
}

static void first_parameters_depend_on_the_stream_alone_and_start_near_chance(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 19);
        float *a = lm_case_floats(s.parameter_count), *b = lm_case_floats(s.parameter_count);
        struct stream stream;
        stream_init(&stream, 20, STREAM_MODEL_INIT, 1, 0);
        c->ops->init(c->shape, &stream, a);
        stream_init(&stream, 20, STREAM_MODEL_INIT, 1, 0);
        c->ops->init(c->shape, &stream, b);
        assert_memory_equal(a, b, s.parameter_count * sizeof(float));
        memcpy(s.parameters, a, s.parameter_count * sizeof(float));
        double loss = c->ops->loss_gradient(c->shape, s.parameters, &s.batch, b, NULL, s.scratch);
        double chance = log(c->ops->vocabulary(c->shape));
        assert_true(fabs(loss - chance) < 0.35 * chance);
        free(a);
        free(b);
        lm_sample_free(&s);
    }
}

static void tensors_tile_the_block(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_tensor tensors[LM_TENSORS_MAX];
        size_t count = c->ops->tensors(c->shape, tensors), end = 0;
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(tensors[k].offset, end);
            end += (size_t)tensors[k].rows * tensors[k].columns;
        }
        assert_int_equal(end, c->ops->parameter_count(c->shape));
    }
}

static void operation_counts_follow_the_formulas(void **state)
{
    (void)state;
    const struct gru_shape gru = {.vocabulary = 64, .embedding = 32, .hidden = 48};
    /* Per token: E 64 x 32, W 32 x 144, U 48 x 144, Wo 48 x 64, two each; biases 144 and 64. */
    assert_int_equal(gru_ops.forward_flop(&gru, 8, 16),
                     128 * (2 * (64 * 32 + 32 * 144 + 48 * 144 + 48 * 64) + 144 + 64));
    assert_int_equal(gru_ops.parameter_count(&gru), 16848);

    /* One sequence of 3 tokens, width 4, 2 heads: attention looks at 1 + 2 + 3 places. */
    const struct transformer_shape t = {
        .vocabulary = 5, .context = 3, .width = 4, .heads = 2, .hidden = 6, .layers = 1};
    uint64_t weights = 5 * 4 + 3 * 4 + 4 * 12 + 4 * 4 + 4 * 6 + 6 * 4 + 4 * 5;
    uint64_t token = 2 * weights + 4 + 4 + 6 + 4 + 5, looks = 2 * 2 * 4 * (1 + 2 + 3);
    assert_int_equal(transformer_ops.forward_flop(&t, 1, 3), 3 * token + looks);
    assert_int_equal(transformer_ops.training_flop(&t, 2, 3), 6 * (3 * token + looks));
}

static void learning_counts_six_operations_a_parameter_and_token_within_a_tenth(void **state)
{
    (void)state;
    const struct gru_shape tiers[] = {{64, 16, 16}, {64, 32, 48}, {64, 32, 96}};
    const struct mlp_shape mlp = {64, 8, 16, 96};
    const struct conv_shape conv = {64, 12, 32, 192, 2};
    const struct transformer_shape transformer = {64, 32, 32, 2, 128, 1};
    const struct lm_case models[] = {{"gru_s", &gru_ops, &tiers[0], 8, 16},
                                     {"gru_m", &gru_ops, &tiers[1], 8, 16},
                                     {"gru_l", &gru_ops, &tiers[2], 8, 16},
                                     {"mlp", &mlp_ops, &mlp, 8, 16},
                                     {"conv", &conv_ops, &conv, 8, 16},
                                     {"transformer", &transformer_ops, &transformer, 8, 16}};
    const struct lm_optimiser adam = {.kind = LM_ADAM};
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        const struct lm_case *c = &models[i];
        double rule = 6.0 * (double)c->ops->parameter_count(c->shape) * 8 * 16;
        double ratio = (double)lm_trainer.step_flop(c->ops, c->shape, &adam, 8, 16) / rule;
        if (!(ratio > 0.9 && ratio < 1.1))
            fail_msg("%s: %g of 6 x parameters x tokens", c->name, ratio);
    }
}

static void heads_that_do_not_divide_the_width_are_refused(void **state)
{
    (void)state;
    struct sim_error err = {0};
    const struct transformer_shape t = {.width = 10, .heads = 3};
    assert_int_equal(transformer_ops.check(&t, &err), SIM_CONFIG);
    assert_string_equal(err.text,
                        "transformer: 3 heads do not divide the width 10: make it a multiple");
}

static void every_model_is_listed_once_under_its_name(void **state)
{
    (void)state;
    int count = 0;
    for (; lm_all[count] != NULL; count++)
        for (int other = 0; other < count; other++)
            assert_string_not_equal(lm_all[count]->table->name, lm_all[other]->table->name);
    assert_int_equal(count, 5);
}

/* Digests of models after 40 steps: the same with gcc and clang, with and without optimisation, on
 * every processor with AVX2.  A change of one says that results of runs change. */
static void trained_models_have_the_same_bits_everywhere(void **state)
{
    (void)state;
    const struct gru_shape gru = {.vocabulary = 64, .embedding = 32, .hidden = 48};
    const struct mlp_shape mlp = {.vocabulary = 64, .context = 8, .embedding = 16, .hidden = 96};
    const struct conv_shape conv = {
        .vocabulary = 64, .context = 12, .width = 32, .hidden = 192, .layers = 2};
    const struct transformer_shape transformer = {
        .vocabulary = 64, .context = 64, .width = 32, .heads = 2, .hidden = 128, .layers = 2};
    const struct {
        struct lm_case model;
        uint64_t digest;
    } pinned[] = {
        {{"gru", &gru_ops, &gru, 8, 16}, UINT64_C(0xdae23dec1f711b70)},
        {{"mlp", &mlp_ops, &mlp, 8, 16}, UINT64_C(0xd40e238251b5dcee)},
        {{"conv", &conv_ops, &conv, 8, 16}, UINT64_C(0x92ec406b3f152977)},
        {{"transformer", &transformer_ops, &transformer, 8, 16}, UINT64_C(0xeea8462816d0cbd2)},
    };
    for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++) {
        const struct lm_case *c = &pinned[i].model;
        struct lm_sample s = lm_sample_create(c, 23);
        struct lm_optimiser optimiser;
        struct lm_step_result result;
        struct digest digest;
        param_defaults(&lm_optimiser_table, &optimiser);
        size_t block = lm_trainer.block_count(c->ops, c->shape, &optimiser);
        float *old = lm_case_floats(block), *new = lm_case_floats(block);
        float *scratch = lm_case_floats(lm_trainer.scratch_count(c->ops, c->shape, 8, 16));
        struct stream stream;
        stream_init(&stream, 24, STREAM_TEST, i, 0);
        lm_trainer.init(c->ops, c->shape, &optimiser, &stream, old);
        for (uint64_t step = 0; step < 40; step++) {
            learnable_tokens(c, &stream, s.tokens);
            assert_int_equal(lm_trainer.step(c->ops, c->shape, &optimiser, step, old, &s.batch, new,
                                             &result, scratch),
                             SIM_OK);
            float *swap = old;
            old = new;
            new = swap;
        }
        digest_init(&digest);
        digest_bytes(&digest, old, block * sizeof(float));
        if (digest_value(&digest) != pinned[i].digest)
            fail_msg("%s: digest 0x%016llx, expected 0x%016llx", c->name,
                     (unsigned long long)digest_value(&digest),
                     (unsigned long long)pinned[i].digest);
        free(old);
        free(new);
        free(scratch);
        lm_sample_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_agree_with_the_plain_reference_in_float),
        cmocka_unit_test(a_sequence_gives_the_same_bits_alone_and_in_a_batch),
        cmocka_unit_test(later_tokens_do_not_change_earlier_predictions),
        cmocka_unit_test(learning_sees_the_losses_that_answering_gives),
        cmocka_unit_test(probabilities_of_all_next_tokens_sum_to_one),
        cmocka_unit_test(an_adam_step_follows_its_formula),
        cmocka_unit_test(an_sgd_step_follows_its_formula_and_shortens_long_gradients),
        cmocka_unit_test(the_rate_warms_up_and_decays),
        cmocka_unit_test(a_step_without_a_number_is_reported_and_leaves_the_model_as_it_was),
        cmocka_unit_test(a_step_beyond_all_numbers_leaves_the_model_as_it_was),
        cmocka_unit_test(every_model_learns_a_rule_with_both_optimisers),
        cmocka_unit_test(first_parameters_depend_on_the_stream_alone_and_start_near_chance),
        cmocka_unit_test(tensors_tile_the_block),
        cmocka_unit_test(operation_counts_follow_the_formulas),
        cmocka_unit_test(learning_counts_six_operations_a_parameter_and_token_within_a_tenth),
        cmocka_unit_test(heads_that_do_not_divide_the_width_are_refused),
        cmocka_unit_test(every_model_is_listed_once_under_its_name),
        cmocka_unit_test(trained_models_have_the_same_bits_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
