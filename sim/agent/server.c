/*
 * server.c: what stands between a request's arrival and its answer: a queue by the caller's stake,
 * one model that does one thing at a time, and training in between.
 *
 * The historic axon ordered requests by -(p + U(0, 0.01) p), p = stake of the caller in TAO, and
 * gave callers without stake a whole number of 1..100 by lot; what had waited longer than 12 s was
 * never answered (opentensor/bittensor v3.7, axon priority pool).
 */
#include "agent/exchange.h"
#include "agent/lesson.h"
#include "agent/response.h"

#include <math.h>
#include <string.h>

static double draw_priority(const struct agents *agents, struct agent_server *server,
                            uint32_t caller_uid)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    double stake_tao = 0;
    if (caller_uid != AGENT_NONE && caller_uid < view->neuron_count)
        stake_tao = (double)view->stake_rao[caller_uid] / (double)RAO_PER_TAO;
    double lot = stake_tao > 0 ? 0 : (double)(1 + stream_below(server->lottery, 100));
    return exchange_priority(stake_tao, lot, 0.01 * stream_uniform(server->lottery));
}

/* ---- the queue: a pairing heap through the queries' own links */

static bool before(const struct agents *agents, uint32_t a, uint32_t b)
{
    const struct agent_query *x = &agents->queries[a], *y = &agents->queries[b];
    if (x->priority != y->priority)
        return x->priority > y->priority;
    if (x->arrived_ns != y->arrived_ns)
        return x->arrived_ns < y->arrived_ns;
    return agents->questions[x->question]->number < agents->questions[y->question]->number;
}

static uint32_t meld(struct agents *agents, uint32_t a, uint32_t b)
{
    if (a == AGENT_NONE)
        return b;
    if (b == AGENT_NONE)
        return a;
    if (before(agents, b, a)) {
        uint32_t swap = a;
        a = b;
        b = swap;
    }
    agents->queries[b].sibling = agents->queries[a].child;
    agents->queries[a].child = b;
    return a;
}

/* Melds the children of a removed root pairwise, then the pairs from the last to the first. */
static uint32_t meld_children(struct agents *agents, uint32_t child)
{
    uint32_t pairs = AGENT_NONE;
    while (child != AGENT_NONE) {
        uint32_t first = child, second = agents->queries[first].sibling;
        child = second == AGENT_NONE ? AGENT_NONE : agents->queries[second].sibling;
        agents->queries[first].sibling = AGENT_NONE;
        if (second != AGENT_NONE)
            agents->queries[second].sibling = AGENT_NONE;
        uint32_t pair = meld(agents, first, second);
        agents->queries[pair].sibling = pairs;
        pairs = pair;
    }
    uint32_t root = AGENT_NONE;
    while (pairs != AGENT_NONE) {
        uint32_t next = agents->queries[pairs].sibling;
        agents->queries[pairs].sibling = AGENT_NONE;
        root = meld(agents, root, pairs);
        pairs = next;
    }
    return root;
}

static void enqueue(struct agents *agents, struct agent_server *server, uint32_t query)
{
    agents->queries[query].phase = QUERY_WAITING;
    agents->queries[query].child = AGENT_NONE;
    agents->queries[query].sibling = AGENT_NONE;
    server->waiting = meld(agents, server->waiting, query);
}

static uint32_t dequeue(struct agents *agents, struct agent_server *server)
{
    uint32_t first = server->waiting;
    server->waiting = meld_children(agents, agents->queries[first].child);
    return first;
}

/* ---- service */

static int64_t duration_ns(const struct agents *agents, const struct agent_server *server,
                           uint64_t flop)
{
    double flops = server->flops * server->condition.speed;
    double seconds = (double)flop * agents->setup.query->flop_scale / flops;
    double ns = seconds * (double)NS_PER_S;
    if (ns >= (double)(TIME_NS_MAX / 4))
        return TIME_NS_MAX / 4;
    return ns < 1 ? 1 : (int64_t)ns;
}

static void book_flop(struct agents *agents, uint32_t neuron, uint64_t flop)
{
    double charged = (double)flop * agents->setup.query->flop_scale;
    agents->neurons[neuron].counters.flop_done += (uint64_t)charged;
}

static enum strategy_answer decide_answer(struct agents *agents, const struct agent_query *query,
                                          struct agent_server *server)
{
    const struct agents_group *group = agents_group_of(agents, query->neuron);
    if (group->strategy->answer == NULL)
        return STRATEGY_ANSWER;
    const struct chain_view *chain = chain_view(agents->wiring.chain, agents->setup.netuid);
    uint32_t validator = agents->questions[query->question]->validator;
    uint32_t asker_index = agents->validators[validator].neuron;
    const struct agent_neuron *asker = &agents->neurons[asker_index];
    struct strategy_caller caller = {
        .uid = asker->uid,
        .owner = agents->owners[asker->owner].account,
        .stake_rao = asker->uid == AGENT_NONE ? 0 : chain->stake_rao[asker->uid],
        .ally = agents_allied(agents, asker_index, query->neuron),
    };
    struct strategy_view view = agents_view(agents, query->neuron);
    return group->strategy->answer(group->strategy_params, &view, &caller, server->lottery);
}

