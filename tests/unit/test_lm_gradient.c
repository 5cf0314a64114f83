/* Every parameter of every model against finite differences, in double: this program links the
 * sources of models/lm built with LM_REAL=double. */
#include "lm_cases.h"
#include "lm_reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* sum of numbers times given ones: of what a batch with by_logits or by_hidden derives. */
static double given_objective(const struct lm_case *c, const struct lm_sample *s,
                              const lm_real *given, bool is_hidden, lm_real *numbers)
{
    size_t width = is_hidden ? c->ops->hidden_width(c->shape) : c->ops->vocabulary(c->shape);
    size_t count = (size_t)c->sequence_count * c->sequence_length * width;
    struct lm_outputs outputs = {0};
    *(is_hidden ? &outputs.hidden : &outputs.logits) = numbers;
    c->ops->forward(c->shape, s->parameters, &s->batch, &outputs, s->scratch);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)numbers[i] * (double)given[i];
    return sum;
}

/* sum over rows of weight * (-log-probability), the objective that loss_gradient derives. */
static double objective(const struct lm_case *c, const struct lm_sample *s,
                        lm_real *log_probability)
{
    if (s->batch.by_logits != NULL)
        return given_objective(c, s, s->batch.by_logits, false, log_probability);
    if (s->batch.by_hidden != NULL)
        return given_objective(c, s, s->batch.by_hidden, true, log_probability);
    c->ops->forward(c->shape, s->parameters, &s->batch,
                    &(struct lm_outputs){.log_probability = log_probability}, s->scratch);
    size_t rows = (size_t)c->sequence_count * c->sequence_length;
    double sum = 0;
    for (size_t row = 0; row < rows; row++) {
        double weight =
            s->batch.row_weight == NULL ? 1 / (double)rows : (double)s->batch.row_weight[row];
        sum -= weight * (double)log_probability[row];
    }
    return sum;
}

static void compare_with_differences(const struct lm_case *c, struct lm_sample *s)
{
    const double step = 1e-5;
    size_t rows = (size_t)c->sequence_count * c->sequence_length;
    size_t symbols = c->ops->vocabulary(c->shape), hidden = c->ops->hidden_width(c->shape);
    lm_real *gradient = lm_case_floats(s->parameter_count);
    lm_real *out = lm_case_floats(rows * (symbols > hidden ? symbols : hidden));
    c->ops->loss_gradient(c->shape, s->parameters, &s->batch, gradient, NULL, s->scratch);
    for (size_t k = 0; k < s->parameter_count; k++) {
        lm_real kept = s->parameters[k];
        s->parameters[k] = kept + (lm_real)step;
        double above = objective(c, s, out);
        s->parameters[k] = kept - (lm_real)step;
        double below = objective(c, s, out);
        s->parameters[k] = kept;
        double estimate = (above - below) / (2 * step);
        if (!(fabs(estimate - (double)gradient[k]) <= 1e-8 + 1e-6 * fabs(estimate)))
            fail_msg("%s: parameter %zu: gradient %.10g, finite difference %.10g", c->name, k,
                     (double)gradient[k], estimate);
    }
    free(gradient);
    free(out);
}

static void every_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        struct lm_sample s = lm_sample_create(&lm_cases[i], 3);
        compare_with_differences(&lm_cases[i], &s);
        lm_sample_free(&s);
    }
}

static void weighted_rows_have_their_own_gradients(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 4);
        size_t rows = (size_t)c->sequence_count * c->sequence_length;
        lm_real *weight = lm_case_floats(rows);
        for (size_t row = 0; row < rows; row++)
            weight[row] = (lm_real)((double)(row % 5) / 4 - 0.5);
        s.batch.row_weight = weight;
        compare_with_differences(c, &s);
        lm_sample_free(&s);
        free(weight);
    }
}

/* Derivatives by logits or hidden states that came from elsewhere, and are no softmax's. */
static void a_gradient_from_elsewhere_reaches_every_parameter(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i / 2];
        bool is_hidden = i % 2 != 0;
        struct lm_sample s = lm_sample_create(c, 6);
        size_t width = is_hidden ? c->ops->hidden_width(c->shape) : c->ops->vocabulary(c->shape);
        size_t count = (size_t)c->sequence_count * c->sequence_length * width;
        lm_real *given = lm_case_floats(count);
        for (size_t k = 0; k < count; k++)
            given[k] = (lm_real)((double)(k * 7 % 11) / 11 - 0.4);
        *(is_hidden ? &s.batch.by_hidden : &s.batch.by_logits) = given;
        compare_with_differences(c, &s);
        lm_sample_free(&s);
        free(given);
    }
}

static void logits_agree_with_the_plain_reference_in_double(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 5);
        size_t count =
            (size_t)c->sequence_count * c->sequence_length * c->ops->vocabulary(c->shape);
        lm_real *logits = lm_case_floats(count);
        double *expected = malloc(count * sizeof(*expected));
        double *parameters = malloc(s.parameter_count * sizeof(*parameters));
        for (size_t k = 0; k < s.parameter_count; k++)
            parameters[k] = (double)s.parameters[k];
        c->ops->forward(c->shape, s.parameters, &s.batch, &(struct lm_outputs){.logits = logits},
                        s.scratch);
        lm_reference_logits(c->ops, c->shape, parameters, &s.batch, expected);
        for (size_t k = 0; k < count; k++)
            if (!(fabs((double)logits[k] - expected[k]) <= 1e-12 * (1 + fabs(expected[k]))))
                fail_msg("%s: logit %zu: %.15g, reference %.15g", c->name, k, (double)logits[k],
                         expected[k]);
        lm_sample_free(&s);
        free(logits);
        free(expected);
        free(parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_agrees_with_finite_differences),
        cmocka_unit_test(weighted_rows_have_their_own_gradients),
        cmocka_unit_test(a_gradient_from_elsewhere_reaches_every_parameter),
        cmocka_unit_test(logits_agree_with_the_plain_reference_in_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
