/*
 * build.c: from the scenario's groups to neurons, servers, owners and validators.
 */
#include "agent/answer.h"
#include "agent/reading.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sequences of one evaluation fit into the job input together with a header. */
enum { JOB_INPUT_BYTES = 80 * 1024, STREAMS_A_VALIDATOR = 2 };

static void *allocate(size_t count, size_t size_bytes)
{
    return calloc(count > 0 ? count : 1, size_bytes);
}

/* ---- sizes */

static void count_entities(struct agents *agents)
{
    for (uint32_t g = 0; g < agents->setup.group_count; g++) {
        const struct group_params *params = agents->setup.groups[g].params;
        uint32_t one = params->count > 0 ? 1 : 0;
        agents->neuron_count += params->count;
        agents->server_count += params->server == GROUP_ONE ? one : params->count;
        agents->owner_count += params->owner == GROUP_ONE ? one : params->count;
        agents->validator_count += params->validator ? params->count : 0;
    }
}

static enum sim_status allocate_entities(struct agents *agents, struct sim_error *err)
{
    const struct agents_setup *setup = &agents->setup;
    uint32_t uids = setup->uid_capacity, peers = setup->query->peers;
    agents->stream_count =
        agents->server_count + agents->owner_count + STREAMS_A_VALIDATOR * agents->validator_count;
    agents->account_capacity = agents->neuron_count + agents->owner_count;
    agents->job_input_bytes = JOB_INPUT_BYTES;
    size_t score_bytes =
        scorer_scratch_bytes(setup->scorer, setup->scorer_params, peers, agents->rows,
                             setup->corpus->vocabulary_symbols, setup->corpus->vocabulary_symbols);
    size_t weights_bytes = scorer_weights_scratch_bytes(setup->scorer, setup->scorer_params, uids);
    agents->neurons = allocate(agents->neuron_count, sizeof(*agents->neurons));
    agents->models = allocate(agents->server_count, sizeof(*agents->models));
    agents->servers = allocate(agents->server_count, sizeof(*agents->servers));
    agents->hosts = allocate(agents->server_count, sizeof(*agents->hosts));
    agents->owners = allocate(agents->owner_count, sizeof(*agents->owners));
    agents->validators = allocate(agents->validator_count, sizeof(*agents->validators));
    agents->mixtures = allocate((size_t)agents->server_count * setup->corpus->domain_count,
                                sizeof(*agents->mixtures));
    agents->streams = allocate(agents->stream_count, sizeof(*agents->streams));
    agents->neuron_of_uid = allocate(uids, sizeof(*agents->neuron_of_uid));
    agents->excluded = allocate(uids, 1);
    agents->axon = allocate(uids, 1);
    agents->ally = allocate(uids, 1);
    agents->neuron_of_account =
        allocate(agents->account_capacity, sizeof(*agents->neuron_of_account));
    agents->job_input = allocate(1, agents->job_input_bytes);
    agents->score_scratch = aligned_alloc(64, (score_bytes + 64) & ~(size_t)63);
    agents->weights_scratch = aligned_alloc(64, (weights_bytes + 64) & ~(size_t)63);
    agents->measures = allocate(peers, sizeof(*agents->measures));
    agents->weights.uids = allocate(uids, sizeof(uint32_t));
    agents->weights.shares = allocate(uids, sizeof(double));
    agents->weights.weights_u16 = allocate(uids, sizeof(uint16_t));
    agents->weights_real = allocate(uids, sizeof(double));
    agents->row_values = allocate(uids, sizeof(uint32_t));
    bool complete = agents->neurons && agents->models && agents->servers && agents->hosts &&
                    agents->owners && agents->validators && agents->mixtures && agents->streams &&
                    agents->neuron_of_uid && agents->excluded && agents->axon && agents->ally &&
                    agents->neuron_of_account && agents->job_input && agents->score_scratch &&
                    agents->weights_scratch && agents->measures && agents->weights.uids &&
                    agents->weights.shares && agents->weights.weights_u16 && agents->weights_real &&
                    agents->row_values;
    if (!complete)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u neurons", agents->neuron_count);
    for (uint32_t uid = 0; uid < uids; uid++) {
        agents->neuron_of_uid[uid] = AGENT_NONE;
        agents->excluded[uid] = 1;
    }
    return reading_create(agents, err);
}

/* ---- one neuron after the other */

/* Where the next entity of each kind goes. */
struct cursor {
    uint32_t neuron, server, owner, validator, stream;
};

