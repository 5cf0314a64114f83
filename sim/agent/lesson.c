#include "agent/lesson.h"

#include "agent/answer.h"
#include "agent/reading.h"
#include "agent/response.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LESSON_STEP = 64 };
/* A teacher's least probability: no logit is asked to fall without end. */
#define TEACHER_FLOOR 1e-6

/* ---- what a scenario asks for */

size_t lesson_float_count(const struct agents_setup *setup)
{
    const struct query_params *query = setup->query;
    size_t width = setup->corpus->vocabulary_symbols;
    size_t phrases = response_derivative_count(query, (uint32_t)width);
    if (phrases > 0)
        return phrases;
    for (uint32_t g = 0; g < setup->group_count; g++) {
        size_t hidden = setup->groups[g].lm->hidden_width(setup->groups[g].lm_shape);
        if (query->response == QUERY_HIDDEN && hidden > width)
            width = hidden;
    }
    return (size_t)query->batch * query->sequence * width;
}

bool lesson_needs_logits(const struct agents_setup *setup)
{
    if (setup->query->gradients && setup->query->response != QUERY_PHRASES)
        return true;
    for (uint32_t g = 0; g < setup->group_count; g++)
        if (setup->groups[g].training->distil > 0)
            return true;
    return false;
}

enum sim_status lesson_check(const struct agents_setup *setup, const struct agents_group *group,
                             struct sim_error *err)
{
    if (group->training->distil > 0 && setup->query->response == QUERY_PHRASES)
        return SIM_FAIL(err, SIM_CONFIG,
                        "groups.%s.training.distil: answers of response 'phrases' have no logits "
                        "to learn from",
                        group->name);
    return SIM_OK;
}

/* ---- slots */

static size_t token_bytes(const struct agents *agents)
{
    return (size_t)agents->setup.query->batch * (agents->setup.query->sequence + 1);
}

