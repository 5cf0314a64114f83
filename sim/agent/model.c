/*
 * model.c: forward passes, training steps and evaluations as compute jobs.
 *
 * A job's input is a header and the tokens in one block; it holds the versions that it points to.
 * Text for a training step is drawn inside the job, from a stream keyed by the model's stable name
 * and the step's number, so the loop does not wait for it and a cancelled step moves no draw.
 */
#include "agent/answer.h"
#include "agent/reading.h"

#include <math.h>
#include <string.h>

struct forward_input {
    const struct lm_ops *ops;
    const void *shape;
    const float *parameters;
    struct lm_batch batch; /* tokens are set by the job: they follow this header */
    uint32_t symbols;      /* V */
    uint32_t kept;         /* of each position's distribution, k symbols are sent; 0 = all */
    bool with_logits;      /* they follow the log-probabilities in the output */
    uint8_t tokens[];
};

struct train_input {
    const struct lm_trainer *trainer;
    const struct agents_group *group;
    const struct corpus *corpus;
    const double *mixture;
    const float *from;
    float *to;
    uint64_t seed, entity, step;
    int64_t now_ns;
};

static size_t align64(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

/* What the caller reads when only the k largest probabilities of a position travel. */
static float through_topk(const struct forward_input *in, uint32_t target, float *logits)
{
    double full[256], probabilities[256];
    uint32_t indices[256];
    for (uint32_t v = 0; v < in->symbols; v++)
        full[v] = (double)logits[v];
    answer_topk_encode(full, in->symbols, in->kept, indices, probabilities);
    answer_topk_decode(indices, probabilities, in->kept, in->symbols, full);
    for (uint32_t v = 0; v < in->symbols; v++)
        logits[v] = (float)full[v];
    return (float)full[target];
}

static enum sim_status run_forward(const void *input, void *output,
                                   const struct compute_scratch *scratch)
{
    const struct forward_input *in = input;
    struct lm_batch batch = in->batch;
    batch.tokens = in->tokens;
    uint32_t length = batch.sequence_length;
    size_t rows = (size_t)batch.sequence_count * length;
    struct lm_outputs outputs = {.log_probability = output};
    float *rest = scratch->bytes;
    if (in->with_logits) {
        outputs.logits = outputs.log_probability + rows;
    } else if (in->kept > 0) {
        outputs.logits = rest;
        rest = (float *)((char *)rest + align64(rows * in->symbols * sizeof(float)));
    }
    in->ops->forward(in->shape, in->parameters, &batch, &outputs, rest);
    for (size_t row = 0; in->kept > 0 && row < rows; row++) {
        uint32_t target = in->tokens[row / length * (length + 1) + row % length + 1];
        outputs.log_probability[row] = through_topk(in, target, outputs.logits + row * in->symbols);
    }
    return SIM_OK;
}

/* As run_forward, for one number: the mean loss in nats. */
static enum sim_status run_evaluate(const void *input, void *output,
                                    const struct compute_scratch *scratch)
{
    const struct forward_input *in = input;
    struct lm_batch batch = in->batch;
    batch.tokens = in->tokens;
    size_t rows = (size_t)batch.sequence_count * batch.sequence_length;
    float *log_probability = scratch->bytes;
    float *rest = (float *)((char *)scratch->bytes + align64(rows * sizeof(float)));
    struct lm_outputs outputs = {.log_probability = log_probability};
    in->ops->forward(in->shape, in->parameters, &batch, &outputs, rest);

    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum -= (double)log_probability[r];
    double mean = sum / (double)rows;
    memcpy(output, &mean, sizeof(mean));
    return isfinite(mean) ? SIM_OK : SIM_NUMERIC;
}

static void draw_training_text(const struct train_input *in, uint8_t *ret_tokens)
{
    const struct corpus_diet *diet = in->group->diet;
    const struct group_training_params *training = in->group->training;
    struct corpus_request request = {
        .part = CORPUS_TRAIN,
        .weights = in->mixture,
        .length_tokens = training->sequence + 1,
        .time_ns = in->now_ns,
        .leak_share = diet->leak_share,
        .junk_share = diet->junk_share,
        .poison_share = diet->poison_share,
    };
    struct stream stream;
    stream_init(&stream, in->seed, STREAM_TRAIN_DATA, in->entity, in->step);
    for (uint32_t b = 0; b < training->batch; b++)
        corpus_draw(in->corpus, &request, &stream, ret_tokens + b * (training->sequence + 1));
}

static size_t training_token_bytes(const struct group_training_params *training)
{
    return align64((size_t)training->batch * (training->sequence + 1));
}

static enum sim_status run_train(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    const struct train_input *in = input;
    const struct group_training_params *training = in->group->training;
    uint8_t *tokens = scratch->bytes;
    draw_training_text(in, tokens);
    struct lm_batch batch = {
        .sequence_count = training->batch, .sequence_length = training->sequence, .tokens = tokens};
    float *rest = (float *)((char *)scratch->bytes + training_token_bytes(training));
    return in->trainer->step(in->group->lm, in->group->lm_shape, in->group->optimiser, in->step,
                             in->from, &batch, in->to, output, rest);
}

/* Fills agents->job_input with header and tokens; returns its size. */
static uint32_t build_forward(struct agents *agents, const struct agent_model *model,
                              uint32_t sequence_count, uint32_t sequence_length,
                              const uint8_t *tokens)
{
    size_t token_bytes = (size_t)sequence_count * (sequence_length + 1);
    SIM_ASSERT(sizeof(struct forward_input) + token_bytes <= agents->job_input_bytes);
    struct forward_input *in = agents->job_input;
    *in = (struct forward_input){
        .ops = model->group->lm,
        .shape = model->group->lm_shape,
        .parameters = model->version->values,
        .batch = {.sequence_count = sequence_count, .sequence_length = sequence_length},
        .symbols = agents->setup.corpus->vocabulary_symbols,
    };
    memcpy(in->tokens, tokens, token_bytes);
    return (uint32_t)(sizeof(*in) + token_bytes);
}

enum sim_status model_start_forward(struct agents *agents, uint32_t index, const uint8_t *tokens,
                                    struct compute_ticket *ret_ticket, struct sim_error *err)
{
    const struct agent_model *model = &agents->models[index];
    const struct query_params *query = agents->setup.query;
    uint32_t input_bytes = build_forward(agents, model, query->batch, query->sequence, tokens);
    struct forward_input *in = agents->job_input;
    in->kept = query->response == QUERY_TOPK ? query->kept : 0;
    in->with_logits = reading_wants_logits(&agents->setup);
    size_t logit_bytes = (size_t)agents->rows * in->symbols * sizeof(float);
    uint32_t output_bytes = agents->rows * (uint32_t)sizeof(float);

    /* A model behind one hotkey sees each question once: only shared ones meet a batch again. */
    uint8_t key[sizeof(uint64_t) + 16 * 1024];
    size_t token_bytes = (size_t)query->batch * (query->sequence + 1);
    bool memoise = model->is_shared && sizeof(uint64_t) + token_bytes <= sizeof(key);
    if (memoise) {
        memcpy(key, &model->version->id, sizeof(uint64_t));
        memcpy(key + sizeof(uint64_t), tokens, token_bytes);
    }
    struct compute_job job = {
        .run = run_forward,
        .kind = AGENT_JOB_FORWARD,
        .input = agents->job_input,
        .input_bytes = input_bytes,
        .output_bytes = output_bytes + (in->with_logits ? (uint32_t)logit_bytes : 0),
        .scratch_bytes =
            sizeof(float) * model->group->lm->scratch_count(model->group->lm_shape, query->batch,
                                                            query->sequence, false) +
            (in->kept > 0 ? align64(logit_bytes) : 0),
        .work_flop = model->forward_flop,
        .group = model->version->id,
        .holds = {model->version},
        .hold_count = 1,
        .memo_key = memoise ? key : NULL,
        .memo_key_bytes = memoise ? (uint32_t)(sizeof(uint64_t) + token_bytes) : 0,
    };
    return compute_start(agents->wiring.pool, &job, ret_ticket, err);
}

enum sim_status model_start_training(struct agents *agents, uint32_t index, struct sim_error *err)
{
    struct agent_model *model = &agents->models[index];
    const struct agents_group *group = model->group;
    const struct group_training_params *training = group->training;
    SIM_ASSERT(model->next == NULL);
    enum sim_status status =
        version_create(agents->wiring.versions, model->version->value_count, &model->next, err);
    if (status != SIM_OK)
        return status;

    struct train_input input = {
        .trainer = agents->setup.trainer,
        .group = group,
        .corpus = agents->setup.corpus,
        .mixture = model->mixture,
        .from = model->version->values,
        .to = model->next->values,
        .seed = agents->seed,
        .entity = model->entity,
        .step = model->step_count,
        .now_ns = evq_now_ns(agents->wiring.queue),
    };
    size_t scratch_floats = agents->setup.trainer->scratch_count(
        group->lm, group->lm_shape, training->batch, training->sequence);
    struct compute_job job = {
        .run = run_train,
        .kind = AGENT_JOB_TRAIN,
        .input = &input,
        .input_bytes = sizeof(input),
        .output_bytes = sizeof(struct lm_step_result),
        .scratch_bytes = training_token_bytes(training) + sizeof(float) * scratch_floats,
        .work_flop = model->step_flop,
        .group = model->version->id,
        .holds = {model->version, model->next},
        .hold_count = 2,
    };
    return compute_start(agents->wiring.pool, &job, &model->training, err);
}

static enum sim_status name_model(const struct agents *agents, uint32_t index,
                                  struct sim_error *err)
{
    const struct agent_model *model = &agents->models[index];
    const struct agent_neuron *neuron = &agents->neurons[agents->servers[index].first_neuron];
    return sim_error_context(err, "model of '%s' number %u after %llu steps", model->group->name,
                             neuron->index_in_group, (unsigned long long)model->step_count);
}

enum sim_status model_finish_training(struct agents *agents, uint32_t index, struct sim_error *err)
{
    struct agent_model *model = &agents->models[index];
    const void *output;
    enum sim_status status = compute_redeem(agents->wiring.pool, model->training, &output, err);
    if (status != SIM_OK)
        return name_model(agents, index, err);
    struct lm_step_result result;
    memcpy(&result, output, sizeof(result));
    compute_drop(agents->wiring.pool, model->training);
    model->training = (struct compute_ticket){0};

    version_release(model->version);
    model->version = model->next;
    model->next = NULL;
    model->step_count++;
    model->loss_nats = result.loss_nats;
    digest_f64(&agents->digest, result.loss_nats);
    return SIM_OK;
}

/* The same held-out text for every model: differences between models are then differences of
 * models, not of luck. */
static enum sim_status draw_heldout(struct agents *agents, uint32_t sequence_count,
                                    uint8_t *ret_tokens)
{
    const struct corpus *corpus = agents->setup.corpus;
    uint32_t length = agents->setup.query->sequence + 1;
    double weights[CORPUS_DOMAINS_MAX];
    for (uint32_t d = 0; d < corpus->domain_count; d++)
        weights[d] = corpus->domains[d].is_private ? 0 : 1;
    struct corpus_request request = {
        .part = CORPUS_HELDOUT, .weights = weights, .length_tokens = length};
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_QUERY_DATA, stream_entity("evaluation", 0), 0);
    for (uint32_t b = 0; b < sequence_count; b++)
        corpus_draw(corpus, &request, &stream, ret_tokens + (size_t)b * length);
    return SIM_OK;
}

