/* Real models that learn and answer through the compute pool: one digest, however it is run. */
#include "base/digest.h"
#include "compute/compute.h"
#include "compute/version.h"
#include "lm/lm_list.h"
#include "lm/train.h"
#include "lm_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

enum { MODELS = 2 * LM_CASE_COUNT, STEPS = 500, OPEN_MAX = 48, TOKENS_MAX = 256 };
enum { KIND_TRAIN, KIND_ANSWER };

static const struct lm_optimiser adam = {.kind = LM_ADAM,
                                         .learning_rate = 0.02,
                                         .clip_norm = 1,
                                         .momentum = 0.8,
                                         .beta2 = 0.99,
                                         .epsilon = 1e-8};

struct model_input {
    const struct lm_case *model;
    const struct version *from;
    struct version *into; /* NULL: answer */
    uint64_t step;
    uint8_t tokens[TOKENS_MAX];
};

static enum sim_status run_model(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    const struct model_input *in = input;
    const struct lm_case *c = in->model;
    struct lm_batch batch = {.sequence_count = c->sequence_count,
                             .sequence_length = c->sequence_length,
                             .tokens = in->tokens};
    if (in->into != NULL)
        return lm_trainer.step(c->ops, c->shape, &adam, in->step, in->from->values, &batch,
                               in->into->values, output, scratch->bytes);
    c->ops->forward(c->shape, in->from->values, &batch,
                    &(struct lm_outputs){.log_probability = output}, scratch->bytes);
    return SIM_OK;
}

struct open_job {
    struct compute_ticket ticket;
    struct version *into;
    size_t model, output_bytes;
};

struct world {
    struct compute_pool *pool;
    struct version_pool *versions;
    struct version *version[MODELS];
    uint64_t steps[MODELS];
    bool is_training[MODELS];
    struct open_job open[OPEN_MAX];
    size_t open_count;
    struct digest digest;
};

static const struct lm_case *case_of(size_t model)
{
    return &lm_cases[model % LM_CASE_COUNT];
}

static void start_one(struct world *w, struct stream *stream)
{
    struct sim_error err = {0};
    size_t model = stream_below(stream, MODELS);
    const struct lm_case *c = case_of(model);
    struct model_input input = {.model = c, .from = w->version[model], .step = w->steps[model]};
    uint64_t text = stream_below(stream, 4); /* few texts: the memo finds some */
    for (int i = 0; i < TOKENS_MAX; i++)
        input.tokens[i] =
            (uint8_t)((i * (int)(text + 3) + i / 5) % (int)c->ops->vocabulary(c->shape));
    struct compute_job job = {.run = run_model,
                              .kind = KIND_ANSWER,
                              .input = &input,
                              .input_bytes = sizeof(input),
                              .group = w->version[model]->id,
                              .holds = {w->version[model]},
                              .hold_count = 1};
    uint64_t key[2] = {w->version[model]->id, text};
    job.work_flop = c->ops->training_flop(c->shape, c->sequence_count, c->sequence_length);
    job.scratch_bytes =
        sizeof(float) *
        lm_trainer.scratch_count(c->ops, c->shape, c->sequence_count, c->sequence_length);
    if (!w->is_training[model] && stream_below(stream, 3) == 0) {
        assert_int_equal(
            version_create(w->versions, w->version[model]->value_count, &input.into, &err), SIM_OK);
        job.kind = KIND_TRAIN;
        job.output_bytes = sizeof(struct lm_step_result);
        job.holds[job.hold_count++] = input.into;
        w->is_training[model] = true;
    } else {
        job.output_bytes = c->sequence_count * c->sequence_length * (uint32_t)sizeof(float);
        job.memo_key = key;
        job.memo_key_bytes = sizeof(key);
    }
    struct open_job *open = &w->open[w->open_count++];
    *open = (struct open_job){.into = input.into, .model = model, .output_bytes = job.output_bytes};
    assert_int_equal(compute_start(w->pool, &job, &open->ticket, &err), SIM_OK);
}

static void end_one(struct world *w, struct stream *stream)
{
    struct sim_error err = {0};
    size_t which = stream_below(stream, w->open_count);
    struct open_job job = w->open[which];
    w->open[which] = w->open[--w->open_count];
    bool host_crashed = stream_below(stream, 10) == 0;
    if (!host_crashed) {
        const void *output;
        assert_int_equal(compute_redeem(w->pool, job.ticket, &output, &err), SIM_OK);
        digest_bytes(&w->digest, output, job.output_bytes);
    }
    compute_drop(w->pool, job.ticket);
    if (job.into == NULL)
        return;
    w->is_training[job.model] = false;
    if (host_crashed) {
        version_release(job.into);
        return;
    }
    version_release(w->version[job.model]);
    w->version[job.model] = job.into;
    w->steps[job.model]++;
}

static uint64_t digest_of_world(struct compute_options options)
{
    struct sim_error err = {0};
    struct world *w = calloc(1, sizeof(*w));
    struct stream stream;
    digest_init(&w->digest);
    assert_int_equal(compute_create(&options, &w->pool, &err), SIM_OK);
    assert_int_equal(version_pool_create(0, &w->versions, &err), SIM_OK);
    for (size_t i = 0; i < MODELS; i++) {
        const struct lm_case *c = case_of(i);
        stream_init(&stream, 1, STREAM_MODEL_INIT, i, 0);
        assert_int_equal(version_create(w->versions,
                                        lm_trainer.block_count(c->ops, c->shape, &adam),
                                        &w->version[i], &err),
                         SIM_OK);
        lm_trainer.init(c->ops, c->shape, &adam, &stream, w->version[i]->values);
    }
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    for (int step = 0; step < STEPS; step++) {
        bool full = w->open_count == OPEN_MAX;
        if (w->open_count == 0 || (!full && stream_below(&stream, 2) == 0))
            start_one(w, &stream);
        else
            end_one(w, &stream);
    }
    while (w->open_count > 0)
        end_one(w, &stream);
    for (size_t i = 0; i < MODELS; i++) {
        digest_bytes(&w->digest, w->version[i]->values, w->version[i]->value_count * sizeof(float));
        version_release(w->version[i]);
    }
    uint64_t value = digest_value(&w->digest);
    compute_free(w->pool);
    assert_int_equal(version_pool_count(w->versions), 0);
    version_pool_free(w->versions);
    free(w);
    return value;
}

static void
models_learn_and_answer_alike_on_any_threads_in_any_order_with_or_without_memo(void **state)
{
    (void)state;
    uint64_t plain = digest_of_world((struct compute_options){.threads = 1});
    const uint32_t threads[] = {1, 2, 7};
    for (uint64_t i = 0; i < 3; i++) {
        for (uint64_t variant = 0; variant < 8; variant++) {
            struct compute_options options = {.threads = threads[i],
                                              .memo_bytes = (variant & 1) == 0 ? 0 : 1 << 20,
                                              .test_shuffle = (variant & 2) != 0,
                                              .test_poison_scratch = true,
                                              .test_seed = variant,
                                              .test_delay_us_max = (variant & 4) == 0 ? 0 : 40};
            assert_int_equal(digest_of_world(options), plain);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            models_learn_and_answer_alike_on_any_threads_in_any_order_with_or_without_memo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
