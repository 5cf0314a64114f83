/*
 * epoch_state.c: what an epoch's mechanism was given, as a row of /states.
 *
 * Of the weights only the rows that differ from the state before are written: with all states of a
 * run at hand every matrix comes back exactly, for about what the calls weigh.  Bonds and words of
 * the mechanism's own are not written: an epoch leaves them to the next, so that whoever computes
 * the epochs one after the other has them.
 */
#include "base/digest.h"
#include "probe/state.h"

/* 0 for an empty row, which needs no entry as long as there was none. */
static uint64_t digest_row(const struct mechanism_weights *weights, uint32_t uid)
{
    uint64_t start = weights->start[uid], count = weights->start[uid + 1] - start;
    if (count == 0)
        return 0;
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, weights->column + start, count * sizeof(*weights->column));
    digest_bytes(&digest, weights->value + start, count * sizeof(*weights->value));
    return digest_value(&digest);
}

static enum sim_status put_row(struct probe *probe, const struct mechanism_weights *weights,
                               uint32_t uid, int64_t state, struct sim_error *err)
{
    struct record *record = probe->wiring.record;
    int64_t entry_start = (int64_t)record_row_count(record, RECORD_DIM_STATE_ENTRY);
    uint64_t start = weights->start[uid];
    uint32_t count = (uint32_t)(weights->start[uid + 1] - start);
    enum sim_status status = record_rows_begin(record, RECORD_DIM_STATE_ROW, 1, err);
    if (status != SIM_OK)
        return status;
    record_put(record, RECORD_STATE_ROW_STATE, &state, 1);
    record_put(record, RECORD_STATE_ROW_UID, &uid, 1);
    record_put(record, RECORD_STATE_ROW_START, &entry_start, 1);
    record_put(record, RECORD_STATE_ROW_COUNT, &count, 1);
    status = record_rows_end(record, RECORD_DIM_STATE_ROW, err);
    if (status != SIM_OK || count == 0)
        return status;
    status = record_rows_begin(record, RECORD_DIM_STATE_ENTRY, count, err);
    if (status != SIM_OK)
        return status;
    record_put(record, RECORD_STATE_TARGET, weights->column + start, count);
    record_put(record, RECORD_STATE_VALUE, weights->value + start, count);
    return record_rows_end(record, RECORD_DIM_STATE_ENTRY, err);
}

static enum sim_status put_changed_rows(struct probe *probe, const struct mechanism_input *input,
                                        int64_t state, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t uid = 0; uid < input->neuron_count && status == SIM_OK; uid++) {
        uint64_t digest = digest_row(&input->weights, uid);
        if (digest == probe->row_digest[uid])
            continue;
        probe->row_digest[uid] = digest;
        status = put_row(probe, &input->weights, uid, state, err);
    }
    return status;
}

static void put_scalars(struct probe *probe, const struct mechanism_input *input)
{
    struct record *record = probe->wiring.record;
    const struct mechanism_rules *rules = &input->rules;
    int64_t epoch_row = (int64_t)record_row_count(record, RECORD_DIM_EPOCH) - 1;
    int64_t block = (int64_t)input->block, last_step = (int64_t)input->last_step_block;
    uint16_t netuid = probe->wiring.setup->netuid;
    uint8_t commits = input->earliest_commit_block != NULL;
    uint32_t weight_one = chain_view(probe->wiring.chain, netuid)->weight_one;
    record_put(record, RECORD_STATE_EPOCH_ROW, &epoch_row, 1);
    record_put(record, RECORD_STATE_BLOCK, &block, 1);
    record_put(record, RECORD_STATE_NETUID, &netuid, 1);
    record_put(record, RECORD_STATE_NEURONS, &input->neuron_count, 1);
    record_put(record, RECORD_STATE_LAST_STEP, &last_step, 1);
    record_put(record, RECORD_STATE_EMISSION_RAO, &input->emission_rao, 1);
    record_put(record, RECORD_STATE_TEMPO, &rules->tempo_blocks, 1);
    record_put(record, RECORD_STATE_CUTOFF, &rules->activity_cutoff_blocks, 1);
    record_put(record, RECORD_STATE_MAX_VALIDATORS, &rules->max_validators, 1);
    record_put(record, RECORD_STATE_THRESHOLD_RAO, &rules->stake_threshold_rao, 1);
    record_put(record, RECORD_STATE_OWNER, &input->owner_uid, 1);
    record_put(record, RECORD_STATE_COMMITS, &commits, 1);
    record_put(record, RECORD_STATE_WEIGHT_ONE, &weight_one, 1);
}