/* Occupies the server with the query, or ends it unserved; *ret_started tells which. */
static enum sim_status serve(struct agents *agents, uint32_t server_index, uint32_t query_index,
                             int64_t now_ns, bool *ret_started, struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    struct agent_query *query = &agents->queries[query_index];
    int64_t waited_ns = now_ns - query->arrived_ns;
    *ret_started = false;
    enum strategy_answer answer = STRATEGY_REFUSE;
    if (waited_ns <= agents->setup.query->max_wait_ns &&
        agents_has_model(agents->models[server->model].group))
        answer = decide_answer(agents, query, server);
    if (answer == STRATEGY_REFUSE) {
        query_release(agents, query_index);
        return SIM_OK;
    }

    struct agent_model *model = &agents->models[server->model];
    agents->neurons[query->neuron].counters.wait_ns += (uint64_t)waited_ns;
    query->phase = QUERY_SERVING;
    query->guessed = answer == STRATEGY_GUESS;
    int64_t cost_ns = 1;
    if (!query->guessed) {
        const uint8_t *tokens = agents->questions[query->question]->tokens;
        enum sim_status status = response_start(agents, server->model, tokens, &query->ticket, err);
        if (status != SIM_OK)
            return status;
        cost_ns = duration_ns(agents, server, model->forward_flop);
        book_flop(agents, query->neuron, model->forward_flop);
    }
    server->busy = true;
    server->serving = query_index;
    *ret_started = true;
    return agents_schedule(agents, now_ns + cost_ns, AGENT_SERVED, server_index, server->generation,
                           err);
}

static enum sim_status start_training(struct agents *agents, uint32_t server_index, int64_t now_ns,
                                      struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    server->training_due = false;
    if (!training_has_matter(agents, server_index))
        return SIM_OK;
    server->busy = true;
    uint64_t flop = training_flop(agents, server_index);
    enum sim_status status = training_start(agents, server_index, err);
    if (status != SIM_OK)
        return status;
    book_flop(agents, server->first_neuron, flop);
    return agents_schedule(agents, now_ns + duration_ns(agents, server, flop), AGENT_TRAINED,
                           server_index, server->generation, err);
}

/* Picks what an idle server does next: whoever waits, else training when it is due. */
static enum sim_status next_job(struct agents *agents, uint32_t server_index, int64_t now_ns,
                                struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    SIM_ASSERT(!server->busy);
    bool started = false;
    while (!started && server->waiting != AGENT_NONE) {
        enum sim_status status =
            serve(agents, server_index, dequeue(agents, server), now_ns, &started, err);
        if (status != SIM_OK)
            return status;
    }
    if (!started && server->training_due)
        return start_training(agents, server_index, now_ns, err);
    return SIM_OK;
}

enum sim_status server_receive(struct agents *agents, uint32_t query_index, int64_t now_ns,
                               struct sim_error *err)
{
    struct agent_query *query = &agents->queries[query_index];
    uint32_t server_index = agents->neurons[query->neuron].server;
    struct agent_server *server = &agents->servers[server_index];
    const struct agent_question *question = agents->questions[query->question];
    uint32_t asker = agents->validators[question->validator].neuron;
    query->arrived_ns = now_ns;
    query->priority = draw_priority(agents, server, agents->neurons[asker].uid);
    agents->neurons[query->neuron].counters.bytes_down += agents->request_bytes;
    if (server->stopped) {
        query_release(agents, query_index);
        return SIM_OK;
    }
    enqueue(agents, server, query_index);
    return server->busy ? SIM_OK : next_job(agents, server_index, now_ns, err);
}

/* `from` is what follows the answer, or NULL: who guesses lists no phrases to derive by. */
static void take_derivative(const struct agents *agents, const struct agent_question *question,
                            uint32_t slot, const float *from)
{
    size_t count =
        response_derivative_count(agents->setup.query, agents->setup.corpus->vocabulary_symbols);
    for (size_t i = 0; question->derivative != NULL && i < count; i++)
        question->derivative[slot * count + i] = from == NULL ? 0 : from[i];
}

