/*
 * query.c: a validator's question, from the draw of its text to the scores of those asked.
 *
 * A question is one batch put to K peers at once (bittensor v3, core_validator: nucleus.forward).
 * It closes when the last answer is in or at the time-out, whichever is first; the next one starts
 * `interval` after it began, or at once when it took longer.  Answers after the close are lost.
 */
#include "agent/lesson.h"
#include "agent/reading.h"
#include "agent/response.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_STEP = 4096 };

/* ---- pools */

enum sim_status query_grow(struct agents *agents, struct sim_error *err)
{
    uint32_t capacity = agents->query_capacity + POOL_STEP;
    struct agent_query *grown = realloc(agents->queries, capacity * sizeof(*grown));
    if (grown == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u open requests", capacity);
    agents->queries = grown;
    for (uint32_t q = capacity; q-- > agents->query_capacity;) {
        grown[q] = (struct agent_query){.phase = QUERY_FREE, .sibling = agents->query_free};
        agents->query_free = q;
    }
    agents->query_capacity = capacity;
    return SIM_OK;
}

static enum sim_status take_query(struct agents *agents, uint32_t *ret_query, struct sim_error *err)
{
    if (agents->query_free == AGENT_NONE) {
        enum sim_status status = query_grow(agents, err);
        if (status != SIM_OK)
            return status;
    }
    *ret_query = agents->query_free;
    agents->query_free = agents->queries[*ret_query].sibling;
    return SIM_OK;
}

static struct agent_question *create_question(const struct agents *agents)
{
    const struct query_params *query = agents->setup.query;
    size_t peers = query->peers, rows = agents->rows;
    size_t tokens = (size_t)query->batch * (query->sequence + 1);
    size_t bytes = sizeof(struct agent_question) + peers * rows * sizeof(double) +
                   peers * (2 * sizeof(uint32_t) + sizeof(double) + 1) + tokens;
    size_t logits =
        agents->keeps_logits ? peers * rows * agents->setup.corpus->vocabulary_symbols : 0;
    size_t derivative =
        peers * response_derivative_count(query, agents->setup.corpus->vocabulary_symbols);
    bytes += (logits + derivative) * sizeof(float);
    struct agent_question *question = calloc(1, bytes);
    if (question == NULL)
        return NULL;
    question->loss_nats = (double *)(question + 1);
    question->gate = question->loss_nats + peers * rows;
    float *after_gate = (float *)(question->gate + peers);
    question->logits = logits > 0 ? after_gate : NULL;
    question->derivative = derivative > 0 ? after_gate + logits : NULL;
    question->uids = (uint32_t *)(after_gate + logits + derivative);
    question->neurons = question->uids + peers;
    question->answered = (uint8_t *)(question->neurons + peers);
    question->tokens = question->answered + peers;
    return question;
}

enum sim_status query_add_question(struct agents *agents, struct sim_error *err)
{
    uint32_t slot = agents->question_capacity;
    if (slot % 64 == 0) {
        void *grown = realloc(agents->questions, (slot + 64) * sizeof(*agents->questions));
        if (grown == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for %u open questions", slot + 1);
        agents->questions = grown;
    }
    agents->questions[slot] = create_question(agents);
    if (agents->questions[slot] == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u open questions", slot + 1);
    agents->questions[slot]->next_free = agents->question_free;
    agents->question_free = slot;
    agents->question_capacity++;
    return SIM_OK;
}

static enum sim_status take_question(struct agents *agents, uint32_t *ret_question,
                                     struct sim_error *err)
{
    if (agents->question_free == AGENT_NONE) {
        enum sim_status status = query_add_question(agents, err);
        if (status != SIM_OK)
            return status;
    }
    *ret_question = agents->question_free;
    struct agent_question *question = agents->questions[*ret_question];
    agents->question_free = question->next_free;
    question->number = ++agents->question_number;
    question->closed = false;
    question->references = 0;
    question->open_answers = 0;
    memset(question->answered, 0, agents->setup.query->peers);
    return SIM_OK;
}

static void release_question(struct agents *agents, uint32_t index)
{
    struct agent_question *question = agents->questions[index];
    if (!question->closed || question->references > 0)
        return;
    question->number = 0;
    question->next_free = agents->question_free;
    agents->question_free = index;
}

void query_release(struct agents *agents, uint32_t index)
{
    struct agent_query *query = &agents->queries[index];
    uint32_t question = query->question;
    SIM_ASSERT(query->phase != QUERY_FREE && agents->questions[question]->references > 0);
    agents->questions[question]->references--;
    query->phase = QUERY_FREE;
    query->sibling = agents->query_free;
    agents->query_free = index;
    release_question(agents, question);
}

/* ---- asking */

static void draw_text(struct agents *agents, const struct agent_validator *validator,
                      int64_t now_ns, uint8_t *ret_tokens)
{
    const struct query_params *query = agents->setup.query;
    const struct agent_neuron *neuron = &agents->neurons[validator->neuron];
    struct corpus_request request = {
        .part = CORPUS_TRAIN,
        .weights = agents->models[neuron->server].mixture,
        .length_tokens = query->sequence + 1,
        .time_ns = now_ns,
    };
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_QUERY_DATA, neuron->entity, validator->ask_count);
    for (uint32_t b = 0; b < query->batch; b++)
        corpus_draw(agents->setup.corpus, &request, &stream,
                    ret_tokens + (size_t)b * (query->sequence + 1));
}

static enum sim_status send_request(struct agents *agents, uint32_t question_index, uint32_t slot,
                                    int64_t now_ns, struct sim_error *err)
{
    struct agent_question *question = agents->questions[question_index];
    uint32_t asker = agents->validators[question->validator].neuron;
    uint32_t target = question->neurons[slot];
    uint32_t query_index;
    enum sim_status status = take_query(agents, &query_index, err);
    if (status != SIM_OK)
        return status;
    agents->queries[query_index] = (struct agent_query){
        .question = question_index, .slot = slot, .neuron = target, .phase = QUERY_ASKED};
    question->references++;
    question->open_answers++;
    agents->neurons[asker].counters.queries_asked++;
    agents->neurons[asker].counters.bytes_up += agents->request_bytes;
    struct net_message message = {
        .source = agents->wiring.first_host + agents->neurons[asker].server,
        .target = agents->wiring.first_host + agents->neurons[target].server,
        .size_bytes = agents->request_bytes,
        .tag = agents->wiring.tag | query_index,
        .connection = NET_CONNECT,
    };
    return net_send(agents->wiring.net, now_ns, &message, NULL, err);
}

static uint32_t pick_peers(struct agents *agents, struct agent_validator *validator,
                           const struct agent_question *question)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    struct router_request request = {
        .peer_count_max = agents->setup.query->peers,
        .uid_count = view->neuron_count,
        .self_uid = agents->neurons[validator->neuron].uid,
        .excluded = agents->excluded,
    };
    reading_fill_context(agents, question, &request.context, &request.context_rows);
    return router_pick(agents->setup.router, agents->setup.router_params, validator->router_state,
                       &request, validator->route, question->uids, question->gate);
}

/* A router may be a user's own: what it picks is not taken on trust. */
static enum sim_status check_picks(const struct agents *agents,
                                   const struct agent_validator *validator,
                                   const struct agent_question *question, struct sim_error *err)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    const char *name = agents->setup.router->params->name;
    if (question->peer_count > agents->setup.query->peers)
        return SIM_FAIL(err, SIM_NUMERIC, "the router '%s' picked %u peers of at most %u", name,
                        question->peer_count, agents->setup.query->peers);
    for (uint32_t k = 0; k < question->peer_count; k++) {
        uint32_t uid = question->uids[k];
        if (uid >= view->neuron_count || uid == agents->neurons[validator->neuron].uid ||
            agents->excluded[uid])
            return SIM_FAIL(err, SIM_NUMERIC,
                            "the router '%s' picked uid %u, which cannot be asked", name, uid);
        for (uint32_t other = 0; other < k; other++)
            if (question->uids[other] == uid)
                return SIM_FAIL(err, SIM_NUMERIC, "the router '%s' picked uid %u twice", name, uid);
    }
    return SIM_OK;
}

