#include "agent/response.h"

#include "agent/answer.h"
#include "agent/phrases.h"

#include <math.h>
#include <string.h>

struct response_input {
    const struct lm_ops *ops;
    const void *shape;
    const float *parameters;
    struct query_params query; /* as it was at the start: a scenario may change it */
    uint32_t symbols;          /* V */
    bool with_logits;          /* they follow the log-probabilities in the output */
    bool with_derivative;      /* that of phrases follows them */
    uint8_t tokens[];          /* (batch, sequence + 1) */
};

/* ---- shapes, bytes and operations */

uint32_t response_rows(const struct query_params *query)
{
    return query->response == QUERY_PHRASES ? query->batch : query->batch * query->sequence;
}

uint32_t response_positions(const struct query_params *query)
{
    return query->response == QUERY_PHRASES ? phrases_positions(query) : query->sequence;
}

uint8_t response_target(const struct query_params *query, const uint8_t *tokens, uint32_t row)
{
    uint32_t length = query->sequence;
    if (query->response == QUERY_PHRASES)
        return tokens[(size_t)row * (length + 1) + response_positions(query)];
    return tokens[(size_t)(row / length) * (length + 1) + row % length + 1];
}

static uint32_t wire_width(const struct query_params *query, const struct agents_group *group)
{
    uint32_t own = group->lm->hidden_width(group->lm_shape);
    return query->width == 0 ? own : query->width;
}

size_t response_derivative_count(const struct query_params *query, uint32_t symbols)
{
    bool travels = query->response == QUERY_PHRASES && query->gradients;
    return travels ? phrases_derivative_count(query, symbols) : 0;
}

static struct answer_shape shape_of(const struct agents_setup *setup,
                                    const struct agents_group *group)
{
    const struct query_params *query = setup->query;
    uint32_t symbols = setup->corpus->vocabulary_symbols;
    uint64_t phrases = phrases_kept(query, symbols, query->continuation);
    return (struct answer_shape){
        .sequences = query->batch,
        .positions = response_positions(query),
        .hidden_width = query->response == QUERY_HIDDEN ? wire_width(query, group) : symbols,
        .kept = query->kept,
        .phrases = phrases,
        .extra_tokens = query->batch * phrases * (query->continuation - 1),
    };
}

uint64_t response_request_bytes(const struct query_params *query)
{
    return answer_request_bytes(
        &(struct answer_shape){.sequences = query->batch, .positions = response_positions(query)});
}

uint64_t response_bytes(const struct agents_setup *setup, const struct agents_group *group)
{
    struct answer_shape shape = shape_of(setup, group);
    switch ((enum query_response)setup->query->response) {
    case QUERY_TOPK:
        return answer_topk_bytes(&shape);
    case QUERY_PHRASES:
        return answer_phrases_bytes(&shape);
    case QUERY_LOGITS:
    case QUERY_HIDDEN:
        break;
    }
    return answer_hidden_bytes(&shape);
}

uint64_t response_gradient_bytes(const struct agents_setup *setup, const struct agents_group *group)
{
    struct answer_shape shape = shape_of(setup, group);
    uint64_t gradient = setup->query->response == QUERY_PHRASES
                            ? answer_phrases_gradient_bytes(&shape)
                            : response_bytes(setup, group);
    return answer_request_bytes(&shape) + gradient;
}

uint64_t response_flop(const struct query_params *query, const struct agents_group *group)
{
    const struct lm_ops *lm = group->lm;
    if (query->response != QUERY_PHRASES)
        return lm->forward_flop(group->lm_shape, query->batch, query->sequence);
    return phrases_answer_flop(query, lm, group->lm_shape);
}

/* The text's, which is the model's own where the text is not there yet. */
static uint32_t symbols_of(const struct agents_setup *setup, const struct agents_group *group)
{
    return setup->corpus != NULL ? setup->corpus->vocabulary_symbols
                                 : group->lm->vocabulary(group->lm_shape);
}

static enum sim_status check_phrases(const struct agents_setup *setup, uint32_t symbols,
                                     struct sim_error *err)
{
    const struct query_params *query = setup->query;
    if (query->continuation > query->sequence)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.continuation is %u, but query.sequence leaves only %u symbols",
                        query->continuation, query->sequence);
    if (phrases_possible(query, symbols) == 0)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.continuation: there are more than %u continuations of %u of %u "
                        "symbols",
                        UINT32_MAX, query->continuation, symbols);
    return SIM_OK;
}

