/*
 * agents.c: start, dispatch, and what others may read.
 */
#include "agent/agents.h"

#include "agent/genesis.h"
#include "agent/lesson.h"

#include <stdio.h>
#include <stdlib.h>

const char *agents_group_stable_name(const struct agents_group *group)
{
    return group->stable_name != NULL ? group->stable_name : group->name;
}

/* ---- start */

void agents_map_accounts(struct agents *agents, uint32_t first_account)
{
    agents->first_account = first_account;
    for (uint32_t a = 0; a < agents->account_capacity; a++)
        agents->neuron_of_account[a] = agents->owner_of_account[a] = AGENT_NONE;
    for (uint32_t n = 0; n < agents->neuron_count; n++) {
        uint32_t at = agents_account(agents, agents->neurons[n].hotkey);
        SIM_ASSERT(at < agents->account_capacity);
        agents->neuron_of_account[at] = n;
    }
    for (uint32_t o = 0; o < agents->owner_count; o++)
        agents->owner_of_account[agents_account(agents, agents->owners[o].account)] = o;
    for (uint32_t d = 0; d < agents->delegator_count; d++)
        agents->owner_of_account[agents_account(agents, agents->delegators[d].account)] =
            agents->owner_count + d;
}

static enum sim_status add_accounts(struct agents *agents, struct sim_error *err)
{
    struct chain *chain = agents->wiring.chain;
    enum sim_status status = SIM_OK;
    uint32_t last_owner = AGENT_NONE, first_account = chain_account_count(chain);
    for (uint32_t n = 0; n < agents->neuron_count && status == SIM_OK; n++) {
        struct agent_neuron *neuron = &agents->neurons[n];
        const char *group = agents_group_stable_name(agents_group_of(agents, n));
        char name[256];
        if (neuron->owner != last_owner) {
            last_owner = neuron->owner;
            snprintf(name, sizeof(name), "%s/%u/coldkey", group, neuron->index_in_group);
            status = chain_add_account(chain, name, &agents->owners[last_owner].account, err);
            if (status != SIM_OK)
                return status;
        }
        snprintf(name, sizeof(name), "%s/%u/hotkey", group, neuron->index_in_group);
        status = chain_add_account(chain, name, &neuron->hotkey, err);
    }
    if (status == SIM_OK)
        status = money_genesis(agents, err);
    if (status == SIM_OK)
        status = delegator_genesis(agents, err);
    if (status == SIM_OK)
        agents_map_accounts(agents, first_account);
    return status;
}

/* `line` is the neuron's in the table of the first state; NULL: there is none. */
static enum sim_status genesis(struct agents *agents, uint32_t index,
                               const struct genesis_neuron *line, struct sim_error *err)
{
    struct agent_neuron *neuron = &agents->neurons[index];
    const struct group_params *params = agents_group_of(agents, index)->params;
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    struct chain_genesis_neuron entry = {
        .netuid = agents->setup.netuid,
        .hotkey = neuron->hotkey,
        .coldkey = agents->owners[neuron->owner].account,
        .stake_rao = line == NULL ? neuron->stake_rao : line->stake_rao,
        .permit = line != NULL && line->weighs,
        .delegate = agents_group_of(agents, index)->money->delegate && view->params->delegation,
    };
    uint32_t uid;
    enum sim_status status = chain_genesis_neuron(agents->wiring.chain, &entry, &uid, err);
    if (status != SIM_OK)
        return status;
    SIM_ASSERT(uid < agents->setup.uid_capacity);
    neuron->uid = uid;
    neuron->serving = params->miner;
    agents->neuron_of_uid[uid] = index;
    agents->axon[uid] = params->miner;
    agents->excluded[uid] = !params->miner;
    return money_open_hotkey(agents, index, err);
}

