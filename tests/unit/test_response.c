/* Every form of an answer against the plain forward pass, through the job that a run starts. */
#include "agent/response.h"
#include "lm_cases.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { BATCH = 3, LENGTH = 5, TOKENS = BATCH * (LENGTH + 1), FLOATS_MAX = 4096 };

/* As much of a run as an answer needs: one model, a pool, a question. */
struct bench {
    struct agents agents;
    struct agents_group group;
    struct agent_model model;
    struct corpus corpus;
    struct query_params query;
    uint8_t tokens[TOKENS];
    float output[FLOATS_MAX];
};

static void open_bench(struct bench *b, const struct lm_case *c)
{
    struct sim_error err = {0};
    memset(b, 0, sizeof(*b));
    struct compute_options options = {.threads = 1, .test_poison_scratch = true};
    assert_int_equal(compute_create(&options, &b->agents.wiring.pool, &err), SIM_OK);
    assert_int_equal(version_pool_create(0, &b->agents.wiring.versions, &err), SIM_OK);
    b->group = (struct agents_group){.name = "g", .lm = c->ops, .lm_shape = c->shape};
    b->corpus.vocabulary_symbols = c->ops->vocabulary(c->shape);
    b->query = (struct query_params){.batch = BATCH, .sequence = LENGTH, .continuation = 1};
    b->model.group = &b->group;
    size_t count = c->ops->parameter_count(c->shape);
    assert_int_equal(version_create(b->agents.wiring.versions, count, &b->model.version, &err),
                     SIM_OK);
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, stream_entity("response", 0), 0);
    c->ops->init(c->shape, &stream, b->model.version->values);
    for (size_t i = 0; i < count; i++)
        b->model.version->values[i] += (float)(0.3 * (stream_uniform(&stream) - 0.5));
    for (int i = 0; i < TOKENS; i++)
        b->tokens[i] = (uint8_t)stream_below(&stream, b->corpus.vocabulary_symbols);
    b->agents.models = &b->model;
    b->agents.setup.query = &b->query;
    b->agents.setup.corpus = &b->corpus;
    b->agents.keeps_logits = true;
    b->agents.job_input_bytes = 4096;
    b->agents.job_input = aligned_alloc(64, b->agents.job_input_bytes);
}

static void close_bench(struct bench *b)
{
    free(b->agents.job_input);
    b->agents.wiring.pool = compute_free(b->agents.wiring.pool);
    version_release(b->model.version);
    version_pool_free(b->agents.wiring.versions);
}

/* Log-probabilities, then logits, in b->output. */
static void answer(struct bench *b, enum query_response form)
{
    struct sim_error err = {0};
    struct compute_ticket ticket;
    const void *output;
    b->query.response = (int)form;
    b->agents.rows = response_rows(&b->query);
    assert_int_equal(response_check(&b->agents.setup, &b->group, &err), SIM_OK);
    assert_int_equal(response_start(&b->agents, 0, b->tokens, &ticket, &err), SIM_OK);
    assert_int_equal(compute_redeem(b->agents.wiring.pool, ticket, &output, &err), SIM_OK);
    size_t count = (size_t)b->agents.rows * (1 + b->corpus.vocabulary_symbols) +
                   response_derivative_count(&b->query, b->corpus.vocabulary_symbols);
    assert_true(count <= FLOATS_MAX);
    memcpy(b->output, output, count * sizeof(float));
    compute_drop(b->agents.wiring.pool, ticket);
}

static void assert_near(double a, double b, double tolerance, const char *what)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s: %.9g is not %.9g", what, a, b);
}

static void for_each_model(void (*check)(struct bench *b, const float *plain, const char *name))
{
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        struct bench b;
        float plain[FLOATS_MAX];
        if (lm_cases[i].ops->sequence_length_max(lm_cases[i].shape) < LENGTH)
            continue;
        open_bench(&b, &lm_cases[i]);
        answer(&b, QUERY_LOGITS);
        memcpy(plain, b.output, sizeof(plain));
        check(&b, plain, lm_cases[i].name);
        close_bench(&b);
    }
}

