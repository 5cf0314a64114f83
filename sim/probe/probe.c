#include "probe/probe.h"

#include "probe/state.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct probe_params, field)
static const struct param_key probe_keys[] = {
    {"evaluation_sequences", PARAM_U32 | PARAM_LIVE_FLAG, AT(evaluation_sequences), "1", "3000",
     "32", NULL,
     "held-out sequences of query.sequence predictions on which every model is measured, an epoch"},
    {"interval", PARAM_U32, AT(interval), "1", NULL, "1", NULL,
     "epochs from one row to the next; counts and sums of a row cover all of them"},
    {"calls", PARAM_BOOL | PARAM_LIVE_FLAG, AT(calls), NULL, NULL, "true", NULL,
     "keep every accepted set_weights call with its entries"},
    {"weights_interval", PARAM_U32 | PARAM_LIVE_FLAG, AT(weights_interval), NULL, NULL, "0", NULL,
     "epochs between two copies of all weights; 0: never (the calls hold the same)"},
    {"bonds_interval", PARAM_U32 | PARAM_LIVE_FLAG, AT(bonds_interval), NULL, NULL, "0", NULL,
     "epochs between two copies of all bonds; 0: never"},
    {"states", PARAM_BOOL, AT(states), NULL, NULL, "true", NULL,
     "keep what each epoch's mechanism was given, so that another one can be tried on it"},
    {"models", PARAM_BOOL, AT(models), NULL, NULL, "false", NULL,
     "keep the model of every uid at the run's end, for 'taosim generate'"},
};
#undef AT
static const struct param_condition probe_conditions[] = {
    {"evaluation_sequences", GROUP_ANY_MODEL},
    {"calls", "groups.*.validator=true"},
    {"models", GROUP_ANY_MODEL},
};
const struct param_table probe_param_table = PARAM_TABLE_WHEN(
    "record", struct probe_params, probe_keys, probe_conditions, "what is kept, and how often");

/* ---- static rows */

/* Index of `name` among the first `count` names, which gets it when it is new. */
static uint16_t label_of(const char **names, uint32_t *count, const char *name)
{
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return (uint16_t)i;
    names[*count] = name;
    return (uint16_t)(*count)++;
}

