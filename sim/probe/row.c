/*
 * row.c: one row of the epoch dimension, column by column.
 */
#include "probe/state.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static const struct chain_view *view_of(const struct probe *probe)
{
    return chain_view(probe->wiring.chain, probe->wiring.setup->netuid);
}

/* ---- what the chain says of each uid */

static void put_fraction(struct probe *probe, enum record_var var, const uint64_t *fraction)
{
    if (!record_wants(probe->wiring.record, var))
        return;
    const struct chain_view *view = view_of(probe);
    float *column = probe->column;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++)
        column[uid] = (float)((double)fraction[uid] / (double)view->fraction_one);
    record_put(probe->wiring.record, var, column, view->neuron_count);
}

static void put_blocks(struct probe *probe, enum record_var var, const uint64_t *block)
{
    const struct chain_view *view = view_of(probe);
    int64_t *column = probe->column;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++)
        column[uid] = (int64_t)block[uid];
    record_put(probe->wiring.record, var, column, view->neuron_count);
}

static void put_chain(struct probe *probe)
{
    const struct chain_view *view = view_of(probe);
    struct record *record = probe->wiring.record;
    record_put(record, RECORD_STAKE_RAO, view->stake_rao, view->neuron_count);
    record_put(record, RECORD_EMISSION_RAO, view->emission_rao, view->neuron_count);
    record_put(record, RECORD_VALIDATOR_PERMIT, view->validator_permit, view->neuron_count);
    record_put(record, RECORD_ACTIVE, view->active, view->neuron_count);
    put_fraction(probe, RECORD_INCENTIVE, view->incentive);
    put_fraction(probe, RECORD_DIVIDENDS, view->dividends);
    put_fraction(probe, RECORD_CONSENSUS, view->consensus);
    put_fraction(probe, RECORD_TRUST, view->trust);
    put_fraction(probe, RECORD_RANK, view->rank);
    put_fraction(probe, RECORD_VALIDATOR_TRUST, view->validator_trust);
    put_fraction(probe, RECORD_PRUNING_SCORE, view->pruning_score);
    put_blocks(probe, RECORD_LAST_UPDATE, view->last_update);
    put_blocks(probe, RECORD_BLOCK_AT_REGISTRATION, view->block_at_registration);
}

/* ---- what is behind each uid */

#define PUT_NEURON(var, type, expression, nobody)                                                  \
    do {                                                                                           \
        type *column = probe->column;                                                              \
        for (uint32_t uid = 0; uid < probe->uid_count; uid++) {                                    \
            uint32_t neuron = agents_of_uid(probe->wiring.agents, uid);                            \
            column[uid] = (type)(nobody);                                                          \
            if (neuron == AGENT_NONE)                                                              \
                continue;                                                                          \
            struct agent_info info = agents_info(probe->wiring.agents, neuron);                    \
            const struct agent_counters *counters = agents_counters(probe->wiring.agents, neuron); \
            (void)info;                                                                            \
            (void)counters;                                                                        \
            column[uid] = (type)(expression);                                                      \
        }                                                                                          \
        record_put(probe->wiring.record, (var), column, probe->uid_count);                         \
    } while (0)

static void put_neurons(struct probe *probe)
{
    PUT_NEURON(RECORD_LOSS_TRUE_NATS, float, probe->model_loss_nats[info.model], NAN);
    PUT_NEURON(RECORD_HOTKEY_ID, uint32_t, probe->hotkey_row[neuron], RECORD_NOBODY);
    PUT_NEURON(RECORD_OWNER_ID, uint32_t, probe->wiring.first_owner + info.owner, RECORD_NOBODY);
    PUT_NEURON(RECORD_GROUP_ID, uint16_t, probe->first_group + info.group, 0);
    PUT_NEURON(RECORD_ROLE, uint8_t, (info.miner ? 1 : 0) | (info.validator ? 2 : 0), 0);
    PUT_NEURON(RECORD_STRATEGY, uint16_t, probe->group_strategy[info.group], 0);
    PUT_NEURON(RECORD_MODEL_KIND, uint16_t, probe->group_model[info.group], 0);
    PUT_NEURON(RECORD_TRAINING_STEPS, uint32_t, counters->training_steps, 0);
    PUT_NEURON(RECORD_QUERIES_ASKED, uint32_t, counters->queries_asked, 0);
    PUT_NEURON(RECORD_QUERIES_ANSWERED, uint32_t, counters->queries_answered, 0);
    PUT_NEURON(RECORD_QUERIES_TIMED_OUT, uint32_t, counters->queries_timed_out, 0);
    PUT_NEURON(RECORD_BYTES_UP, uint64_t, counters->bytes_up, 0);
    PUT_NEURON(RECORD_BYTES_DOWN, uint64_t, counters->bytes_down, 0);
    PUT_NEURON(RECORD_FLOP_DONE, uint64_t, counters->flop_done, 0);
    PUT_NEURON(RECORD_WAIT_NS, uint64_t, counters->wait_ns, 0);
}

