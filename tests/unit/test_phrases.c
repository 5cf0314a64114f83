/* The gradient of phrases, by every parameter, against finite differences of a plain formula over
 * the slow reference models, in double: this program links models/lm and the search built with
 * LM_REAL=double. */
#include "agent/phrases.h"
#include "lm_cases.h"
#include "lm_reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { BATCH = 2, LENGTH = 5, LISTED_MAX = 64, REFERENCE_FLOATS = 16384 };

/* A model, a question and the phrases that the model lists at its first parameters. */
struct subject {
    const struct lm_case *c;
    size_t parameter_count;
    double *parameters;
    struct query_params query;
    uint8_t tokens[BATCH * (LENGTH + 1)];
    uint32_t listed;
    uint8_t phrases[BATCH][LISTED_MAX][PHRASES_SYMBOLS_MAX];
    void *scratch;
};

static struct phrases_asked asked_of(const struct subject *s)
{
    return (struct phrases_asked){
        .lm = s->c->ops, .shape = s->c->shape, .parameters = s->parameters, .query = &s->query};
}

static uint8_t *text_of(struct subject *s, uint32_t b)
{
    return s->tokens + (size_t)b * (LENGTH + 1);
}

static void note_phrases(struct subject *s)
{
    struct phrases_asked asked = asked_of(s);
    for (uint32_t b = 0; b < BATCH; b++) {
        struct answer_phrases found = phrases_search(&asked, text_of(s, b), s->scratch);
        assert_true(found.count <= LISTED_MAX);
        s->listed = found.count;
        for (uint32_t k = 0; k < found.count; k++)
            for (uint32_t i = 0; i < s->query.continuation; i++)
                s->phrases[b][k][i] = (uint8_t)found.tokens[k][i];
    }
}

static bool is_listed(const struct subject *s, uint32_t b, const uint8_t *phrase)
{
    for (uint32_t k = 0; k < s->listed; k++)
        if (memcmp(s->phrases[b][k], phrase, s->query.continuation) == 0)
            return true;
    return false;
}

/* The first sequence's truth is the second phrase of its list, the second's is not listed, where
 * there is one that is not. */
static void choose_truth(struct subject *s)
{
    uint32_t m = s->query.continuation, symbols = s->c->ops->vocabulary(s->c->shape);
    memcpy(text_of(s, 0) + LENGTH + 1 - m, s->phrases[0][s->listed > 1], m);
    uint8_t phrase[PHRASES_SYMBOLS_MAX];
    for (uint32_t n = 0; n < phrases_possible(&s->query, symbols); n++) {
        for (uint32_t i = 0, rest = n; i < m; i++, rest /= symbols)
            phrase[i] = (uint8_t)(rest % symbols);
        memcpy(text_of(s, 1) + LENGTH + 1 - m, phrase, m);
        if (!is_listed(s, 1, phrase))
            return;
    }
}

static void open_subject(struct subject *s, const struct lm_case *c, uint32_t phrases,
                         uint32_t continuation)
{
    *s = (struct subject){.c = c,
                          .query = {.batch = BATCH,
                                    .sequence = LENGTH,
                                    .response = QUERY_PHRASES,
                                    .phrases = phrases,
                                    .continuation = continuation,
                                    .gradients = true}};
    struct lm_sample sample = lm_sample_create(c, 7);
    s->parameter_count = sample.parameter_count;
    s->parameters = sample.parameters;
    free(sample.scratch);
    free(sample.tokens);
    struct stream stream;
    stream_init(&stream, 8, STREAM_TEST, 0, 0);
    for (int i = 0; i < BATCH * (LENGTH + 1); i++)
        s->tokens[i] = (uint8_t)stream_below(&stream, c->ops->vocabulary(c->shape));
    size_t bytes = phrases_scratch_bytes(&s->query, c->ops, c->shape, true);
    s->scratch = lm_case_floats(bytes / sizeof(lm_real) + 1);
    note_phrases(s);
    choose_truth(s);
}

static void close_subject(struct subject *s)
{
    free(s->parameters);
    free(s->scratch);
}