/* Every probe makes the same list, of all networks' groups; the first hands it on. */
static enum sim_status put_labels(struct probe *probe, struct sim_error *err)
{
    const struct probe_wiring *wiring = &probe->wiring;
    size_t later = wiring->later_strategy_count, groups = 0;
    for (uint32_t w = 0; w < wiring->network_count; w++)
        groups += wiring->networks[w].setup->group_count;
    const char **names = calloc(2 * groups + later + 1, sizeof(*names));
    if (names == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", groups);
    const char **model_names = names + groups + later;
    uint32_t strategies = 0, models = 0;
    for (uint32_t w = 0; w < wiring->network_count; w++) {
        const struct agents_setup *setup = wiring->networks[w].setup;
        for (uint32_t g = 0; g < setup->group_count; g++) {
            const struct agents_group *group = &setup->groups[g];
            uint16_t strategy = label_of(names, &strategies, group->strategy->params->name);
            uint16_t model = label_of(model_names, &models, group->lm->table->name);
            if (w != wiring->network)
                continue;
            probe->group_strategy[g] = strategy;
            probe->group_model[g] = model;
        }
    }
    for (size_t i = 0; i < later; i++)
        label_of(names, &strategies, wiring->later_strategies[i]->params->name);
    if (wiring->network == 0) {
        record_labels(wiring->record, RECORD_STRATEGY, names, strategies);
        record_labels(wiring->record, RECORD_MODEL_KIND, model_names, models);
    }
    probe->strategy_names = names;
    probe->strategy_count = strategies;
    return SIM_OK;
}

static enum sim_status put_groups(struct probe *probe, struct sim_error *err)
{
    const struct agents_setup *setup = probe->wiring.setup;
    struct record *record = probe->wiring.record;
    enum sim_status status = SIM_OK;
    for (uint32_t g = 0; g < setup->group_count && status == SIM_OK; g++) {
        const struct agents_group *group = &setup->groups[g];
        const char *model = group->lm->table->name, *strategy = group->strategy->params->name;
        const char *name = agents_group_stable_name(group);
        uint8_t attacker = group->params->attacker;
        uint32_t count = group->params->count;
        uint32_t parameters = (uint32_t)group->lm->parameter_count(group->lm_shape);
        status = record_rows_begin(record, RECORD_DIM_GROUP, 1, err);
        if (status != SIM_OK)
            return status;
        record_put(record, RECORD_GROUP_NAME, &name, 1);
        record_put(record, RECORD_GROUP_STRATEGY, &strategy, 1);
        record_put(record, RECORD_GROUP_MODEL, &model, 1);
        record_put(record, RECORD_GROUP_ATTACKER, &attacker, 1);
        record_put(record, RECORD_GROUP_SIZE, &count, 1);
        record_put(record, RECORD_GROUP_PARAMETERS, &parameters, 1);
        status = record_rows_end(record, RECORD_DIM_GROUP, err);
    }
    return status;
}

static enum sim_status put_corpus_files(struct probe *probe, struct sim_error *err)
{
    const struct corpus *corpus = probe->wiring.setup->corpus;
    struct record *record = probe->wiring.record;
    enum sim_status status = SIM_OK;
    for (uint32_t f = 0; f < corpus->file_count && status == SIM_OK; f++) {
        const struct corpus_file *file = &corpus->files[f];
        const char *domain = corpus->domains[file->domain].name, *sha256 = file->sha256;
        status = record_rows_begin(record, RECORD_DIM_CORPUS_FILE, 1, err);
        if (status != SIM_OK)
            return status;
        record_put(record, RECORD_CORPUS_PATH, &file->path, 1);
        record_put(record, RECORD_CORPUS_DOMAIN, &domain, 1);
        record_put(record, RECORD_CORPUS_BYTES, &file->size_bytes, 1);
        record_put(record, RECORD_CORPUS_SHA256, &sha256, 1);
        record_put(record, RECORD_CORPUS_PACKAGE, &file->package, 1);
        record_put(record, RECORD_CORPUS_LICENCE, &file->licence, 1);
        status = record_rows_end(record, RECORD_DIM_CORPUS_FILE, err);
    }
    return status;
}

static void public_stats(const struct corpus *corpus, struct corpus_stats *ret_stats)
{
    double weights[CORPUS_DOMAINS_MAX];
    for (uint32_t d = 0; d < corpus->domain_count; d++)
        weights[d] = corpus->domains[d].is_private ? 0 : 1;
    corpus_mixture_stats(corpus, weights, ret_stats);
}

/* The scale on which losses are read: the entropies of the evaluated mixture, all public domains
 * alike. */
static void put_corpus_attributes(const struct probe *probe)
{
    const struct corpus *corpus = probe->wiring.setup->corpus;
    struct record *record = probe->wiring.record;
    struct corpus_stats stats;
    public_stats(corpus, &stats);
    record_attr_text(record, RECORD_ROOT, "corpus", corpus->kind);
    record_attr_text(record, RECORD_ROOT, "corpus_fallback",
                     corpus->fallback == NULL ? "" : corpus->fallback);
    record_attr_u64(record, RECORD_ROOT, "corpus_digest", corpus->digest);
    record_attr_u64(record, RECORD_ROOT, "vocabulary_symbols", corpus->vocabulary_symbols);
    record_attr_u64(record, RECORD_ROOT, "corpus_train_tokens", stats.train_tokens);
    record_attr_u64(record, RECORD_ROOT, "corpus_heldout_tokens", stats.heldout_tokens);
    record_attr_f64(record, RECORD_ROOT, "unigram_entropy_nats", stats.unigram_nats);
    record_attr_f64(record, RECORD_ROOT, "bigram_entropy_nats", stats.bigram_nats);
    record_attr_f64(record, RECORD_ROOT, "exact_entropy_nats", stats.exact_nats);
}

/* A row of /networks, where the scenario names its networks. */
static enum sim_status put_network(struct probe *probe, struct sim_error *err)
{
    const struct probe_network *network = &probe->wiring.networks[probe->wiring.network];
    const struct corpus *corpus = network->setup->corpus;
    struct record *record = probe->wiring.record;
    uint16_t first_group = (uint16_t)probe->first_group;
    uint16_t group_count = (uint16_t)network->setup->group_count;
    if (network->name == NULL)
        return SIM_OK;
    enum sim_status status = record_rows_begin(record, RECORD_DIM_NETWORK, 1, err);
    if (status != SIM_OK)
        return status;
    struct corpus_stats stats;
    public_stats(corpus, &stats);
    record_put(record, RECORD_NETWORK_NETUID, &network->setup->netuid, 1);
    record_put(record, RECORD_NETWORK_NAME, &network->name, 1);
    record_put(record, RECORD_NETWORK_MECHANISM, &network->mechanism, 1);
    record_put(record, RECORD_NETWORK_CORPUS, &corpus->kind, 1);
    record_put(record, RECORD_NETWORK_FIRST_GROUP, &first_group, 1);
    record_put(record, RECORD_NETWORK_GROUPS, &group_count, 1);
    record_put(record, RECORD_NETWORK_VOCABULARY, &corpus->vocabulary_symbols, 1);
    record_put(record, RECORD_NETWORK_UNIGRAM, &stats.unigram_nats, 1);
    record_put(record, RECORD_NETWORK_BIGRAM, &stats.bigram_nats, 1);
    record_put(record, RECORD_NETWORK_EXACT, &stats.exact_nats, 1);
    return record_rows_end(record, RECORD_DIM_NETWORK, err);
}

/* ---- life */

static bool allocate(struct probe *probe)
{
    uint32_t groups = probe->wiring.setup->group_count;
    probe->hotkey_row = calloc(agents_count(probe->wiring.agents) + 1, sizeof(uint32_t));
    probe->group_strategy = calloc(groups + 1, sizeof(uint16_t));
    probe->group_model = calloc(groups + 1, sizeof(uint16_t));
    probe->model_loss_nats = calloc(agents_model_count(probe->wiring.agents) + 1, sizeof(double));
    probe->column = calloc(probe->uid_count, sizeof(uint64_t));
    probe->csr_start = calloc(probe->uid_count + 1, sizeof(uint64_t));
    probe->row_digest = calloc(probe->uid_count, sizeof(uint64_t));
    return probe->row_digest && probe->hotkey_row && probe->group_strategy && probe->group_model &&
           probe->model_loss_nats && probe->column && probe->csr_start;
}

enum sim_status probe_create(const struct probe_params *params, const struct probe_wiring *wiring,
                             struct probe **ret_probe, struct sim_error *err)
{
    struct probe *probe = calloc(1, sizeof(*probe));
    if (probe == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the probe");
    probe->params = *params;
    probe->wiring = *wiring;
    probe->uid_count = wiring->setup->uid_capacity;
    enum sim_status status = SIM_OK;
    if (!allocate(probe))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the probe");
    for (uint32_t n = 0; status == SIM_OK && n < agents_count(wiring->agents); n++)
        probe->hotkey_row[n] = RECORD_NOBODY;
    if (status == SIM_OK)
        status = put_labels(probe, err);
    for (uint32_t w = 0; w < wiring->network; w++)
        probe->first_group += wiring->networks[w].setup->group_count;
    if (status == SIM_OK)
        status = put_network(probe, err);
    if (status == SIM_OK)
        status = put_groups(probe, err);
    if (status == SIM_OK)
        status = put_corpus_files(probe, err);
    if (status != SIM_OK) {
        probe_free(probe);
        return status;
    }
    if (wiring->network == 0)
        put_corpus_attributes(probe);
    if (params->states)
        chain_keep_inputs(wiring->chain, wiring->setup->netuid);
    *ret_probe = probe;
    return SIM_OK;
}

struct probe *probe_free(struct probe *probe)
{
    if (probe == NULL)
        return NULL;
    free(probe->hotkey_row);
    free(probe->group_strategy);
    free(probe->group_model);
    free(probe->strategy_names);
    free(probe->model_loss_nats);
    free(probe->column);
    free(probe->csr_start);
    free(probe->row_digest);
    free(probe->csr_target);
    free(probe->csr_value);
    free(probe);
    return NULL;
}

void probe_set_params(struct probe *probe, const struct probe_params *params)
{
    probe->params = *params;
}

void probe_set_strategy(struct probe *probe, uint32_t group, const struct strategy_ops *strategy)
{
    uint32_t count = probe->strategy_count;
    probe->group_strategy[group] = label_of(probe->strategy_names, &count, strategy->params->name);
    SIM_ASSERT(count == probe->strategy_count);
}

struct probe_summary probe_summary(const struct probe *probe)
{
    return probe->summary;
}

/* ---- events */

/* Gives a neuron its row of /hotkeys at its first registration. */
static enum sim_status meet(struct probe *probe, uint32_t neuron, int64_t now_ns,
                            struct sim_error *err)
{
    if (probe->hotkey_row[neuron] != RECORD_NOBODY)
        return SIM_OK;
    struct record *record = probe->wiring.record;
    struct agent_info info = agents_info(probe->wiring.agents, neuron);
    uint16_t group = (uint16_t)(probe->first_group + info.group);
    uint32_t owner = probe->wiring.first_owner + info.owner;
    probe->hotkey_row[neuron] = (uint32_t)record_row_count(record, RECORD_DIM_HOTKEY);
    enum sim_status status = record_rows_begin(record, RECORD_DIM_HOTKEY, 1, err);
    if (status != SIM_OK)
        return status;
    record_put(record, RECORD_HOTKEY_OWNER, &owner, 1);
    record_put(record, RECORD_HOTKEY_GROUP, &group, 1);
    record_put(record, RECORD_HOTKEY_INDEX, &info.index_in_group, 1);
    record_put(record, RECORD_HOTKEY_TIME_NS, &now_ns, 1);
    return record_rows_end(record, RECORD_DIM_HOTKEY, err);
}

enum sim_status probe_genesis(struct probe *probe, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t uid = 0; uid < probe->uid_count && status == SIM_OK; uid++) {
        uint32_t neuron = agents_of_uid(probe->wiring.agents, uid);
        if (neuron != AGENT_NONE)
            status = meet(probe, neuron, 0, err);
    }
    return status;
}

uint32_t probe_hotkey_row(const struct probe *probe, uint32_t hotkey)
{
    uint32_t neuron = agents_of_hotkey(probe->wiring.agents, hotkey);
    return neuron == AGENT_NONE ? RECORD_NOBODY : probe->hotkey_row[neuron];
}

static uint32_t owner_row(const struct probe *probe, uint32_t neuron)
{
    return neuron == AGENT_NONE
               ? RECORD_NOBODY
               : probe->wiring.first_owner + agents_info(probe->wiring.agents, neuron).owner;
}

static enum sim_status on_move(struct probe *probe, const struct chain_event *event,
                               enum record_event_kind kind, int64_t now_ns, struct sim_error *err)
{
    uint32_t neuron = agents_of_hotkey(probe->wiring.agents, event->hotkey);
    enum sim_status status = neuron == AGENT_NONE ? SIM_OK : meet(probe, neuron, now_ns, err);
    if (status != SIM_OK)
        return status;
    const struct chain_view *view = chain_view(probe->wiring.chain, probe->wiring.setup->netuid);
    bool replaces = kind == RECORD_EVENT_REGISTRATION && event->other != CHAIN_NONE;
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .kind = kind,
        .netuid = event->netuid,
        .uid = event->uid,
        .hotkey_id = probe_hotkey_row(probe, event->hotkey),
        .owner_id = owner_row(probe, neuron),
        .other_hotkey_id = replaces ? probe_hotkey_row(probe, event->other) : RECORD_NOBODY,
        .amount_rao = event->amount,
        .value = (double)view->difficulty,
    };
    return record_event(probe->wiring.record, &row, err);
}