static enum sim_status ask(struct agents *agents, uint32_t index, int64_t now_ns,
                           struct sim_error *err)
{
    struct agent_validator *validator = &agents->validators[index];
    uint32_t question_index;
    enum sim_status status = take_question(agents, &question_index, err);
    if (status != SIM_OK)
        return status;
    struct agent_question *question = agents->questions[question_index];
    question->validator = index;
    draw_text(agents, validator, now_ns, question->tokens);
    question->peer_count = pick_peers(agents, validator, question);
    status = check_picks(agents, validator, question, err);
    if (status != SIM_OK)
        return status;
    validator->open_question = question_index;
    validator->asked_ns = now_ns;
    validator->ask_count++;
    for (uint32_t k = 0; k < question->peer_count; k++)
        question->neurons[k] = agents->neuron_of_uid[question->uids[k]];
    uint64_t number = question->number;
    for (uint32_t k = 0; k < question->peer_count && status == SIM_OK; k++)
        status = send_request(agents, question_index, k, now_ns, err);
    if (status != SIM_OK)
        return status;
    SIM_ASSERT(number < UINT64_C(1) << 40 && question_index < 1u << 24);
    return agents_schedule(agents, now_ns + agents->setup.query->timeout_ns, AGENT_TIMEOUT, index,
                           number << 24 | question_index, err);
}