/* Keeps the losses of an answer for the question that still waits for it. */
static enum sim_status take_output(struct agents *agents, struct agent_query *query,
                                   struct sim_error *err)
{
    struct agent_question *question = agents->questions[query->question];
    double *loss_nats = question->loss_nats + (size_t)query->slot * agents->rows;
    size_t logit_count = (size_t)agents->rows * agents->setup.corpus->vocabulary_symbols;
    size_t logit_bytes = logit_count * sizeof(float);
    float *logits = question->logits == NULL ? NULL : question->logits + query->slot * logit_count;
    if (query->guessed) {
        double uniform_nats = log((double)agents->setup.corpus->vocabulary_symbols);
        for (uint32_t r = 0; r < agents->rows; r++)
            loss_nats[r] = uniform_nats;
        if (logits != NULL)
            memset(logits, 0, logit_bytes);
        take_derivative(agents, question, query->slot, NULL);
        return SIM_OK;
    }
    const void *output;
    enum sim_status status = compute_redeem(agents->wiring.pool, query->ticket, &output, err);
    if (status != SIM_OK)
        return status;
    const float *log_probability = output;
    for (uint32_t r = 0; r < agents->rows; r++)
        loss_nats[r] = -(double)log_probability[r];
    for (size_t i = 0; logits != NULL && i < logit_count; i++) {
        float logit = log_probability[agents->rows + i];
        logits[i] = isfinite(logit) ? logit : 0; /* as the historic client did */
    }
    take_derivative(agents, question, query->slot,
                    log_probability + agents->rows + (logits == NULL ? 0 : logit_count));
    compute_drop(agents->wiring.pool, query->ticket);
    query->ticket = (struct compute_ticket){0};
    return SIM_OK;
}

enum sim_status server_on_served(struct agents *agents, uint32_t server_index, uint64_t generation,
                                 int64_t now_ns, struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    if (generation != server->generation)
        return SIM_OK;
    uint32_t query_index = server->serving;
    struct agent_query *query = &agents->queries[query_index];
    server->busy = false;
    server->serving = AGENT_NONE;
    enum sim_status status = take_output(agents, query, err);
    if (status != SIM_OK)
        return status;

    struct agent_counters *counters = &agents->neurons[query->neuron].counters;
    counters->queries_answered++;
    uint64_t response_bytes = agents->models[server->model].response_bytes;
    counters->bytes_up += response_bytes;
    query->phase = QUERY_ANSWERING;
    uint32_t asker = agents->validators[agents->questions[query->question]->validator].neuron;
    struct net_message message = {
        .source = agents->wiring.first_host + server_index,
        .target = agents->wiring.first_host + agents->neurons[asker].server,
        .size_bytes = response_bytes,
        .tag = agents->wiring.tag | query_index,
        .connection = NET_ON_CONNECTION,
    };
    status = net_send(agents->wiring.net, now_ns, &message, NULL, err);
    if (status != SIM_OK)
        return status;
    /* A message to the own host arrives at once and may have given the server a job. */
    return server->busy ? SIM_OK : next_job(agents, server_index, now_ns, err);
}

enum sim_status server_on_train(struct agents *agents, uint32_t server_index, int64_t now_ns,
                                struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    enum sim_status status = agents_schedule(agents, now_ns + server->training_interval_ns,
                                             AGENT_TRAIN, server_index, 0, err);
    if (status != SIM_OK)
        return status;
    if (!server->condition.up)
        return SIM_OK;
    server->training_due = !server->stopped;
    return server->busy ? SIM_OK : next_job(agents, server_index, now_ns, err);
}

/* Of a server that has stopped or crashed: whoever waits is not told. */
static void drop_waiting(struct agents *agents, struct agent_server *server)
{
    while (server->waiting != AGENT_NONE)
        query_release(agents, dequeue(agents, server));
    lesson_forget(agents, server);
    server->training_due = false;
}

enum sim_status server_on_trained(struct agents *agents, uint32_t server_index, uint64_t generation,
                                  int64_t now_ns, struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    if (generation != server->generation)
        return SIM_OK;
    const struct agent_model *model = &agents->models[server->model];
    uint64_t before = model->step_count;
    enum sim_status status = model_finish_training(agents, server->model, err);
    if (status != SIM_OK)
        return status;
    server->busy = false;
    agents->neurons[server->first_neuron].counters.training_steps += model->step_count > before;
    if (server->stopped)
        drop_waiting(agents, server);
    return next_job(agents, server_index, now_ns, err);
}

void server_crash(struct agents *agents, uint32_t server_index)
{
    struct agent_server *server = &agents->servers[server_index];
    drop_waiting(agents, server);
    if (server->serving != AGENT_NONE) {
        struct agent_query *query = &agents->queries[server->serving];
        compute_drop(agents->wiring.pool, query->ticket);
        query->ticket = (struct compute_ticket){0};
        query_release(agents, server->serving);
    }
    model_cancel_training(agents, server->model);
    server->serving = AGENT_NONE;
    server->busy = false;
    server->generation++;
}