/* An owner's or a delegator's stake on a hotkey. */
static enum sim_status on_stake(struct probe *probe, const struct chain_event *event,
                                enum record_event_kind kind, int64_t now_ns, struct sim_error *err)
{
    uint16_t netuid = probe->wiring.setup->netuid;
    uint32_t uid = chain_uid_of_hotkey(probe->wiring.chain, netuid, event->hotkey);
    uint32_t owner = agents_of_coldkey(probe->wiring.agents, event->coldkey);
    if (agents_of_hotkey(probe->wiring.agents, event->hotkey) == AGENT_NONE)
        return SIM_OK; /* another network's */
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .kind = kind,
        .netuid = netuid,
        .uid = uid == CHAIN_NONE ? RECORD_NOBODY : uid,
        .hotkey_id = probe_hotkey_row(probe, event->hotkey),
        .owner_id = owner == AGENT_NONE ? RECORD_NOBODY : probe->wiring.first_owner + owner,
        .other_hotkey_id = RECORD_NOBODY,
        .amount_rao = event->amount,
    };
    return record_event(probe->wiring.record, &row, err);
}

static enum sim_status put_fault(struct probe *probe, const struct fault *fault, bool begins,
                                 uint32_t neuron, int64_t now_ns, struct sim_error *err)
{
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .kind = begins ? RECORD_EVENT_FAULT : RECORD_EVENT_RECOVERED,
        .netuid = probe->wiring.setup->netuid,
        .uid = RECORD_NOBODY,
        .hotkey_id = RECORD_NOBODY,
        .owner_id = RECORD_NOBODY,
        .other_hotkey_id = RECORD_NOBODY,
        .value = fault->id,
    };
    if (neuron != AGENT_NONE) {
        struct agent_info info = agents_info(probe->wiring.agents, neuron);
        row.uid = info.uid;
        row.hotkey_id = probe->hotkey_row[neuron];
        row.owner_id = owner_row(probe, neuron);
    }
    return record_event(probe->wiring.record, &row, err);
}