enum sim_status query_on_ask(struct agents *agents, uint32_t index, int64_t now_ns,
                             struct sim_error *err)
{
    const struct agent_validator *validator = &agents->validators[index];
    SIM_ASSERT(validator->open_question == AGENT_NONE);
    /* A validator that has lost its uid, or whose host is down, keeps trying: it may be back. */
    if (agents->neurons[validator->neuron].uid != AGENT_NONE &&
        agents_host_is_up(agents, validator->neuron))
        return ask(agents, index, now_ns, err);
    return agents_schedule(agents, now_ns + agents->setup.query->interval_ns, AGENT_ASK, index, 0,
                           err);
}

/* ---- closing */

/* A uid that has changed hands since its last score starts from nothing. */
static struct scorer_stats *stats_of(struct agents *agents, struct agent_validator *validator,
                                     uint32_t uid, uint32_t neuron)
{
    uint32_t hotkey = agents->neurons[neuron].hotkey;
    if (validator->stats_hotkey[uid] != hotkey) {
        validator->stats[uid] = (struct scorer_stats){0};
        validator->stats_hotkey[uid] = hotkey;
        router_forget(agents->setup.router, agents->setup.router_params, validator->router_state,
                      uid);
    }
    return &validator->stats[uid];
}

static void score(struct agents *agents, struct agent_question *question)
{
    struct agent_validator *validator = &agents->validators[question->validator];
    const struct scorer_ops *scorer = agents->setup.scorer;
    struct scorer_step step = {
        .peer_count = question->peer_count,
        .row_count = agents->rows,
        .vocabulary_symbols = agents->setup.corpus->vocabulary_symbols,
        .entropy_floor_nats = validator->floor_nats,
        .answered = question->answered,
        .loss_nats = question->loss_nats,
        .stream = validator->dice,
    };
    reading_fill_step(agents, question, &step);
    scorer_score(scorer, agents->setup.scorer_params, &step, agents->score_scratch,
                 agents->measures, NULL);
    for (uint32_t k = 0; k < question->peer_count; k++) {
        bool answered = question->answered[k];
        struct scorer_stats *stats =
            stats_of(agents, validator, question->uids[k], question->neurons[k]);
        scorer_observe(scorer, agents->setup.scorer_params, validator->floor_nats,
                       step.vocabulary_symbols, answered ? &agents->measures[k] : NULL, stats);
        if (!answered)
            agents->neurons[question->neurons[k]].counters.queries_timed_out++;
    }
    reading_teach_router(agents, question);
}

/* Ends a question, scored or not, and schedules the validator's next one. */
static enum sim_status end_question(struct agents *agents, uint32_t question_index, int64_t now_ns,
                                    struct sim_error *err)
{
    struct agent_question *question = agents->questions[question_index];
    struct agent_validator *validator = &agents->validators[question->validator];
    uint32_t index = question->validator;
    question->closed = true;
    release_question(agents, question_index);
    validator->open_question = AGENT_NONE;
    int64_t next_ns = validator->asked_ns + agents->setup.query->interval_ns;
    return agents_schedule(agents, next_ns > now_ns ? next_ns : now_ns, AGENT_ASK, index, 0, err);
}

static enum sim_status close_question(struct agents *agents, uint32_t question_index,
                                      int64_t now_ns, struct sim_error *err)
{
    struct agent_question *question = agents->questions[question_index];
    if (question->peer_count > 0) {
        score(agents, question);
        enum sim_status status = lesson_send(agents, question, now_ns, err);
        if (status != SIM_OK)
            return status;
    }
    return end_question(agents, question_index, now_ns, err);
}

enum sim_status query_abandon(struct agents *agents, uint32_t index, int64_t now_ns,
                              struct sim_error *err)
{
    uint32_t question = agents->validators[index].open_question;
    return question == AGENT_NONE ? SIM_OK : end_question(agents, question, now_ns, err);
}

enum sim_status query_on_timeout(struct agents *agents, uint64_t payload, int64_t now_ns,
                                 struct sim_error *err)
{
    uint32_t question_index = (uint32_t)(payload & 0xffffff);
    const struct agent_question *question = agents->questions[question_index];
    if (question->number != payload >> 24 || question->closed)
        return SIM_OK;
    return close_question(agents, question_index, now_ns, err);
}

enum sim_status query_on_answer(struct agents *agents, uint32_t query_index, int64_t now_ns,
                                struct sim_error *err)
{
    const struct agent_query *query = &agents->queries[query_index];
    uint32_t question_index = query->question;
    struct agent_question *question = agents->questions[question_index];
    uint32_t asker = agents->validators[question->validator].neuron;
    uint32_t server = agents->neurons[query->neuron].server;
    uint64_t response_bytes = agents->models[agents->servers[server].model].response_bytes;
    agents->neurons[asker].counters.bytes_down += response_bytes;
    bool in_time = !question->closed;
    if (in_time) {
        question->answered[query->slot] = 1;
        question->open_answers--;
    }
    query_release(agents, query_index);
    if (in_time && question->open_answers == 0)
        return close_question(agents, question_index, now_ns, err);
    return SIM_OK;
}