enum sim_status lesson_grow(struct agents *agents, struct sim_error *err)
{
    uint32_t capacity = agents->lesson_capacity + LESSON_STEP;
    struct agent_lesson *grown = realloc(agents->lessons, capacity * sizeof(*grown));
    if (grown == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u gradients", capacity);
    agents->lessons = grown;
    while (agents->lesson_capacity < capacity) {
        struct agent_lesson lesson = {.neuron = AGENT_NONE, .next = agents->lesson_free};
        lesson.derivative = calloc(1, agents->lesson_floats * sizeof(float) + token_bytes(agents));
        if (lesson.derivative == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for %u gradients", capacity);
        lesson.tokens = (uint8_t *)(lesson.derivative + agents->lesson_floats);
        agents->lesson_free = agents->lesson_capacity;
        agents->lessons[agents->lesson_capacity++] = lesson;
    }
    return SIM_OK;
}

void lesson_free_all(struct agents *agents)
{
    for (uint32_t i = 0; i < agents->lesson_capacity; i++)
        free(agents->lessons[i].derivative);
    free(agents->lessons);
}

void lesson_release(struct agents *agents, uint32_t index)
{
    agents->lessons[index].neuron = AGENT_NONE;
    agents->lessons[index].next = agents->lesson_free;
    agents->lesson_free = index;
}

static enum sim_status take(struct agents *agents, uint32_t neuron, uint32_t *ret_lesson,
                            struct sim_error *err)
{
    if (agents->lesson_free == AGENT_NONE) {
        enum sim_status status = lesson_grow(agents, err);
        if (status != SIM_OK)
            return status;
    }
    *ret_lesson = agents->lesson_free;
    struct agent_lesson *lesson = &agents->lessons[*ret_lesson];
    agents->lesson_free = lesson->next;
    lesson->neuron = neuron;
    lesson->next = AGENT_NONE;
    lesson->useful = false;
    return SIM_OK;
}

/* ---- a server's list */

uint32_t lesson_take_first(struct agents *agents, struct agent_server *server)
{
    SIM_ASSERT(server->lesson_count > 0);
    uint32_t first = server->first_lesson;
    server->first_lesson = agents->lessons[first].next;
    if (--server->lesson_count == 0)
        server->first_lesson = server->last_lesson = AGENT_NONE;
    return first;
}

void lesson_forget(struct agents *agents, struct agent_server *server)
{
    while (server->lesson_count > 0)
        lesson_release(agents, lesson_take_first(agents, server));
    server->taught = false;
}

static void append(struct agents *agents, struct agent_server *server, uint32_t index)
{
    agents->lessons[index].next = AGENT_NONE;
    if (server->lesson_count++ == 0)
        server->first_lesson = index;
    else
        agents->lessons[server->last_lesson].next = index;
    server->last_lesson = index;
}

void lesson_delivered(struct agents *agents, uint32_t index, enum net_outcome outcome)
{
    const struct agent_lesson *lesson = &agents->lessons[index];
    struct agent_neuron *neuron = &agents->neurons[lesson->neuron];
    struct agent_server *server = &agents->servers[neuron->server];
    const struct agent_model *model = &agents->models[server->model];
    if (outcome != NET_LOST)
        neuron->counters.bytes_down += model->gradient_bytes;
    if (outcome == NET_LOST || !lesson->useful || server->stopped) {
        lesson_release(agents, index);
        return;
    }
    append(agents, server, index);
    if (server->lesson_count > model->group->training->remote_max)
        lesson_release(agents, lesson_take_first(agents, server));
}

/* ---- gradients */

/* d loss / d logits of one row: softmax minus the truth, over the rows. */
static void row_derivative(const float *logits, uint32_t symbols, uint32_t target, double rows,
                           double *ret)
{
    reading_softmax(logits, symbols, ret);
    ret[target] -= 1;
    for (uint32_t v = 0; v < symbols; v++)
        ret[v] /= rows;
}

/* The derivative by the logits through the last layer: by the hidden state [width]. */
static void through_output_layer(const double *by_logits, uint32_t symbols, const float *weight,
                                 uint32_t width, float *ret)
{
    for (uint32_t j = 0; j < width; j++) {
        double sum = 0;
        for (uint32_t v = 0; v < symbols; v++)
            sum += by_logits[v] * (double)weight[(size_t)j * symbols + v];
        ret[j] = (float)sum;
    }
}

/* What of one row's derivative goes over the wire, into ret. */
static void encode_row(const struct agents *agents, const struct agent_model *model, double *row,
                       float *ret)
{
    const struct query_params *query = agents->setup.query;
    uint32_t symbols = agents->setup.corpus->vocabulary_symbols, scratch[256];
    double kept[256];
    if (query->response == QUERY_HIDDEN) {
        const struct agents_group *group = model->group;
        const float *bias;
        const float *weight =
            group->lm->output_layer(group->lm_shape, model->version->values, &bias);
        through_output_layer(row, symbols, weight, group->lm->hidden_width(group->lm_shape), ret);
        return;
    }
    const double *sent = row;
    if (query->response == QUERY_TOPK) {
        answer_topk_gradient(row, symbols, query->kept, scratch, kept);
        sent = kept;
    }
    for (uint32_t v = 0; v < symbols; v++)
        ret[v] = (float)sent[v];
}

static bool by_phrases(const struct agents *agents)
{
    return agents->setup.query->response == QUERY_PHRASES;
}

static uint32_t derivative_width(const struct agents *agents, const struct agent_model *model)
{
    return agents->setup.query->response == QUERY_HIDDEN
               ? model->group->lm->hidden_width(model->group->lm_shape)
               : agents->setup.corpus->vocabulary_symbols;
}

/* The derivative by the logits or the hidden states of an answer. */
static void fill_rows(const struct agents *agents, const struct agent_question *question,
                      uint32_t slot, const struct agent_model *model, float *ret)
{
    uint32_t symbols = agents->setup.corpus->vocabulary_symbols;
    uint32_t width = derivative_width(agents, model);
    const float *logits = question->logits + (size_t)slot * agents->rows * symbols;
    double row[256];
    for (uint32_t r = 0; r < agents->rows; r++) {
        uint32_t target = response_target(agents->setup.query, question->tokens, r);
        row_derivative(logits + (size_t)r * symbols, symbols, target, agents->rows, row);
        encode_row(agents, model, row, ret + (size_t)r * width);
    }
}

size_t lesson_derivative_count(const struct agents *agents, const struct agent_model *model)
{
    return by_phrases(agents) ? agents->lesson_floats
                              : (size_t)agents->rows * derivative_width(agents, model);
}

/* Fills the lesson from one answer; a receiver that does not learn from it is sent as many bytes
 * of nothing. */
static void fill(struct agents *agents, const struct agent_question *question, uint32_t slot,
                 struct agent_lesson *lesson)
{
    const struct agent_neuron *neuron = &agents->neurons[lesson->neuron];
    const struct agent_model *model = &agents->models[agents->servers[neuron->server].model];
    const struct group_training_params *training = model->group->training;
    if (!training->enabled || training->remote == GROUP_REMOTE_NONE)
        return;
    size_t count = lesson_derivative_count(agents, model);
    if (by_phrases(agents))
        memcpy(lesson->derivative, question->derivative + slot * count, count * sizeof(float));
    else
        fill_rows(agents, question, slot, model, lesson->derivative);
    memcpy(lesson->tokens, question->tokens, token_bytes(agents));
    lesson->useful = true;
    for (size_t i = 0; i < count; i++)
        lesson->useful = lesson->useful && isfinite(lesson->derivative[i]);
}

static enum sim_status send_gradient(struct agents *agents, const struct agent_question *question,
                                     uint32_t slot, int64_t now_ns, struct sim_error *err)
{
    uint32_t asker = agents->validators[question->validator].neuron;
    uint32_t target = question->neurons[slot], index;
    enum sim_status status = take(agents, target, &index, err);
    if (status != SIM_OK)
        return status;
    fill(agents, question, slot, &agents->lessons[index]);
    uint32_t server = agents->neurons[target].server;
    uint64_t bytes = agents->models[agents->servers[server].model].gradient_bytes;
    agents->neurons[asker].counters.bytes_up += bytes;
    struct net_message message = {.source =
                                      agents->wiring.first_host + agents->neurons[asker].server,
                                  .target = agents->wiring.first_host + server,
                                  .size_bytes = bytes,
                                  .tag = agents->wiring.tag | LESSON_TAG | index,
                                  .connection = NET_CONNECT};
    return net_send(agents->wiring.net, now_ns, &message, NULL, err);
}

/* ---- teachers */

/* The teacher of a question is ln of the mean of what its peers answered. */
static void teach_asker(struct agents *agents, const struct agent_question *question)
{
    const struct agent_neuron *asker =
        &agents->neurons[agents->validators[question->validator].neuron];
    struct agent_server *server = &agents->servers[asker->server];
    uint32_t symbols = agents->setup.corpus->vocabulary_symbols, answers = 0;
    for (uint32_t k = 0; k < question->peer_count; k++)
        answers += question->answered[k];
    if (server->teacher == NULL || server->stopped || answers == 0)
        return;
    for (uint32_t r = 0; r < agents->rows; r++) {
        double sum[256] = {0}, share[256];
        for (uint32_t k = 0; k < question->peer_count; k++) {
            if (!question->answered[k])
                continue;
            size_t row = (size_t)k * agents->rows + r;
            reading_softmax(question->logits + row * symbols, symbols, share);
            for (uint32_t v = 0; v < symbols; v++)
                sum[v] += share[v];
        }
        for (uint32_t v = 0; v < symbols; v++)
            server->teacher[(size_t)r * symbols + v] = (float)log(sum[v] / answers + TEACHER_FLOOR);
    }
    memcpy(server->teacher_tokens, question->tokens, token_bytes(agents));
    server->taught = true;
}

enum sim_status lesson_send(struct agents *agents, const struct agent_question *question,
                            int64_t now_ns, struct sim_error *err)
{
    teach_asker(agents, question);
    enum sim_status status = SIM_OK;
    for (uint32_t k = 0; agents->setup.query->gradients && k < question->peer_count; k++)
        if (question->answered[k] && status == SIM_OK)
            status = send_gradient(agents, question, k, now_ns, err);
    return status;
}