static struct stream *next_stream(struct agents *agents, struct cursor *at,
                                  enum stream_purpose purpose, uint64_t entity)
{
    struct stream *stream = &agents->streams[at->stream++];
    stream_init(stream, agents->seed, purpose, entity, 0);
    return stream;
}

static enum sim_status build_model(struct agents *agents, struct version_pool *versions,
                                   const struct agents_group *group, uint32_t index,
                                   uint64_t entity, struct sim_error *err)
{
    const struct agents_setup *setup = &agents->setup;
    struct agent_model *model = &agents->models[index];
    double *mixture = agents->mixtures + (size_t)index * setup->corpus->domain_count;
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_CORPUS, entity, 0);
    corpus_mixture(setup->corpus, group->diet, &stream, mixture);
    *model = (struct agent_model){
        .group = group,
        .entity = entity,
        .loss_nats = NAN,
        .mixture = mixture,
        .forward_flop =
            group->lm->forward_flop(group->lm_shape, setup->query->batch, setup->query->sequence),
        .step_flop = setup->trainer->step_flop(group->lm, group->lm_shape, group->optimiser,
                                               group->training->batch, group->training->sequence),
        .is_shared = group->params->server == GROUP_ONE && group->params->count > 1,
    };
    size_t floats = setup->trainer->block_count(group->lm, group->lm_shape, group->optimiser);
    enum sim_status status = version_create(versions, floats, &model->version, err);
    if (status != SIM_OK)
        return status;
    stream_init(&stream, agents->seed, STREAM_MODEL_INIT, entity, 0);
    setup->trainer->init(group->lm, group->lm_shape, group->optimiser, &stream,
                         model->version->values);
    return SIM_OK;
}

static int64_t draw_phase_ns(struct stream *draw, int64_t interval_ns)
{
    return (int64_t)stream_below(draw, (uint64_t)interval_ns);
}

/* The first draws of a neuron's genesis stream. */
static uint64_t draw_stake_rao(const struct agents *agents, const struct agents_group *group,
                               uint64_t entity, struct stream *draw)
{
    stream_init(draw, agents->seed, STREAM_GENESIS, entity, 0);
    return dist_draw_u64(&group->params->stake_rao, draw);
}

static void draw_speed(const struct agents_group *group, struct stream *draw, double *ret_flops,
                       double *ret_hash_rate)
{
    *ret_flops = dist_draw_f64(&group->host->flops, draw);
    *ret_hash_rate = dist_draw_f64(&group->host->hash_rate_hashes_per_s, draw);
}

/* Host, queue and model; returns the host's hash rate through ret_hash_rate. */
static enum sim_status build_server(struct agents *agents, struct version_pool *versions,
                                    const struct agents_group *group, struct cursor *at,
                                    uint64_t entity, struct stream *draw, double *ret_hash_rate,
                                    struct sim_error *err)
{
    uint32_t index = at->server++;
    struct agent_server *server = &agents->servers[index];
    *server = (struct agent_server){
        .model = index,
        .first_neuron = at->neuron,
        .serving = AGENT_NONE,
        .waiting = AGENT_NONE,
        .lottery = next_stream(agents, at, STREAM_QUEUE, entity),
    };
    draw_speed(group, draw, &server->flops, ret_hash_rate);
    struct net_host *host = &agents->hosts[index];
    host->up_bytes_per_s = dist_draw_f64(&group->host->up_bytes_per_s, draw);
    host->down_bytes_per_s = dist_draw_f64(&group->host->down_bytes_per_s, draw);
    host->half_latency_ns = dist_draw_i64(&group->host->half_latency_ns, draw);
    host->entity = entity;
    server->training_interval_ns = dist_draw_i64(&group->training->interval_ns, draw);
    server->training_phase_ns = draw_phase_ns(draw, server->training_interval_ns);
    return build_model(agents, versions, group, index, entity, err);
}