static void compare_hidden(struct bench *b, const float *plain, const char *name)
{
    uint32_t own = b->group.lm->hidden_width(b->group.lm_shape);
    for (uint32_t wide = 0; wide < 2; wide++) {
        b->query.width = wide ? own + 7 : 0;
        answer(b, QUERY_HIDDEN);
        for (uint32_t r = 0; r < b->agents.rows; r++)
            assert_near((double)b->output[r], (double)plain[r], 1e-4, name);
        struct sim_error err = {0};
        b->query.width = own - 1;
        if (own > 1)
            assert_int_equal(response_check(&b->agents.setup, &b->group, &err), SIM_CONFIG);
    }
}

static void a_hidden_state_read_by_the_published_layer_says_what_the_logits_say(void **state)
{
    (void)state;
    for_each_model(compare_hidden);
}

static void compare_topk(struct bench *b, const float *plain, const char *name)
{
    b->query.kept = b->corpus.vocabulary_symbols;
    answer(b, QUERY_TOPK);
    for (uint32_t r = 0; r < b->agents.rows; r++)
        assert_near((double)b->output[r], (double)plain[r], 1e-4, name);
}

static void a_top_that_keeps_everything_says_what_the_logits_say(void **state)
{
    (void)state;
    for_each_model(compare_topk);
}

/* A beam as wide as there are continuations misses none: its probability of the true one is the
 * chain rule's. */
static void compare_phrases(struct bench *b, const float *plain, const char *name)
{
    uint32_t symbols = b->corpus.vocabulary_symbols;
    for (uint32_t m = 1; m <= 2; m++) {
        b->query.continuation = m;
        b->query.phrases = m == 1 ? symbols : symbols * symbols;
        if (b->query.phrases > 1024)
            continue;
        answer(b, QUERY_PHRASES);
        for (uint32_t row = 0; row < BATCH; row++) {
            double sum = 0, mass = 0;
            for (uint32_t i = 0; i < m; i++)
                sum += (double)plain[row * LENGTH + LENGTH - 1 - i];
            assert_near((double)b->output[row], sum / m, 1e-4, name);
            for (uint32_t v = 0; v < symbols; v++)
                mass += exp((double)b->output[BATCH + row * symbols + v]);
            assert_near(mass, 1, 1e-5, name);
        }
    }
}

static void a_beam_that_keeps_every_continuation_gives_the_chain_rules_probability(void **state)
{
    (void)state;
    for_each_model(compare_phrases);
}

/* What of an answer goes back: with all symbols listed, -1 / (B p) + 1 / B for the truth and 1 / B
 * for every other one, and nothing for a floor that nobody is on. */
static void compare_derivative(struct bench *b, const float *plain, const char *name)
{
    uint32_t symbols = b->corpus.vocabulary_symbols, listed = symbols;
    b->query.continuation = 1;
    b->query.phrases = listed;
    b->query.gradients = true;
    answer(b, QUERY_PHRASES);
    const float *derivative = b->output + BATCH * (1 + symbols);
    assert_int_equal(response_derivative_count(&b->query, symbols), BATCH * (listed + 1));
    for (uint32_t row = 0; row < BATCH; row++) {
        double truth = exp((double)plain[row * LENGTH + LENGTH - 1]), below = 0;
        uint32_t others = 0;
        const float *of_row = derivative + row * (listed + 1);
        for (uint32_t k = 0; k < listed; k++) {
            if (of_row[k] > 0)
                others++;
            else
                below += (double)of_row[k];
        }
        assert_int_equal(others, listed - 1);
        assert_near(below * truth, (truth - 1) / BATCH, 1e-4, name);
        assert_true(of_row[listed] == 0);
    }
}

static void the_derivative_by_phrases_follows_the_answer(void **state)
{
    (void)state;
    for_each_model(compare_derivative);
}

static void compare_narrow_beam(struct bench *b, const float *plain, const char *name)
{
    (void)plain;
    b->query.continuation = 3;
    b->query.phrases = 2;
    answer(b, QUERY_PHRASES);
    for (uint32_t row = 0; row < BATCH; row++)
        if (!(b->output[row] <= 0) || isinf(b->output[row]))
            fail_msg("%s: %g", name, (double)b->output[row]);
}