/* ---- one number an epoch */

static uint32_t count_permits(const struct chain_view *view)
{
    uint32_t count = 0;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++)
        count += view->validator_permit[uid];
    return count;
}

static void put_epoch(struct probe *probe, int64_t now_ns, uint64_t event_count)
{
    const struct chain_view *view = view_of(probe);
    struct record *record = probe->wiring.record;
    int64_t block = (int64_t)chain_block_number(probe->wiring.chain);
    double time_s = (double)now_ns / (double)NS_PER_S;
    uint32_t network_epoch = (uint32_t)view->epoch_index, validators = count_permits(view);
    uint64_t total_stake_rao = chain_total_stake_rao(probe->wiring.chain);
    uint64_t total_issuance_rao = chain_total_issuance_rao(probe->wiring.chain);
    uint32_t sequence = probe->wiring.setup->query->sequence;
    uint64_t events = event_count - probe->last_event_count;
    double share = chain_emission_share(probe->wiring.chain, view->netuid);
    record_put(record, RECORD_BLOCK, &block, 1);
    record_put(record, RECORD_TIME, &time_s, 1);
    record_put(record, RECORD_NETUID, &view->netuid, 1);
    record_put(record, RECORD_NETWORK_EPOCH, &network_epoch, 1);
    record_put(record, RECORD_PEERS, &view->neuron_count, 1);
    record_put(record, RECORD_VALIDATORS, &validators, 1);
    record_put(record, RECORD_DIFFICULTY, &view->difficulty, 1);
    record_put(record, RECORD_BURN_RAO, &view->burn_rao, 1);
    record_put(record, RECORD_TOTAL_STAKE_RAO, &total_stake_rao, 1);
    record_put(record, RECORD_TOTAL_ISSUANCE_RAO, &total_issuance_rao, 1);
    record_put(record, RECORD_PAID_RAO, &probe->paid_rao, 1);
    record_put(record, RECORD_REGISTRATIONS, &probe->registrations, 1);
    record_put(record, RECORD_EVICTIONS, &probe->evictions, 1);
    record_put(record, RECORD_SEQUENCE_LENGTH, &sequence, 1);
    record_put(record, RECORD_EVENT_COUNT, &events, 1);
    record_put(record, RECORD_EMISSION_SHARE, &share, 1);
    probe->last_event_count = event_count;
    probe->paid_rao = 0;
    probe->registrations = probe->evictions = 0;
}

/* ---- matrices */

static bool reserve(struct probe *probe, uint64_t count)
{
    if (count <= probe->csr_capacity)
        return true;
    uint32_t *target = realloc(probe->csr_target, count * sizeof(*target));
    if (target != NULL)
        probe->csr_target = target;
    uint64_t *value = realloc(probe->csr_value, count * sizeof(*value));
    if (value != NULL)
        probe->csr_value = value;
    if (target == NULL || value == NULL)
        return false;
    probe->csr_capacity = count;
    return true;
}

static struct record_csr csr_of(const struct probe *probe)
{
    const struct chain_view *view = view_of(probe);
    return (struct record_csr){
        .block = (int64_t)chain_block_number(probe->wiring.chain),
        .netuid = view->netuid,
        .row_count = view->neuron_count,
        .row_start = probe->csr_start,
        .target = probe->csr_target,
    };
}

static enum sim_status put_weights(struct probe *probe, struct sim_error *err)
{
    const struct chain_view *view = view_of(probe);
    for (uint32_t uid = 0; uid < view->neuron_count; uid++)
        probe->csr_start[uid + 1] =
            probe->csr_start[uid] + chain_weights_row(probe->wiring.chain, view->netuid, uid).count;
    if (!reserve(probe, probe->csr_start[view->neuron_count]))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a copy of all weights");
    uint32_t *value = (uint32_t *)probe->csr_value;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        struct chain_row row = chain_weights_row(probe->wiring.chain, view->netuid, uid);
        for (uint32_t e = 0; e < row.count; e++) {
            probe->csr_target[probe->csr_start[uid] + e] = row.uid[e];
            value[probe->csr_start[uid] + e] = row.value[e];
        }
    }
    struct record_csr csr = csr_of(probe);
    return record_weights(probe->wiring.record, &csr, value, err);
}