static enum sim_status build_validator(struct agents *agents, const struct agents_group *group,
                                       struct cursor *at, uint64_t entity, struct sim_error *err)
{
    const struct agents_setup *setup = &agents->setup;
    uint32_t uids = setup->uid_capacity;
    struct agent_validator *validator = &agents->validators[at->validator++];
    struct corpus_stats text;
    corpus_mixture_stats(setup->corpus, agents->models[at->server - 1].mixture, &text);
    *validator = (struct agent_validator){
        .neuron = at->neuron,
        .route = next_stream(agents, at, STREAM_ROUTE, entity),
        .dice = next_stream(agents, at, STREAM_SCORER, entity),
        .floor_nats = corpus_stats_floor_nats(&text),
        .open_question = AGENT_NONE,
    };
    (void)group;
    uint32_t width = reading_context_width(setup);
    size_t router_bytes = router_state_bytes(setup->router, setup->router_params, uids, width);
    validator->router_state = allocate(1, router_bytes);
    validator->stats = allocate(uids, sizeof(*validator->stats));
    validator->stats_hotkey = allocate(uids, sizeof(*validator->stats_hotkey));
    if (!validator->router_state || !validator->stats || !validator->stats_hotkey)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a validator's scores of %u uids", uids);
    router_init(setup->router, setup->router_params, uids, width, validator->route,
                validator->router_state);
    for (uint32_t uid = 0; uid < uids; uid++)
        validator->stats_hotkey[uid] = AGENT_NONE;
    return SIM_OK;
}

static enum sim_status build_neuron(struct agents *agents, struct version_pool *versions,
                                    uint32_t group_index, uint32_t index, struct cursor *at,
                                    struct sim_error *err)
{
    const struct agents_group *group = &agents->setup.groups[group_index];
    const struct group_params *params = group->params;
    uint64_t entity = stream_entity(group->name, index);
    struct stream draw;
    uint64_t stake_rao = draw_stake_rao(agents, group, entity, &draw);
    struct agent_neuron *neuron = &agents->neurons[at->neuron];
    *neuron = (struct agent_neuron){
        .group = group_index,
        .index_in_group = index,
        .entity = entity,
        .uid = AGENT_NONE,
        .validator = AGENT_NONE,
        .next_waiting = AGENT_NONE,
        .stake_rao = stake_rao,
    };
    double hash_rate = 0;
    enum sim_status status = SIM_OK;
    if (index == 0 || params->server == GROUP_EACH)
        status = build_server(agents, versions, group, at, entity, &draw, &hash_rate, err);
    if (status != SIM_OK)
        return status;
    neuron->server = at->server - 1;
    if (index == 0 || params->owner == GROUP_EACH)
        agents->owners[at->owner++] = (struct agent_owner){
            .first_waiting = AGENT_NONE,
            .last_waiting = AGENT_NONE,
            .work = next_stream(agents, at, STREAM_WORK, entity),
        };
    neuron->owner = at->owner - 1;
    agents->owners[neuron->owner].hash_rate_hashes_per_s += hash_rate;
    if (params->validator) {
        neuron->validator = at->validator;
        status = build_validator(agents, group, at, entity, err);
        struct agent_validator *validator = &agents->validators[neuron->validator];
        const struct query_params *query = agents->setup.query;
        validator->ask_phase_ns = draw_phase_ns(&draw, query->interval_ns);
        validator->weights_phase_ns = draw_phase_ns(&draw, (int64_t)query->weights_interval_blocks *
                                                               agents->setup.block_time_ns);
    }
    at->neuron++;
    return status;
}

double build_draw_speed(struct agents *agents, uint32_t index)
{
    const struct agent_neuron *neuron = &agents->neurons[index];
    const struct agents_group *group = agents_group_of(agents, index);
    struct stream draw;
    double hash_rate;
    if (agents->servers[neuron->server].first_neuron != index)
        return 0; /* the first of the group has drawn the host of all */
    draw_stake_rao(agents, group, neuron->entity, &draw);
    draw_speed(group, &draw, &agents->servers[neuron->server].flops, &hash_rate);
    return hash_rate;
}

/* ---- what has to fit together */

static enum sim_status check_group(const struct agents_setup *setup,
                                   const struct agents_group *group, struct sim_error *err)
{
    enum sim_status status =
        group->lm->check == NULL ? SIM_OK : group->lm->check(group->lm_shape, err);
    if (status != SIM_OK)
        return sim_error_context(err, "groups.%s.model", group->name);
    uint32_t vocabulary = group->lm->vocabulary(group->lm_shape);
    if (vocabulary != setup->corpus->vocabulary_symbols)
        return SIM_FAIL(err, SIM_CONFIG,
                        "groups.%s.model: a vocabulary of %u symbols, but the corpus has %u",
                        group->name, vocabulary, setup->corpus->vocabulary_symbols);
    uint32_t longest = group->lm->sequence_length_max(group->lm_shape);
    if (setup->query->sequence > longest)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.sequence is %u, but the model of groups.%s takes at most %u",
                        setup->query->sequence, group->name, longest);
    if (group->training->sequence > longest)
        return SIM_FAIL(err, SIM_CONFIG,
                        "groups.%s.training.sequence is %u, but its model takes at most %u",
                        group->name, group->training->sequence, longest);
    return SIM_OK;
}