static enum sim_status genesis_of_table(struct agents *agents, struct sim_error *err)
{
    const struct genesis_table *table = agents->setup.genesis;
    struct genesis_holder *holders = calloc(table->neuron_count + 1, sizeof(*holders));
    uint32_t *first = calloc(agents->setup.group_count + 1, sizeof(*first));
    enum sim_status status = SIM_OK;
    if (holders == NULL || first == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %u uids", table->neuron_count);
    else
        status = genesis_assign(&agents->setup, holders, err);
    for (uint32_t g = 0; g + 1 < agents->setup.group_count && status == SIM_OK; g++)
        first[g + 1] = first[g] + agents->setup.groups[g].params->count;
    for (uint32_t uid = 0; uid < table->neuron_count && status == SIM_OK; uid++)
        status = genesis(agents, first[holders[uid].group] + holders[uid].index,
                         &table->neurons[uid], err);
    free(holders);
    free(first);
    if (status != SIM_OK)
        return status;
    return genesis_apply_weights(agents->wiring.chain, agents->setup.netuid, table, err);
}

static enum sim_status schedule_first(struct agents *agents, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t v = 0; v < agents->validator_count && status == SIM_OK; v++) {
        const struct agent_validator *validator = &agents->validators[v];
        if (agents_has_model(agents_group_of(agents, validator->neuron)))
            status = agents_schedule(agents, validator->ask_phase_ns, AGENT_ASK, v, 0, err);
        if (status == SIM_OK)
            status =
                agents_schedule(agents, validator->weights_phase_ns, AGENT_SET_WEIGHTS, v, 0, err);
    }
    for (uint32_t s = 0; s < agents->server_count && status == SIM_OK; s++)
        if (agents->models[s].group->training->enabled && agents_has_model(agents->models[s].group))
            status = agents_schedule(agents, agents->servers[s].training_phase_ns, AGENT_TRAIN, s,
                                     0, err);
    for (uint32_t n = 0; n < agents->neuron_count && status == SIM_OK; n++)
        if (agents->neurons[n].uid == AGENT_NONE && !agents->neurons[n].is_late)
            status = enter_want(agents, n, 0, err);
    return status;
}

enum sim_status agents_start(struct agents *agents, const struct agents_wiring *wiring,
                             struct sim_error *err)
{
    agents->wiring = *wiring;
    enum sim_status status = add_accounts(agents, err);
    if (status == SIM_OK && agents->setup.genesis != NULL)
        status = genesis_of_table(agents, err);
    for (uint32_t n = 0; n < agents->neuron_count && status == SIM_OK; n++)
        if (agents_group_of(agents, n)->params->genesis && agents->setup.genesis == NULL)
            status = genesis(agents, n, NULL, err);
    if (status == SIM_OK)
        status = genesis_check(wiring->chain, err);
    return status == SIM_OK ? schedule_first(agents, err) : status;
}

/* ---- events */

enum sim_status agents_handle(void *context, const struct event *event, struct sim_error *err)
{
    struct agents *agents = context;
    int64_t now_ns = event->at_ns;
    switch ((enum agent_kind)(event->kind - agents->wiring.first_kind)) {
    case AGENT_ASK:
        return query_on_ask(agents, event->entity, now_ns, err);
    case AGENT_TIMEOUT:
        return query_on_timeout(agents, event->payload, now_ns, err);
    case AGENT_SERVED:
        return server_on_served(agents, event->entity, event->payload, now_ns, err);
    case AGENT_TRAIN:
        return server_on_train(agents, event->entity, now_ns, err);
    case AGENT_TRAINED:
        return server_on_trained(agents, event->entity, event->payload, now_ns, err);
    case AGENT_SOLVED:
        return enter_on_solved(agents, event->entity, event->payload, now_ns, err);
    case AGENT_SET_WEIGHTS:
        return weights_on_due(agents, event->entity, now_ns, err);
    case AGENT_KIND_COUNT:
        break;
    }
    sim_assert_failed("an event of the agents", __FILE__, __LINE__);
}

enum sim_status agents_delivered(void *context, uint64_t tag, enum net_outcome outcome,
                                 int64_t now_ns, struct sim_error *err)
{
    struct agents *agents = context;
    if (tag & LESSON_TAG) {
        lesson_delivered(agents, (uint32_t)tag, outcome);
        return SIM_OK;
    }
    uint32_t query = (uint32_t)tag;
    if (outcome == NET_LOST) {
        query_release(agents, query);
        return SIM_OK;
    }
    if (agents->queries[query].phase == QUERY_ASKED)
        return server_receive(agents, query, now_ns, err);
    return query_on_answer(agents, query, now_ns, err);
}

/* ---- reading */

const struct net_host *agents_hosts(const struct agents *agents, uint32_t *ret_count)
{
    *ret_count = agents->server_count;
    return agents->hosts;
}

uint32_t agents_count(const struct agents *agents)
{
    return agents->neuron_count;
}

uint32_t agents_owner_count(const struct agents *agents)
{
    return agents->owner_count + agents->delegator_count;
}

uint32_t agents_model_count(const struct agents *agents)
{
    return agents->server_count;
}

uint32_t agents_uid_capacity(const struct agents *agents)
{
    return agents->setup.uid_capacity;
}