enum sim_status response_check(const struct agents_setup *setup, const struct agents_group *group,
                               struct sim_error *err)
{
    const struct query_params *query = setup->query;
    uint32_t symbols = symbols_of(setup, group);
    if (query->response == QUERY_TOPK && query->kept > symbols)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.kept is %u, but the corpus has a vocabulary of %u symbols",
                        query->kept, symbols);
    uint32_t own = group->lm->hidden_width(group->lm_shape);
    if (query->response == QUERY_HIDDEN && wire_width(query, group) < own)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.width is %u, but the hidden state of groups.%s has %u numbers",
                        query->width, group->name, own);
    return query->response == QUERY_PHRASES ? check_phrases(setup, symbols, err) : SIM_OK;
}

/* ---- forms with a row a position */

void response_read_hidden(const float *hidden, const float *weight, const float *bias, size_t rows,
                          uint32_t width, uint32_t symbols, float *ret_logits)
{
    for (size_t row = 0; row < rows; row++) {
        float *restrict logits = ret_logits + row * symbols;
        for (uint32_t v = 0; v < symbols; v++)
            logits[v] = bias == NULL ? 0 : bias[v];
        for (uint32_t j = 0; j < width; j++) {
            const float *restrict w = weight + (size_t)j * symbols;
            float h = hidden[row * width + j];
            for (uint32_t v = 0; v < symbols; v++)
                logits[v] += h * w[v];
        }
    }
}

/* What the caller reads when only the k largest probabilities of a position travel. */
static float through_topk(const struct response_input *in, uint32_t target, float *logits)
{
    double full[256], probabilities[256];
    uint32_t indices[256];
    for (uint32_t v = 0; v < in->symbols; v++)
        full[v] = (double)logits[v];
    answer_topk_encode(full, in->symbols, in->query.kept, indices, probabilities);
    answer_topk_decode(indices, probabilities, in->query.kept, in->symbols, full);
    for (uint32_t v = 0; v < in->symbols; v++)
        logits[v] = (float)full[v];
    return (float)full[target];
}

/* A piece of the job's scratch, aligned to 64 bytes. */
static float *take_floats(float **rest, size_t count)
{
    float *piece = *rest;
    *rest += (count + 15) & ~(size_t)15;
    return piece;
}

static size_t floats_taken(size_t count)
{
    return (count + 15) & ~(size_t)15;
}

static void answer_by_topk(const struct response_input *in, const struct lm_batch *batch,
                           struct lm_outputs *outputs, float *rest)
{
    size_t rows = (size_t)batch->sequence_count * batch->sequence_length;
    if (outputs->logits == NULL)
        outputs->logits = take_floats(&rest, rows * in->symbols);
    in->ops->forward(in->shape, in->parameters, batch, outputs, rest);
    for (uint32_t row = 0; row < rows; row++)
        outputs->log_probability[row] =
            through_topk(in, response_target(&in->query, in->tokens, row),
                         outputs->logits + (size_t)row * in->symbols);
}

static void answer_by_hidden(const struct response_input *in, const struct lm_batch *batch,
                             const struct lm_outputs *outputs, float *rest)
{
    size_t rows = (size_t)batch->sequence_count * batch->sequence_length;
    uint32_t width = in->ops->hidden_width(in->shape);
    uint32_t wide = in->query.width == 0 ? width : in->query.width;
    float *hidden = take_floats(&rest, rows * width), *wire = take_floats(&rest, rows * wide);
    float *logits = take_floats(&rest, rows * in->symbols);
    if (outputs->logits != NULL)
        logits = outputs->logits;
    in->ops->forward(in->shape, in->parameters, batch, &(struct lm_outputs){.hidden = hidden},
                     rest);
    answer_hidden_encode(hidden, rows, width, wide, wire);
    answer_hidden_decode(wire, rows, width, wide, hidden);
    const float *bias, *weight = in->ops->output_layer(in->shape, in->parameters, &bias);
    response_read_hidden(hidden, weight, bias, rows, width, in->symbols, logits);
    for (uint32_t row = 0; row < rows; row++) {
        const float *of_row = logits + (size_t)row * in->symbols;
        double truth = (double)of_row[response_target(&in->query, in->tokens, row)];
        outputs->log_probability[row] = (float)(truth - answer_log_sum(of_row, in->symbols));
    }
}

/* ---- the job */