static enum sim_status put_bonds(struct probe *probe, struct sim_error *err)
{
    const struct chain_view *view = view_of(probe);
    for (uint32_t uid = 0; uid < view->neuron_count; uid++)
        probe->csr_start[uid + 1] =
            probe->csr_start[uid] + chain_bonds_row(probe->wiring.chain, view->netuid, uid).count;
    if (!reserve(probe, probe->csr_start[view->neuron_count]))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a copy of all bonds");
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        struct chain_bond_row row = chain_bonds_row(probe->wiring.chain, view->netuid, uid);
        for (uint32_t e = 0; e < row.count; e++) {
            probe->csr_target[probe->csr_start[uid] + e] = row.uid[e];
            probe->csr_value[probe->csr_start[uid] + e] = row.value[e];
        }
    }
    struct record_csr csr = csr_of(probe);
    return record_bonds(probe->wiring.record, &csr, probe->csr_value, err);
}

/* ---- the row */

static void summarise(struct probe *probe)
{
    const struct chain_view *view = view_of(probe);
    double paid = 0, attackers = 0;
    double *loss = probe->column;
    uint32_t count = 0;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        uint32_t neuron = agents_of_uid(probe->wiring.agents, uid);
        if (neuron == AGENT_NONE)
            continue;
        struct agent_info info = agents_info(probe->wiring.agents, neuron);
        double emission = (double)view->emission_rao[uid];
        paid += emission;
        attackers += probe->wiring.setup->groups[info.group].params->attacker ? emission : 0;
        if (info.miner && !isnan(probe->model_loss_nats[info.model]))
            loss[count++] = probe->model_loss_nats[info.model];
    }
    gsl_sort(loss, 1, count);
    probe->summary = (struct probe_summary){
        .epoch_count = probe->summary.epoch_count + 1,
        .loss_median_nats = count > 0 ? gsl_stats_median_from_sorted_data(loss, 1, count) : NAN,
        .attacker_share = paid > 0 ? attackers / paid : NAN,
        .peers = view->neuron_count,
        .difficulty = view->difficulty,
    };
}

static enum sim_status put_matrices(struct probe *probe, struct sim_error *err)
{
    uint32_t epoch = probe->summary.epoch_count; /* of this row, from 0 */
    const struct probe_params *params = &probe->params;
    enum sim_status status = SIM_OK;
    if (params->weights_interval > 0 && epoch % params->weights_interval == 0)
        status = put_weights(probe, err);
    if (status == SIM_OK && params->bonds_interval > 0 && epoch % params->bonds_interval == 0)
        status = put_bonds(probe, err);
    return status;
}

static enum sim_status put_progress(struct probe *probe, int64_t now_ns, struct sim_error *err)
{
    const struct probe_summary *summary = &probe->summary;
    const struct record_progress_item items[] = {
        {"epoch", summary->epoch_count},
        {"block", (double)chain_block_number(probe->wiring.chain)},
        {"time_s", (double)now_ns / (double)NS_PER_S},
        {"loss_median_nats", summary->loss_median_nats},
        {"attacker_share", summary->attacker_share},
        {"peers", summary->peers},
        {"difficulty", (double)summary->difficulty},
        {"netuid", probe->wiring.setup->netuid},
    };
    size_t count = sizeof(items) / sizeof(items[0]);
    bool named = probe->wiring.networks[probe->wiring.network].name != NULL;
    return record_progress(probe->wiring.record, items, named ? count : count - 1, err);
}

enum sim_status probe_row(struct probe *probe, int64_t now_ns, uint64_t event_count,
                          struct sim_error *err)
{
    struct record *record = probe->wiring.record;
    enum sim_status status = agents_evaluate(
        probe->wiring.agents, probe->params.evaluation_sequences, probe->model_loss_nats, err);
    if (status == SIM_OK)
        status = record_rows_begin(record, RECORD_DIM_EPOCH, 1, err);
    if (status != SIM_OK)
        return status;
    put_epoch(probe, now_ns, event_count);
    put_chain(probe);
    put_neurons(probe);
    status = record_rows_end(record, RECORD_DIM_EPOCH, err);
    if (status == SIM_OK)
        status = put_matrices(probe, err);
    agents_reset_counters(probe->wiring.agents);
    summarise(probe);
    return status == SIM_OK ? put_progress(probe, now_ns, err) : status;
}
