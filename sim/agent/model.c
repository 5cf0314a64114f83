/*
 * model.c: what becomes of a training step's output, and evaluations as compute jobs.
 */
#include "agent/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct evaluation_input {
    const struct lm_ops *ops;
    const void *shape;
    const float *parameters;
    struct lm_batch batch; /* tokens are set by the job: they follow this header */
    uint8_t tokens[];
};

static size_t align64(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

/* One number: the mean loss in nats. */
static enum sim_status run_evaluate(const void *input, void *output,
                                    const struct compute_scratch *scratch)
{
    const struct evaluation_input *in = input;
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

/* Fills agents->job_input with header and tokens; returns its size. */
static uint32_t build_evaluation(struct agents *agents, const struct agent_model *model,
                                 uint32_t sequence_count, uint32_t sequence_length,
                                 const uint8_t *tokens)
{
    size_t token_bytes = (size_t)sequence_count * (sequence_length + 1);
    SIM_ASSERT(sizeof(struct evaluation_input) + token_bytes <= agents->job_input_bytes);
    struct evaluation_input *in = agents->job_input;
    *in = (struct evaluation_input){
        .ops = model->group->lm,
        .shape = model->group->lm_shape,
        .parameters = model->version->values,
        .batch = {.sequence_count = sequence_count, .sequence_length = sequence_length},
    };
    memcpy(in->tokens, tokens, token_bytes);
    return (uint32_t)(sizeof(*in) + token_bytes);
}

static enum sim_status name_model(const struct agents *agents, uint32_t index,
                                  struct sim_error *err)
{
    const struct agent_model *model = &agents->models[index];
    const struct agent_neuron *neuron = &agents->neurons[agents->servers[index].first_neuron];
    return sim_error_context(err, "model of '%s' number %u after %llu steps", model->group->name,
                             neuron->index_in_group, (unsigned long long)model->step_count);
}

static enum sim_status add_incident(struct agents *agents, const struct agent_incident *incident,
                                    struct sim_error *err)
{
    if (agents->incident_count == agents->incident_capacity) {
        size_t capacity = 2 * agents->incident_capacity + 16;
        struct agent_incident *grown = realloc(agents->incidents, capacity * sizeof(*grown));
        if (grown == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu incidents", capacity);
        agents->incidents = grown;
        agents->incident_capacity = capacity;
    }
    agents->incidents[agents->incident_count++] = *incident;
    return SIM_OK;
}

/* The step under way is given up; the model stays what it was. */
static void drop_training(struct agents *agents, struct agent_model *model)
{
    compute_drop(agents->wiring.pool, model->training);
    model->training = (struct compute_ticket){0};
    version_release(model->next);
    model->next = NULL;
}

/* Back to what the model was made from: it gave numbers, on the text that it was asked about. */
static void undo_last_step(struct agent_model *model)
{
    if (model->before == NULL)
        return;
    version_release(model->version);
    model->version = model->before;
    model->before = NULL;
    model->step_count--;
}

/* A step gave no number: what its group's on_nan says, and a line for the books. */
static enum sim_status on_no_number(struct agents *agents, uint32_t index, struct sim_error *err)
{
    struct agent_model *model = &agents->models[index];
    struct agent_server *server = &agents->servers[index];
    int policy = model->group->training->on_nan;
    if (policy == GROUP_NAN_FAIL)
        return name_model(agents, index, err);
    struct agent_incident incident = {.kind = AGENT_INCIDENT_NO_NUMBER,
                                      .neuron = server->first_neuron,
                                      .value = model->step_count};
    if (err != NULL)
        *err = (struct sim_error){0};
    drop_training(agents, model);
    if (policy == GROUP_NAN_REVERT)
        undo_last_step(model);
    else
        server->stopped = true;
    digest_u64(&agents->digest, incident.value);
    return add_incident(agents, &incident, err);
}

static void put_in_place(struct agent_model *model)
{
    if (model->group->training->on_nan == GROUP_NAN_REVERT) {
        version_release(model->before);
        model->before = model->version;
    } else {
        version_release(model->version);
    }
    model->version = model->next;
    model->next = NULL;
    model->step_count++;
}

enum sim_status model_finish_training(struct agents *agents, uint32_t index, struct sim_error *err)
{
    struct agent_model *model = &agents->models[index];
    const void *output;
    enum sim_status status = compute_redeem(agents->wiring.pool, model->training, &output, err);
    if (status == SIM_NUMERIC)
        return on_no_number(agents, index, err);
    if (status != SIM_OK)
        return name_model(agents, index, err);
    struct lm_step_result result;
    memcpy(&result, output, sizeof(result));
    compute_drop(agents->wiring.pool, model->training);
    model->training = (struct compute_ticket){0};
    put_in_place(model);
    model->loss_nats = result.loss_nats;
    digest_f64(&agents->digest, result.loss_nats);
    return SIM_OK;
}

void model_cancel_training(struct agents *agents, uint32_t index)
{
    drop_training(agents, &agents->models[index]);
}

/* The same text for every model and at any time: differences between models are then differences
 * of models, not of luck. */
static void draw_test(const struct agents *agents, enum agents_test test, uint32_t sequence_count,
                      uint8_t *ret_tokens)
{
    const struct corpus *corpus = agents->setup.corpus;
    uint32_t length = agents->setup.query->sequence + 1;
    double weights[CORPUS_DOMAINS_MAX];
    for (uint32_t d = 0; d < corpus->domain_count; d++)
        weights[d] = corpus->domains[d].is_private ? 0 : 1;
    bool hidden = test == AGENTS_TEST_HELDOUT;
    struct corpus_request request = {.part = hidden ? CORPUS_HELDOUT : CORPUS_TRAIN,
                                     .weights = weights,
                                     .length_tokens = length};
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_QUERY_DATA,
                stream_entity(hidden ? "evaluation" : "public test", 0), 0);
    for (uint32_t b = 0; b < sequence_count; b++)
        corpus_draw(corpus, &request, &stream, ret_tokens + (size_t)b * length);
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
        .input_bytes = build_evaluation(agents, model, sequence_count, length, tokens),
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
    const struct agent_model *model = &agents->models[index];
    enum sim_status status = compute_redeem(agents->wiring.pool, ticket, &output, err);
    bool tolerated = status == SIM_NUMERIC && model->group->training->on_nan != GROUP_NAN_FAIL;
    if (status != SIM_OK && !tolerated)
        return name_model(agents, index, err);
    memcpy(ret_loss_nats, output, sizeof(*ret_loss_nats));
    if (tolerated)
        *ret_loss_nats = NAN; /* one of its many bit patterns */
    compute_drop(agents->wiring.pool, ticket);
    return SIM_OK;
}

/* Models are evaluated in batches of this many open tickets: enough to keep every core busy. */
enum { EVALUATION_WAVE = 256 };

enum sim_status agents_test_models(struct agents *agents, enum agents_test test,
                                   uint32_t sequence_count, double *ret_loss_nats,
                                   struct sim_error *err)
{
    uint8_t tokens[AGENT_EVALUATION_TOKENS_MAX];
    SIM_ASSERT((size_t)sequence_count * (agents->setup.query->sequence + 1) <= sizeof(tokens));
    bool any = false;
    for (uint32_t g = 0; g < agents->setup.group_count; g++)
        any |= agents_has_model(&agents->setup.groups[g]);
    if (any)
        draw_test(agents, test, sequence_count, tokens);
    enum sim_status status = SIM_OK;
    for (uint32_t first = 0; first < agents->server_count && status == SIM_OK;
         first += EVALUATION_WAVE) {
        struct compute_ticket tickets[EVALUATION_WAVE] = {{0}};
        uint32_t count = agents->server_count - first;
        if (count > EVALUATION_WAVE)
            count = EVALUATION_WAVE;
        for (uint32_t i = 0; i < count && status == SIM_OK; i++) {
            ret_loss_nats[first + i] = NAN;
            if (agents_has_model(agents->models[first + i].group))
                status =
                    start_evaluation(agents, first + i, sequence_count, tokens, &tickets[i], err);
        }
        for (uint32_t i = 0; i < count && status == SIM_OK; i++)
            if (!compute_ticket_is_none(tickets[i]))
                status = finish_evaluation(agents, first + i, tickets[i], &ret_loss_nats[first + i],
                                           err);
    }
    return status;
}

enum sim_status agents_evaluate(struct agents *agents, uint32_t sequence_count,
                                double *ret_loss_nats, struct sim_error *err)
{
    enum sim_status status =
        agents_test_models(agents, AGENTS_TEST_HELDOUT, sequence_count, ret_loss_nats, err);
    for (uint32_t m = 0; m < agents->server_count && status == SIM_OK; m++) {
        const struct version *version = agents->models[m].version;
        if (!agents_has_model(agents->models[m].group))
            continue;
        digest_f64(&agents->digest, ret_loss_nats[m]);
        digest_bytes(&agents->digest, version->values, version->value_count * sizeof(float));
    }
    return status;
}