struct agent_info agents_info(const struct agents *agents, uint32_t index)
{
    const struct agent_neuron *neuron = &agents->neurons[index];
    const struct group_params *params = agents_group_of(agents, index)->params;
    const struct agent_model *model = &agents->models[neuron->server];
    return (struct agent_info){
        .group = neuron->group,
        .index_in_group = neuron->index_in_group,
        .uid = neuron->uid,
        .hotkey = neuron->hotkey,
        .coldkey = agents->owners[neuron->owner].account,
        .model = neuron->server,
        .owner = neuron->owner,
        .validator = params->validator,
        .miner = params->miner,
        .serving = neuron->serving,
        .training_step_count = model->step_count,
        .training_loss_nats = model->loss_nats,
        .owner_hashes_per_s = agents->owners[neuron->owner].hash_rate_hashes_per_s,
    };
}

uint32_t agents_of_uid(const struct agents *agents, uint32_t uid)
{
    return uid < agents->setup.uid_capacity ? agents->neuron_of_uid[uid] : AGENT_NONE;
}

uint32_t agents_of_host(const struct agents *agents, uint32_t host)
{
    SIM_ASSERT(host < agents->server_count);
    return agents->servers[host].first_neuron;
}

uint32_t agents_of_hotkey(const struct agents *agents, uint32_t hotkey)
{
    uint32_t at = agents_account(agents, hotkey);
    return at < agents->account_capacity ? agents->neuron_of_account[at] : AGENT_NONE;
}

uint32_t agents_of_coldkey(const struct agents *agents, uint32_t coldkey)
{
    uint32_t at = agents_account(agents, coldkey);
    return at < agents->account_capacity ? agents->owner_of_account[at] : AGENT_NONE;
}

const struct agent_counters *agents_counters(const struct agents *agents, uint32_t neuron)
{
    return &agents->neurons[neuron].counters;
}

void agents_reset_counters(struct agents *agents)
{
    for (uint32_t n = 0; n < agents->neuron_count; n++)
        agents->neurons[n].counters = (struct agent_counters){0};
}

const struct agent_incident *agents_incidents(const struct agents *agents, size_t *ret_count)
{
    *ret_count = agents->incident_count;
    return agents->incidents;
}

void agents_forget_incidents(struct agents *agents)
{
    agents->incident_count = 0;
}

const float *agents_parameters(const struct agents *agents, uint32_t model, uint32_t *ret_group)
{
    *ret_group = (uint32_t)(agents->models[model].group - agents->setup.groups);
    return agents->models[model].version->values;
}

uint64_t agents_digest(const struct agents *agents)
{
    return digest_value(&agents->digest);
}

static void check_questions(const struct agents *agents)
{
    uint32_t referenced = 0, used = 0;
    for (uint32_t q = 0; q < agents->question_capacity; q++) {
        const struct agent_question *question = agents->questions[q];
        referenced += question->references;
        SIM_ASSERT(question->open_answers <= question->peer_count);
        if (question->number != 0 && !question->closed)
            SIM_ASSERT(agents->validators[question->validator].open_question == q);
    }
    for (uint32_t q = 0; q < agents->query_capacity; q++)
        used += agents->queries[q].phase != QUERY_FREE;
    SIM_ASSERT(used == referenced);
}

static void check_lessons(const struct agents *agents, const struct agent_server *server)
{
    uint32_t count = 0;
    for (uint32_t l = server->first_lesson; l != AGENT_NONE; l = agents->lessons[l].next)
        SIM_ASSERT(agents->lessons[l].useful && ++count <= server->lesson_count);
    SIM_ASSERT(count == server->lesson_count);
}

void agents_check(const struct agents *agents)
{
    for (uint32_t uid = 0; uid < agents->setup.uid_capacity; uid++) {
        uint32_t n = agents->neuron_of_uid[uid];
        SIM_ASSERT(n == AGENT_NONE || agents->neurons[n].uid == uid);
    }
    for (uint32_t n = 0; n < agents->neuron_count; n++) {
        uint32_t uid = agents->neurons[n].uid;
        SIM_ASSERT(uid == AGENT_NONE || agents->neuron_of_uid[uid] == n);
        SIM_ASSERT(uid == AGENT_NONE || !agents->neurons[n].is_waiting);
    }
    for (uint32_t s = 0; s < agents->server_count; s++) {
        const struct agent_server *server = &agents->servers[s];
        bool training = agents->models[server->model].next != NULL;
        SIM_ASSERT(server->busy == (training || server->serving != AGENT_NONE));
        SIM_ASSERT(!(training && server->serving != AGENT_NONE));
        SIM_ASSERT(!server->stopped || (!server->busy && server->lesson_count == 0));
        check_lessons(agents, server);
        SIM_ASSERT(server->condition.up ||
                   (!server->busy && server->waiting == AGENT_NONE && server->lesson_count == 0));
    }
    check_questions(agents);
}