static void answer_by_phrases(const struct response_input *in, const struct lm_outputs *outputs,
                              void *scratch)
{
    const struct phrases_asked asked = {
        .lm = in->ops, .shape = in->shape, .parameters = in->parameters, .query = &in->query};
    uint32_t rows = response_rows(&in->query);
    float *behind = outputs->log_probability + rows * (in->with_logits ? 1 + in->symbols : 1);
    phrases_answer(&asked, in->tokens, outputs->log_probability, outputs->logits,
                   in->with_derivative ? behind : NULL, scratch);
}

static enum sim_status run_response(const void *input, void *output,
                                    const struct compute_scratch *scratch)
{
    const struct response_input *in = input;
    const struct query_params *query = &in->query;
    struct lm_batch batch = {
        .sequence_count = query->batch, .sequence_length = query->sequence, .tokens = in->tokens};
    struct lm_outputs outputs = {.log_probability = output};
    if (in->with_logits)
        outputs.logits = outputs.log_probability + response_rows(query);
    switch ((enum query_response)query->response) {
    case QUERY_LOGITS:
        in->ops->forward(in->shape, in->parameters, &batch, &outputs, scratch->bytes);
        break;
    case QUERY_TOPK:
        answer_by_topk(in, &batch, &outputs, scratch->bytes);
        break;
    case QUERY_HIDDEN:
        answer_by_hidden(in, &batch, &outputs, scratch->bytes);
        break;
    case QUERY_PHRASES:
        answer_by_phrases(in, &outputs, scratch->bytes);
        break;
    }
    return SIM_OK;
}

static uint64_t scratch_bytes(const struct agents_setup *setup, const struct agents_group *group)
{
    const struct query_params *query = setup->query;
    uint32_t symbols = setup->corpus->vocabulary_symbols;
    size_t rows = (size_t)query->batch * query->sequence, floats = 0;
    uint32_t width = group->lm->hidden_width(group->lm_shape);
    if (query->response == QUERY_PHRASES)
        return phrases_scratch_bytes(query, group->lm, group->lm_shape, false);
    if (query->response != QUERY_LOGITS)
        floats += floats_taken(rows * symbols);
    if (query->response == QUERY_HIDDEN)
        floats += floats_taken(rows * width) + floats_taken(rows * wire_width(query, group));
    return sizeof(float) * (floats + group->lm->scratch_count(group->lm_shape, query->batch,
                                                              query->sequence, false));
}

size_t response_input_bytes(const struct query_params *query)
{
    return sizeof(struct response_input) + (size_t)query->batch * (query->sequence + 1);
}

enum sim_status response_start(struct agents *agents, uint32_t index, const uint8_t *tokens,
                               struct compute_ticket *ret_ticket, struct sim_error *err)
{
    const struct agent_model *model = &agents->models[index];
    const struct query_params *query = agents->setup.query;
    uint32_t symbols = agents->setup.corpus->vocabulary_symbols;
    size_t token_bytes = (size_t)query->batch * (query->sequence + 1);
    uint32_t derivative = (uint32_t)response_derivative_count(query, symbols);
    SIM_ASSERT(response_input_bytes(query) <= agents->job_input_bytes);
    struct response_input *in = agents->job_input;
    *in = (struct response_input){.ops = model->group->lm,
                                  .shape = model->group->lm_shape,
                                  .parameters = model->version->values,
                                  .query = *query,
                                  .symbols = symbols,
                                  .with_logits = agents->keeps_logits,
                                  .with_derivative = derivative > 0};
    memcpy(in->tokens, tokens, token_bytes);

    /* A model behind one hotkey sees each question once: only shared ones meet a batch again. */
    uint8_t key[sizeof(uint64_t) + 16 * 1024];
    bool memoise = model->is_shared && sizeof(uint64_t) + token_bytes <= sizeof(key);
    if (memoise) {
        memcpy(key, &model->version->id, sizeof(uint64_t));
        memcpy(key + sizeof(uint64_t), tokens, token_bytes);
    }
    uint32_t numbers = agents->rows * (in->with_logits ? 1 + symbols : 1) + derivative;
    struct compute_job job = {
        .run = run_response,
        .kind = AGENT_JOB_FORWARD,
        .input = in,
        .input_bytes = (uint32_t)response_input_bytes(query),
        .output_bytes = numbers * (uint32_t)sizeof(float),
        .scratch_bytes = scratch_bytes(&agents->setup, model->group),
        .work_flop = model->forward_flop,
        .group = model->version->id,
        .holds = {model->version},
        .hold_count = 1,
        .memo_key = memoise ? key : NULL,
        .memo_key_bytes = memoise ? (uint32_t)(sizeof(uint64_t) + token_bytes) : 0,
    };
    return compute_start(agents->wiring.pool, &job, ret_ticket, err);
}
