/*
 * build.c: from the scenario's groups to neurons, servers, owners and validators.
 */
#include "agent/lesson.h"
#include "agent/reading.h"
#include "agent/response.h"

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
    for (uint32_t k = 0; k < agents->setup.delegator_kind_count; k++)
        agents->delegator_count += agents->setup.delegators[k].params->count;
}

static size_t job_input_bytes(const struct agents *agents)
{
    size_t bytes = JOB_INPUT_BYTES, question = response_input_bytes(agents->setup.query);
    size_t step = training_input_bytes(&agents->setup, agents->lesson_floats);
    bytes = question > bytes ? question : bytes;
    bytes = step > bytes ? step : bytes;
    return (bytes + 63) & ~(size_t)63;
}

static enum sim_status allocate_entities(struct agents *agents, struct sim_error *err)
{
    const struct agents_setup *setup = &agents->setup;
    uint32_t uids = setup->uid_capacity, peers = setup->query->peers;
    agents->stream_count =
        agents->server_count + agents->owner_count + STREAMS_A_VALIDATOR * agents->validator_count;
    agents->account_capacity = agents->neuron_count + agents->owner_count + agents->delegator_count;
    agents->job_input_bytes = job_input_bytes(agents);
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
    agents->delegators = allocate(agents->delegator_count, sizeof(*agents->delegators));
    agents->owner_of_account =
        allocate(agents->account_capacity, sizeof(*agents->owner_of_account));
    agents->mixtures = allocate((size_t)agents->server_count * setup->corpus->domain_count,
                                sizeof(*agents->mixtures));
    agents->streams = allocate(agents->stream_count, sizeof(*agents->streams));
    agents->neuron_of_uid = allocate(uids, sizeof(*agents->neuron_of_uid));
    agents->excluded = allocate(uids, 1);
    agents->axon = allocate(uids, 1);
    agents->ally = allocate(uids, 1);
    agents->neuron_of_account =
        allocate(agents->account_capacity, sizeof(*agents->neuron_of_account));
    agents->job_input = aligned_alloc(64, agents->job_input_bytes);
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
                    agents->row_values && agents->delegators && agents->owner_of_account;
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

static uint64_t scaled(const struct agents_setup *setup, uint64_t bytes)
{
    return (uint64_t)((double)bytes * setup->query->wire_scale);
}

void build_set_wire_bytes(struct agents *agents)
{
    const struct agents_setup *setup = &agents->setup;
    agents->request_bytes = scaled(setup, response_request_bytes(setup->query));
    for (uint32_t m = 0; m < agents->server_count; m++) {
        struct agent_model *model = &agents->models[m];
        if (!agents_has_model(model->group))
            continue;
        model->response_bytes = scaled(setup, response_bytes(setup, model->group));
        model->gradient_bytes = scaled(setup, response_gradient_bytes(setup, model->group));
    }
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
        .is_shared = group->params->server == GROUP_ONE && group->params->count > 1,
    };
    if (!agents_has_model(group)) {
        enum sim_status status = version_create(versions, 1, &model->version, err);
        if (status == SIM_OK)
            model->version->values[0] = 0; /* stands for nothing */
        return status;
    }
    model->forward_flop = response_flop(setup->query, group);
    model->step_flop = setup->trainer->step_flop(group->lm, group->lm_shape, group->optimiser,
                                                 group->training->batch, group->training->sequence);
    size_t floats = setup->trainer->block_count(group->lm, group->lm_shape, group->optimiser);
    enum sim_status status = version_create(versions, floats, &model->version, err);
    if (status != SIM_OK)
        return status;
    stream_init(&stream, agents->seed, STREAM_MODEL_INIT, entity, 0);
    setup->trainer->init(group->lm, group->lm_shape, group->optimiser, &stream,
                         model->version->values);
    return SIM_OK;
}