static enum sim_status check_setup(const struct agents_setup *setup, struct sim_error *err)
{
    if ((setup->scorer->needs & SCORER_NEEDS_GATE) && !setup->router->uses_context)
        return SIM_FAIL(err, SIM_CONFIG,
                        "scorer: '%s' goes by the router's scores of peers, and router '%s' has "
                        "none",
                        setup->scorer->params->name, setup->router->params->name);
    if (setup->query->response == QUERY_TOPK &&
        setup->query->kept > setup->corpus->vocabulary_symbols)
        return SIM_FAIL(err, SIM_CONFIG,
                        "query.kept is %u, but the corpus has a vocabulary of %u symbols",
                        setup->query->kept, setup->corpus->vocabulary_symbols);
    for (uint32_t g = 0; g < setup->group_count; g++) {
        enum sim_status status = check_group(setup, &setup->groups[g], err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

/* Bytes of a question and of an answer in the historic wire forms: 8-byte token ids out; 4-byte
 * floats back, for each position the logits or the hidden state (bittensor v3, TextCausalLM and
 * TextLastHiddenState). */
void build_set_wire_bytes(struct agents *agents)
{
    const struct agents_setup *setup = &agents->setup;
    const struct query_params *query = setup->query;
    struct answer_shape shape = {.sequences = query->batch,
                                 .positions = query->sequence,
                                 .hidden_width = setup->corpus->vocabulary_symbols};
    if (query->response == QUERY_HIDDEN && setup->group_count > 0)
        shape.hidden_width = setup->groups[0].lm->hidden_width(setup->groups[0].lm_shape);
    shape.kept = query->kept;
    uint64_t answer_bytes =
        query->response == QUERY_TOPK ? answer_topk_bytes(&shape) : answer_hidden_bytes(&shape);
    double scale = query->wire_scale;
    agents->request_bytes = (uint64_t)((double)answer_request_bytes(&shape) * scale);
    agents->response_bytes = (uint64_t)((double)answer_bytes * scale);
}

enum sim_status agents_create(const struct agents_setup *setup, struct version_pool *versions,
                              struct agents **ret_agents, struct sim_error *err)
{
    enum sim_status status = check_setup(setup, err);
    if (status != SIM_OK)
        return status;
    struct agents *agents = calloc(1, sizeof(*agents));
    if (agents == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the neurons");
    agents->setup = *setup;
    agents->seed = setup->seed;
    agents->rows = setup->query->batch * setup->query->sequence;
    agents->question_free = agents->query_free = AGENT_NONE;
    digest_init(&agents->digest);
    count_entities(agents);
    build_set_wire_bytes(agents);
    status = allocate_entities(agents, err);
    struct cursor at = {0};
    for (uint32_t g = 0; g < setup->group_count && status == SIM_OK; g++)
        for (uint32_t i = 0; i < setup->groups[g].params->count && status == SIM_OK; i++)
            status = build_neuron(agents, versions, g, i, &at, err);
    if (status != SIM_OK) {
        agents_free(agents);
        return status;
    }
    *ret_agents = agents;
    return SIM_OK;
}

struct agents *agents_free(struct agents *agents)
{
    if (agents == NULL)
        return NULL;
    for (uint32_t m = 0; agents->models != NULL && m < agents->server_count; m++) {
        version_release(agents->models[m].version);
        version_release(agents->models[m].next);
    }
    for (uint32_t v = 0; agents->validators != NULL && v < agents->validator_count; v++) {
        free(agents->validators[v].router_state);
        free(agents->validators[v].stats);
        free(agents->validators[v].stats_hotkey);
    }
    for (uint32_t q = 0; q < agents->question_capacity; q++)
        free(agents->questions[q]);
    reading_free(agents);
    void *blocks[] = {agents->neurons,
                      agents->models,
                      agents->servers,
                      agents->hosts,
                      agents->owners,
                      agents->validators,
                      agents->mixtures,
                      agents->streams,
                      agents->neuron_of_uid,
                      agents->excluded,
                      agents->axon,
                      agents->neuron_of_account,
                      agents->job_input,
                      agents->score_scratch,
                      agents->weights_scratch,
                      agents->measures,
                      agents->weights.uids,
                      agents->weights.shares,
                      agents->weights_real,
                      agents->weights.weights_u16,
                      agents->row_values,
                      agents->questions,
                      agents->queries,
                      agents->ally};
    for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++)
        free(blocks[b]);
    free(agents);
    return NULL;
}