/* p of each listed phrase by the chain rule and the reference; returns their sum. */
static double reference_probabilities(const struct subject *s, uint32_t b, double *ret)
{
    uint32_t m = s->query.continuation, symbols = s->c->ops->vocabulary(s->c->shape);
    uint8_t tokens[LENGTH + 1];
    double logits[REFERENCE_FLOATS], total = 0;
    assert_true(LENGTH * symbols <= REFERENCE_FLOATS);
    struct lm_batch batch = {.sequence_count = 1, .sequence_length = LENGTH, .tokens = tokens};
    memcpy(tokens, s->tokens + (size_t)b * (LENGTH + 1), LENGTH + 1);
    for (uint32_t k = 0; k < s->listed; k++) {
        memcpy(tokens + LENGTH + 1 - m, s->phrases[b][k], m);
        lm_reference_logits(s->c->ops, s->c->shape, s->parameters, &batch, logits);
        ret[k] = 1;
        for (uint32_t i = 0; i < m; i++) {
            const double *row = logits + (size_t)(LENGTH - m + i) * symbols;
            double sum = 0;
            for (uint32_t v = 0; v < symbols; v++)
                sum += exp(row[v]);
            ret[k] *= exp(row[s->phrases[b][k][i]]) / sum;
        }
        total += ret[k];
    }
    return total;
}

/* The formula of docs/SCORING.md, with all phrases of m symbols: each shorter beginning of the
 * truth is matched by no phrase, so counts the floor. */
static double reference_loss(const struct subject *s)
{
    uint32_t m = s->query.continuation, symbols = s->c->ops->vocabulary(s->c->shape);
    double loss_nats = 0, others = phrases_possible(&s->query, symbols) - s->listed;
    for (uint32_t b = 0; b < BATCH; b++) {
        double p[LISTED_MAX], listed = reference_probabilities(s, b, p);
        double floor = others > 0 && listed < 1 ? (1 - listed) / others : 0;
        double total = listed + others * floor, match = 0;
        for (uint32_t k = 0; k < s->listed; k++) {
            const uint8_t *truth = s->tokens + (size_t)(b + 1) * (LENGTH + 1) - m;
            match += memcmp(truth, s->phrases[b][k], m) == 0 ? p[k] : 0;
        }
        match = match > 0 ? match + (m - 1) * floor : m * floor;
        loss_nats -= log(match / total) / m;
    }
    return loss_nats / BATCH;
}

/* What the validator derives, in double, without the wire's rounding. */
static void derive(struct subject *s, double *ret)
{
    struct phrases_asked asked = asked_of(s);
    uint32_t m = s->query.continuation, symbols = s->c->ops->vocabulary(s->c->shape);
    for (uint32_t b = 0; b < BATCH; b++) {
        uint32_t target[PHRASES_SYMBOLS_MAX];
        for (uint32_t i = 0; i < m; i++)
            target[i] = text_of(s, b)[LENGTH + 1 - m + i];
        struct answer_phrases found = phrases_search(&asked, text_of(s, b), s->scratch);
        double *row = ret + (size_t)b * (s->listed + 1);
        answer_phrases_gradient(&found, target, m, phrases_possible(&s->query, symbols), row);
        for (uint32_t k = 0; k <= s->listed; k++)
            row[k] /= m * BATCH;
    }
}

static void compare(const struct lm_case *c, uint32_t phrases, uint32_t continuation)
{
    const double step = 1e-5;
    struct subject s;
    open_subject(&s, c, phrases, continuation);
    double derivative[BATCH * (LISTED_MAX + 1)], length;
    double *gradient = lm_case_floats(s.parameter_count);
    derive(&s, derivative);
    struct phrases_asked asked = asked_of(&s);
    double loss = phrases_gradient(&asked, s.tokens, derivative, gradient, &length, s.scratch);
    assert_true(length > 0);
    if (!(fabs(loss - reference_loss(&s)) < 1e-12))
        fail_msg("%s: loss %.15g, reference %.15g", c->name, loss, reference_loss(&s));
    /* All of the small models; of the large ones some 400 spread over every tensor. */
    for (size_t k = 0; k < s.parameter_count; k += 1 + s.parameter_count / 400) {
        double kept = s.parameters[k];
        s.parameters[k] = kept + step;
        double above = reference_loss(&s);
        s.parameters[k] = kept - step;
        double below = reference_loss(&s);
        s.parameters[k] = kept;
        double estimate = (above - below) / (2 * step);
        if (!(fabs(estimate - gradient[k]) <= 1e-8 + 1e-5 * fabs(estimate)))
            fail_msg("%s, %u of %u symbols: parameter %zu: gradient %.10g, difference %.10g",
                     c->name, phrases, continuation, k, gradient[k], estimate);
    }
    free(gradient);
    close_subject(&s);
}