/* Room for what the peers of a neuron that distils have answered. */
static enum sim_status build_teacher(const struct agents *agents, const struct agents_group *group,
                                     struct agent_server *server, struct sim_error *err)
{
    if (!(group->training->distil > 0))
        return SIM_OK;
    const struct query_params *query = agents->setup.query;
    size_t logits = (size_t)agents->rows * agents->setup.corpus->vocabulary_symbols;
    server->teacher =
        calloc(1, logits * sizeof(float) + (size_t)query->batch * (query->sequence + 1));
    if (server->teacher == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the answers that a neuron learns from");
    server->teacher_tokens = (uint8_t *)(server->teacher + logits);
    return SIM_OK;
}

/* On a stream of its own: a scenario that places its hosts moves no other draw. */
static uint32_t draw_region(const struct agents *agents, int choice, uint64_t entity)
{
    if (choice < REGION_COUNT)
        return (uint32_t)choice;
    enum region_set set =
        agents->setup.regions == REGION_NONE ? REGION_2019 : agents->setup.regions;
    const struct region *regions = region_table(set);
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_GENESIS, entity, 1);
    double left = stream_uniform(&stream);
    uint32_t region = 0;
    while (region + 1 < REGION_COUNT && left >= regions[region].node_share)
        left -= regions[region++].node_share;
    return region;
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

static void draw_speed(const struct agents_group *group, struct stream *draw,
                       struct agent_server *server)
{
    server->flops = dist_draw_f64(&group->host->flops, draw);
    server->hash_rate_hashes_per_s = dist_draw_f64(&group->host->hash_rate_hashes_per_s, draw);
}

/* Host, queue and model. */
static enum sim_status build_server(struct agents *agents, struct version_pool *versions,
                                    const struct agents_group *group, struct cursor *at,
                                    uint64_t entity, struct stream *draw, struct sim_error *err)
{
    uint32_t index = at->server++;
    struct agent_server *server = &agents->servers[index];
    *server = (struct agent_server){
        .model = index,
        .first_neuron = at->neuron,
        .serving = AGENT_NONE,
        .waiting = AGENT_NONE,
        .first_lesson = AGENT_NONE,
        .last_lesson = AGENT_NONE,
        .lottery = next_stream(agents, at, STREAM_QUEUE, entity),
        .condition = {.up = true, .speed = 1},
    };
    draw_speed(group, draw, server);
    struct net_host *host = &agents->hosts[index];
    host->up_bytes_per_s = dist_draw_f64(&group->host->up_bytes_per_s, draw);
    host->down_bytes_per_s = dist_draw_f64(&group->host->down_bytes_per_s, draw);
    host->half_latency_ns = dist_draw_i64(&group->host->half_latency_ns, draw);
    host->region = draw_region(agents, group->host->region, entity);
    host->entity = entity;
    server->training_interval_ns = dist_draw_i64(&group->training->interval_ns, draw);
    server->training_phase_ns = draw_phase_ns(draw, server->training_interval_ns);
    enum sim_status status = build_teacher(agents, group, server, err);
    return status == SIM_OK ? build_model(agents, versions, group, index, entity, err) : status;
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

/* Draws of their own, so that money moves no other draw. */
static void build_money(struct agents *agents, const struct agents_group *group,
                        struct agent_neuron *neuron, struct agent_owner *owner)
{
    const struct group_params *params = group->params;
    struct stream draw;
    stream_init(&draw, agents->seed, STREAM_MONEY, neuron->entity, 0);
    owner->balance_rao += dist_draw_u64(&group->money->balance_rao, &draw);
    owner->neuron_count++;
    if (owner->neuron_count == 1 && group->money->interval_blocks > 0)
        owner->money_phase_blocks = stream_below(&draw, group->money->interval_blocks);
    neuron->enter_ns = dist_draw_i64(&params->enter_ns, &draw);
    neuron->is_late = !params->genesis && neuron->enter_ns > 0;
    agents->late_count += neuron->is_late;
}

static enum sim_status build_neuron(struct agents *agents, struct version_pool *versions,
                                    uint32_t group_index, uint32_t index, struct cursor *at,
                                    struct sim_error *err)
{
    const struct agents_group *group = &agents->setup.groups[group_index];
    const struct group_params *params = group->params;
    uint64_t entity = stream_entity(agents_group_stable_name(group), index);
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
    enum sim_status status = SIM_OK;
    if (index == 0 || params->server == GROUP_EACH)
        status = build_server(agents, versions, group, at, entity, &draw, err);
    if (status != SIM_OK)
        return status;
    neuron->server = at->server - 1;
    if (index == 0 || params->owner == GROUP_EACH)
        agents->owners[at->owner++] = (struct agent_owner){
            .first_waiting = AGENT_NONE,
            .last_waiting = AGENT_NONE,
            .first_neuron = at->neuron,
            .work = next_stream(agents, at, STREAM_WORK, entity),
        };
    neuron->owner = at->owner - 1;
    build_money(agents, group, neuron, &agents->owners[neuron->owner]);
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

void build_draw_speed(struct agents *agents, uint32_t index)
{
    const struct agent_neuron *neuron = &agents->neurons[index];
    const struct agents_group *group = agents_group_of(agents, index);
    struct stream draw;
    if (agents->servers[neuron->server].first_neuron != index)
        return; /* the first of the group has drawn the host of all */
    draw_stake_rao(agents, group, neuron->entity, &draw);
    draw_speed(group, &draw, &agents->servers[neuron->server]);
}

/* ---- what has to fit together */

static enum sim_status check_group(const struct agents_setup *setup,
                                   const struct agents_group *group, struct sim_error *err)
{
    if (!agents_has_model(group))
        return SIM_OK;
    enum sim_status status =
        group->lm->check == NULL ? SIM_OK : group->lm->check(group->lm_shape, err);
    if (status != SIM_OK)
        return sim_error_context(err, "groups.%s.model", group->name);
    uint32_t vocabulary = group->lm->vocabulary(group->lm_shape);
    if (setup->corpus != NULL && vocabulary != setup->corpus->vocabulary_symbols)
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
    status = response_check(setup, group, err);
    return status == SIM_OK ? lesson_check(setup, group, err) : status;
}

enum sim_status agents_setup_check(const struct agents_setup *setup, struct sim_error *err)
{
    if ((setup->scorer->needs & SCORER_NEEDS_GATE) && !setup->router->uses_context)
        return SIM_FAIL(err, SIM_CONFIG,
                        "scorer: '%s' goes by the router's scores of peers, and router '%s' has "
                        "none",
                        setup->scorer->params->name, setup->router->params->name);
    for (uint32_t g = 0; g < setup->group_count; g++) {
        enum sim_status status = check_group(setup, &setup->groups[g], err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

enum sim_status agents_create(const struct agents_setup *setup, struct version_pool *versions,
                              struct agents **ret_agents, struct sim_error *err)
{
    enum sim_status status = agents_setup_check(setup, err);
    if (status != SIM_OK)
        return status;
    struct agents *agents = calloc(1, sizeof(*agents));
    if (agents == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the neurons");
    agents->setup = *setup;
    agents->seed = setup->seed;
    agents->rows = response_rows(setup->query);
    agents->question_free = agents->query_free = agents->lesson_free = AGENT_NONE;
    agents->keeps_logits = reading_wants_logits(setup) || lesson_needs_logits(setup);
    agents->lesson_floats = lesson_float_count(setup);
    digest_init(&agents->digest);
    count_entities(agents);
    status = allocate_entities(agents, err);
    struct cursor at = {0};
    for (uint32_t g = 0; g < setup->group_count && status == SIM_OK; g++)
        for (uint32_t i = 0; i < setup->groups[g].params->count && status == SIM_OK; i++)
            status = build_neuron(agents, versions, g, i, &at, err);
    if (status != SIM_OK) {
        agents_free(agents);
        return status;
    }
    delegator_build(agents);
    condition_add_hash_rates(agents);
    build_set_wire_bytes(agents);
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
        version_release(agents->models[m].before);
    }
    for (uint32_t v = 0; agents->validators != NULL && v < agents->validator_count; v++) {
        free(agents->validators[v].router_state);
        free(agents->validators[v].stats);
        free(agents->validators[v].stats_hotkey);
    }
    for (uint32_t q = 0; q < agents->question_capacity; q++)
        free(agents->questions[q]);
    for (uint32_t s = 0; agents->servers != NULL && s < agents->server_count; s++)
        free(agents->servers[s].teacher);
    lesson_free_all(agents);
    reveal_free_all(agents);
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
                      agents->ally,
                      agents->incidents,
                      agents->delegators,
                      agents->owner_of_account};
    for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++)
        free(blocks[b]);
    free(agents);
    return NULL;
}