static enum sim_status start_evaluation(struct agents *agents, uint32_t index,
                                        uint32_t sequence_count, const uint8_t *tokens,
                                        struct compute_ticket *ret_ticket, struct sim_error *err)
{
    const struct agent_model *model = &agents->models[index];
    uint32_t length = agents->setup.query->sequence;
    size_t rows = (size_t)sequence_count * length;
    size_t scratch_floats =
        model->group->lm->scratch_count(model->group->lm_shape, sequence_count, length, false);
    struct compute_job job = {
        .run = run_evaluate,
        .kind = AGENT_JOB_EVALUATE,
        .input = agents->job_input,
        .input_bytes = build_forward(agents, model, sequence_count, length, tokens),
        .output_bytes = sizeof(double),
        .scratch_bytes = align64(rows * sizeof(float)) + sizeof(float) * scratch_floats,
        .work_flop = model->group->lm->forward_flop(model->group->lm_shape, sequence_count, length),
        .group = model->version->id,
        .holds = {model->version},
        .hold_count = 1,
    };
    return compute_start(agents->wiring.pool, &job, ret_ticket, err);
}

static enum sim_status finish_evaluation(struct agents *agents, uint32_t index,
                                         struct compute_ticket ticket, double *ret_loss_nats,
                                         struct sim_error *err)
{
    const void *output;
    enum sim_status status = compute_redeem(agents->wiring.pool, ticket, &output, err);
    if (status != SIM_OK)
        return name_model(agents, index, err);
    memcpy(ret_loss_nats, output, sizeof(*ret_loss_nats));
    compute_drop(agents->wiring.pool, ticket);
    const struct agent_model *model = &agents->models[index];
    digest_f64(&agents->digest, *ret_loss_nats);
    digest_bytes(&agents->digest, model->version->values,
                 model->version->value_count * sizeof(float));
    return SIM_OK;
}

/* Models are evaluated in batches of this many open tickets: enough to keep every core busy. */
enum { EVALUATION_WAVE = 256 };

enum sim_status agents_evaluate(struct agents *agents, uint32_t sequence_count,
                                double *ret_loss_nats, struct sim_error *err)
{
    uint8_t tokens[AGENT_EVALUATION_TOKENS_MAX];
    SIM_ASSERT((size_t)sequence_count * (agents->setup.query->sequence + 1) <= sizeof(tokens));
    enum sim_status status = draw_heldout(agents, sequence_count, tokens);
    for (uint32_t first = 0; first < agents->server_count && status == SIM_OK;
         first += EVALUATION_WAVE) {
        struct compute_ticket tickets[EVALUATION_WAVE] = {{0}};
        uint32_t count = agents->server_count - first;
        if (count > EVALUATION_WAVE)
            count = EVALUATION_WAVE;
        for (uint32_t i = 0; i < count && status == SIM_OK; i++)
            status = start_evaluation(agents, first + i, sequence_count, tokens, &tickets[i], err);
        for (uint32_t i = 0; i < count && status == SIM_OK; i++)
            status =
                finish_evaluation(agents, first + i, tickets[i], &ret_loss_nats[first + i], err);
    }
    return status;
}