static void put_blocks(struct probe *probe, enum record_var var, const uint64_t *block, uint32_t n)
{
    int64_t *column = probe->column;
    for (uint32_t uid = 0; uid < n; uid++)
        column[uid] = (int64_t)block[uid];
    record_put(probe->wiring.record, var, column, n);
}

/* What no chain knows, as far as the mechanism asked for it: the flags are enum mechanism_need. */
static void put_outside(struct probe *probe, const struct mechanism_outside *outside, uint32_t n)
{
    struct record *record = probe->wiring.record;
    uint32_t facts = 0;
#define PUT_FACT(need, var, field)                                                                 \
    do {                                                                                           \
        if (outside->field == NULL)                                                                \
            break;                                                                                 \
        facts |= (need);                                                                           \
        record_put(record, (var), outside->field, n);                                              \
    } while (0)
    if (outside != NULL) {
        PUT_FACT(MECHANISM_NEEDS_TRUE_VALUE, RECORD_STATE_TRUE_VALUE, true_value);
        PUT_FACT(MECHANISM_NEEDS_BENCHMARK, RECORD_STATE_BENCHMARK, benchmark_score);
        PUT_FACT(MECHANISM_NEEDS_SOLVE_TIME, RECORD_STATE_SOLVE_TIME, solve_time_ns);
        PUT_FACT(MECHANISM_NEEDS_HASHES, RECORD_STATE_HASHES, hashes);
        PUT_FACT(MECHANISM_NEEDS_OPERATIONS, RECORD_STATE_OPERATIONS, operations);
        PUT_FACT(MECHANISM_NEEDS_CLONES, RECORD_STATE_CLONES, clones);
        PUT_FACT(MECHANISM_NEEDS_ACCOMPLICES, RECORD_STATE_ACCOMPLICE, accomplice);
        PUT_FACT(MECHANISM_NEEDS_DICE, RECORD_STATE_DICE, dice);
        record_put(record, RECORD_STATE_NETWORK_DICE, &outside->network_dice, 1);
    }
#undef PUT_FACT
    record_put(record, RECORD_STATE_FACTS, &facts, 1);
}

enum sim_status probe_epoch_state(struct probe *probe, const struct mechanism_input *input,
                                  struct sim_error *err)
{
    struct record *record = probe->wiring.record;
    int64_t state = (int64_t)record_row_count(record, RECORD_DIM_STATE);
    uint32_t n = input->neuron_count;
    enum sim_status status = record_rows_begin(record, RECORD_DIM_STATE, 1, err);
    if (status != SIM_OK)
        return status;
    put_scalars(probe, input);
    record_put(record, RECORD_STATE_STAKE_RAO, input->stake_rao, n);
    put_blocks(probe, RECORD_STATE_LAST_UPDATE, input->last_update, n);
    put_blocks(probe, RECORD_STATE_REGISTERED, input->block_at_registration, n);
    record_put(record, RECORD_STATE_PERMIT, input->permit, n);
    record_put(record, RECORD_STATE_REPLACED, input->pruned, n);
    record_put(record, RECORD_STATE_PRIORITY, input->priority, n);
    if (input->earliest_commit_block != NULL)
        record_put(record, RECORD_STATE_COMMIT, input->earliest_commit_block, n);
    put_outside(probe, input->outside, n);
    status = record_rows_end(record, RECORD_DIM_STATE, err);
    return status == SIM_OK ? put_changed_rows(probe, input, state, err) : status;
}