static void a_narrow_beam_still_gives_every_continuation_a_loss(void **state)
{
    (void)state;
    for_each_model(compare_narrow_beam);
}

static void a_continuation_costs_a_forward_pass_for_each_prefix(void **state)
{
    (void)state;
    const struct lm_case *c = &lm_cases[0];
    struct agents_group group = {.name = "g", .lm = c->ops, .lm_shape = c->shape};
    struct query_params query = {
        .batch = 4, .sequence = 9, .response = QUERY_PHRASES, .phrases = 5, .continuation = 3};
    uint64_t expected =
        4 * (c->ops->forward_flop(c->shape, 1, 7) + c->ops->forward_flop(c->shape, 5, 8) +
             c->ops->forward_flop(c->shape, 5, 9));
    assert_int_equal(response_flop(&query, &group), expected);
    assert_int_equal(response_request_bytes(&query), 8 * 4 * 7);
}

static void forms_weigh_what_the_historic_messages_weighed(void **state)
{
    (void)state;
    const struct lm_case *c = &lm_cases[0]; /* V 11, hidden 9 */
    struct corpus corpus = {.vocabulary_symbols = 11};
    struct agents_group group = {.name = "g", .lm = c->ops, .lm_shape = c->shape};
    struct query_params query = {
        .batch = 4, .sequence = 6, .kept = 3, .phrases = 5, .continuation = 2};
    struct agents_setup setup = {.corpus = &corpus, .query = &query};
    assert_int_equal(response_bytes(&setup, &group), 4 * 4 * 6 * 11);
    assert_int_equal(response_gradient_bytes(&setup, &group), 8 * 4 * 6 + 4 * 4 * 6 * 11);
    query.response = QUERY_HIDDEN;
    assert_int_equal(response_bytes(&setup, &group), 4 * 4 * 6 * 9);
    query.width = 64;
    assert_int_equal(response_bytes(&setup, &group), 4 * 4 * 6 * 64);
    query.response = QUERY_TOPK;
    assert_int_equal(response_bytes(&setup, &group), 4 * 4 * 6 * 2 * 3);
    query.response = QUERY_PHRASES;
    assert_int_equal(response_bytes(&setup, &group), 4 * (4 * 5 * (1 + 2) + 4));
    assert_int_equal(response_gradient_bytes(&setup, &group), 8 * 4 * 5 + 4 * (2 + 4 * (5 + 1)));
}

static void what_cannot_be_answered_is_refused_with_the_reason(void **state)
{
    (void)state;
    const struct lm_case *c = &lm_cases[0];
    struct corpus corpus = {.vocabulary_symbols = 11};
    struct agents_group group = {.name = "g", .lm = c->ops, .lm_shape = c->shape};
    struct query_params query = {
        .batch = 1, .sequence = 6, .response = QUERY_PHRASES, .phrases = 5, .continuation = 7};
    struct agents_setup setup = {.corpus = &corpus, .query = &query};
    struct sim_error err = {0};
    assert_int_equal(response_check(&setup, &group, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "query.continuation is 7"));
    query = (struct query_params){
        .sequence = 30, .response = QUERY_PHRASES, .phrases = 5, .continuation = 8};
    corpus.vocabulary_symbols = 64;
    assert_int_equal(response_check(&setup, &group, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "continuations of 8 of 64 symbols"));
    query = (struct query_params){.sequence = 3, .response = QUERY_TOPK, .kept = 65};
    assert_int_equal(response_check(&setup, &group, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "query.kept is 65"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_state_read_by_the_published_layer_says_what_the_logits_say),
        cmocka_unit_test(a_top_that_keeps_everything_says_what_the_logits_say),
        cmocka_unit_test(a_beam_that_keeps_every_continuation_gives_the_chain_rules_probability),
        cmocka_unit_test(the_derivative_by_phrases_follows_the_answer),
        cmocka_unit_test(a_narrow_beam_still_gives_every_continuation_a_loss),
        cmocka_unit_test(a_continuation_costs_a_forward_pass_for_each_prefix),
        cmocka_unit_test(forms_weigh_what_the_historic_messages_weighed),
        cmocka_unit_test(what_cannot_be_answered_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