/* Nothing when the host is another network's. */
static enum sim_status put_host_fault(struct probe *probe, const struct fault *fault, bool begins,
                                      uint32_t host, int64_t now_ns, struct sim_error *err)
{
    const struct agents *agents = probe->wiring.agents;
    uint32_t own = host - probe->wiring.first_host, count;
    (void)agents_hosts(agents, &count);
    return own < count ? put_fault(probe, fault, begins, agents_of_host(agents, own), now_ns, err)
                       : SIM_OK;
}

enum sim_status probe_fault(struct probe *probe, const struct fault *fault, bool begins,
                            int64_t now_ns, struct sim_error *err)
{
    if (fault->kind == FAULT_CUT) /* of all networks: the first tells of it */
        return probe->wiring.network > 0 ? SIM_OK
                                         : put_fault(probe, fault, begins, AGENT_NONE, now_ns, err);
    if (fault->kind == FAULT_FLOOD)
        return put_host_fault(probe, fault, begins, fault->victim, now_ns, err);
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < fault->host_count && status == SIM_OK; i++)
        status = put_host_fault(probe, fault, begins, fault->hosts[i], now_ns, err);
    return status;
}

static enum sim_status on_weights(struct probe *probe, const struct chain_event *event,
                                  int64_t now_ns, struct sim_error *err)
{
    if (!probe->params.calls)
        return SIM_OK;
    struct chain_row row = chain_weights_row(probe->wiring.chain, event->netuid, event->uid);
    struct record_call call = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .netuid = event->netuid,
        .uid = event->uid,
        .hotkey_id = probe_hotkey_row(probe, event->hotkey),
        .entry_count = row.count,
        .age_blocks = (uint32_t)event->age_blocks,
        .target = row.uid,
        .value = row.value,
    };
    return record_set_weights(probe->wiring.record, &call, err);
}