static void for_each_model(uint32_t phrases, uint32_t continuation)
{
    for (int i = 0; i < LM_CASE_COUNT; i++)
        if (lm_cases[i].ops->sequence_length_max(lm_cases[i].shape) >= LENGTH)
            compare(&lm_cases[i], phrases, continuation);
}

static void the_next_symbols_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    for_each_model(3, 1);
}

static void a_continuations_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    for_each_model(4, 2);
    compare(&lm_cases[0], 3, 3);
}

/* With every symbol listed the loss is the cross entropy of the last row. */
static void a_list_of_everything_learns_as_from_the_last_rows_loss(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        uint32_t symbols = c->ops->vocabulary(c->shape);
        if (c->ops->sequence_length_max(c->shape) < LENGTH)
            continue;
        struct subject s;
        open_subject(&s, c, symbols, 1);
        double derivative[BATCH * (LISTED_MAX + 1)], length;
        double *gradient = lm_case_floats(s.parameter_count);
        double *expected = lm_case_floats(s.parameter_count), weights[BATCH * LENGTH] = {0};
        for (uint32_t b = 0; b < BATCH; b++)
            weights[b * LENGTH + LENGTH - 1] = 1.0 / BATCH;
        struct lm_batch batch = {.sequence_count = BATCH,
                                 .sequence_length = LENGTH,
                                 .tokens = s.tokens,
                                 .row_weight = weights};
        double *scratch = lm_case_floats(c->ops->scratch_count(c->shape, BATCH, LENGTH, true));
        derive(&s, derivative);
        struct phrases_asked asked = asked_of(&s);
        (void)phrases_gradient(&asked, s.tokens, derivative, gradient, &length, s.scratch);
        c->ops->loss_gradient(c->shape, s.parameters, &batch, expected, NULL, scratch);
        for (size_t k = 0; k < s.parameter_count; k++)
            if (!(fabs(gradient[k] - expected[k]) <= 1e-11))
                fail_msg("%s: parameter %zu: %.12g, expected %.12g", c->name, k, gradient[k],
                         expected[k]);
        free(scratch);
        free(gradient);
        free(expected);
        close_subject(&s);
    }
}

/* The numbers go by rank: whoever has learnt meanwhile takes the phrases that it lists now. */
static void the_first_number_is_about_the_phrase_that_is_first_now(void **state)
{
    (void)state;
    struct subject s;
    open_subject(&s, &lm_cases[0], 3, 1);
    double derivative[BATCH * 4] = {-1}, length;
    double *gradient = lm_case_floats(s.parameter_count);
    struct phrases_asked asked = asked_of(&s);
    for (int turn = 0; turn < 2; turn++) {
        uint8_t first = s.phrases[0][0][0];
        double before[LISTED_MAX], after[LISTED_MAX];
        reference_probabilities(&s, 0, before);
        (void)phrases_gradient(&asked, s.tokens, derivative, gradient, &length, s.scratch);
        for (size_t k = 0; k < s.parameter_count; k++)
            s.parameters[k] -= 0.1 / length * gradient[k];
        reference_probabilities(&s, 0, after);
        assert_true(after[0] > before[0] && after[1] < before[1]);
        /* Turn the second into the first. */
        double opposite[BATCH * 4] = {1, -1};
        for (int n = 0; n < 200 && s.phrases[0][0][0] == first; n++) {
            (void)phrases_gradient(&asked, s.tokens, opposite, gradient, &length, s.scratch);
            for (size_t k = 0; k < s.parameter_count; k++)
                s.parameters[k] -= 0.05 / length * gradient[k];
            note_phrases(&s);
        }
        assert_true(s.phrases[0][0][0] != first);
    }
    free(gradient);
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_symbols_gradient_agrees_with_finite_differences),
        cmocka_unit_test(a_continuations_gradient_agrees_with_finite_differences),
        cmocka_unit_test(a_list_of_everything_learns_as_from_the_last_rows_loss),
        cmocka_unit_test(the_first_number_is_about_the_phrase_that_is_first_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