/* A row that nobody can read yet; it belongs to the epoch `value`. */
static enum sim_status on_commit(struct probe *probe, const struct chain_event *event,
                                 int64_t now_ns, struct sim_error *err)
{
    uint32_t neuron = agents_of_hotkey(probe->wiring.agents, event->hotkey);
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .kind = RECORD_EVENT_COMMITTED,
        .netuid = event->netuid,
        .uid = event->uid,
        .hotkey_id = probe_hotkey_row(probe, event->hotkey),
        .owner_id = owner_row(probe, neuron),
        .other_hotkey_id = RECORD_NOBODY,
        .value = event->other,
    };
    return record_event(probe->wiring.record, &row, err);
}

static enum sim_status on_event(struct probe *probe, const struct chain_event *event,
                                int64_t now_ns, struct sim_error *err)
{
    switch (event->kind) {
    case CHAIN_EVENT_REGISTERED:
        probe->registrations++;
        return on_move(probe, event, RECORD_EVENT_REGISTRATION, now_ns, err);
    case CHAIN_EVENT_EVICTED:
        probe->evictions++;
        return on_move(probe, event, RECORD_EVENT_EVICTION, now_ns, err);
    case CHAIN_EVENT_STAKE_ADDED:
        return on_stake(probe, event, RECORD_EVENT_STAKE_ADDED, now_ns, err);
    case CHAIN_EVENT_STAKE_REMOVED:
        return on_stake(probe, event, RECORD_EVENT_STAKE_REMOVED, now_ns, err);
    case CHAIN_EVENT_COMMITTED:
        return on_commit(probe, event, now_ns, err);
    case CHAIN_EVENT_WEIGHTS_SET:
        return on_weights(probe, event, now_ns, err);
    case CHAIN_EVENT_PAID:
        probe->paid_rao += event->amount;
        return SIM_OK;
    default:
        return SIM_OK;
    }
}

/* A neuron that has never held a uid has no row of /hotkeys, and is nobody. */
static enum sim_status on_incident(struct probe *probe, const struct agent_incident *incident,
                                   int64_t now_ns, struct sim_error *err)
{
    struct agent_info info = agents_info(probe->wiring.agents, incident->neuron);
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .kind = RECORD_EVENT_NO_NUMBER,
        .netuid = probe->wiring.setup->netuid,
        .uid = info.uid == AGENT_NONE ? RECORD_NOBODY : info.uid,
        .hotkey_id = probe->hotkey_row[incident->neuron],
        .owner_id = owner_row(probe, incident->neuron),
        .other_hotkey_id = RECORD_NOBODY,
        .value = (double)incident->value,
    };
    return record_event(probe->wiring.record, &row, err);
}

static enum sim_status put_incidents(struct probe *probe, int64_t now_ns, struct sim_error *err)
{
    size_t count;
    const struct agent_incident *incidents = agents_incidents(probe->wiring.agents, &count);
    enum sim_status status = SIM_OK;
    for (size_t i = 0; i < count && status == SIM_OK; i++)
        status = on_incident(probe, &incidents[i], now_ns, err);
    agents_forget_incidents(probe->wiring.agents);
    return status;
}

/* Stake belongs to no network: whose hotkey it is on sees to that. */
static bool concerns(const struct probe *probe, const struct chain_event *event)
{
    return event->netuid == probe->wiring.setup->netuid || event->kind == CHAIN_EVENT_STAKE_ADDED ||
           event->kind == CHAIN_EVENT_STAKE_REMOVED;
}

enum sim_status probe_block(struct probe *probe, int64_t now_ns, uint64_t event_count,
                            bool *ret_epoch, struct sim_error *err)
{
    size_t count;
    const struct chain_event *events = chain_events(probe->wiring.chain, &count);
    const struct mechanism_input *input = NULL;
    *ret_epoch = false;
    enum sim_status status = put_incidents(probe, now_ns, err);
    for (size_t e = 0; e < count && status == SIM_OK; e++) {
        if (!concerns(probe, &events[e]))
            continue;
        if (events[e].kind == CHAIN_EVENT_EPOCH) {
            *ret_epoch = true;
            input = events[e].input;
        }
        status = on_event(probe, &events[e], now_ns, err);
    }
    const struct chain_view *view = chain_view(probe->wiring.chain, probe->wiring.setup->netuid);
    if (status == SIM_OK && *ret_epoch && view->epoch_index % probe->params.interval == 0)
        status = probe_row(probe, now_ns, event_count, err);
    if (status == SIM_OK && input != NULL)
        status = probe_epoch_state(probe, input, err);
    return status;
}
