/*
 * One epoch: the network's arrays go to its mechanism, what comes back becomes state and stake.
 */
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------ input of an epoch */

static bool reserve_csr(struct chain_net *net, uint64_t entries)
{
    if (net->csr_rows < net->count + 1) {
        uint64_t *start = realloc(net->csr_start, (net->capacity + 1) * sizeof *start);
        if (start == NULL)
            return false;
        net->csr_start = start;
        net->csr_rows = net->capacity + 1;
    }
    if (net->csr_capacity >= entries && net->csr_column != NULL)
        return true;
    uint64_t capacity = entries + entries / 4 + 1;
    free(net->csr_column);
    free(net->csr_value);
    net->csr_column = malloc(capacity * sizeof *net->csr_column);
    net->csr_value = malloc(capacity * sizeof *net->csr_value);
    net->csr_capacity = capacity;
    return net->csr_column != NULL && net->csr_value != NULL;
}

/* All rows one behind the other. */
static enum sim_status gather_weights(struct chain_net *net, struct mechanism_weights *ret_weights,
                                      struct sim_error *err)
{
    uint64_t entries = 0;
    for (uint32_t uid = 0; uid < net->count; uid++)
        entries += net->rows[uid].count;
    if (!reserve_csr(net, entries))
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %llu weights",
                        (unsigned long long)entries);
    uint64_t at = 0;
    for (uint32_t uid = 0; uid < net->count; uid++) {
        const struct chain_weights *row = &net->rows[uid];
        net->csr_start[uid] = at;
        if (row->count > 0) {
            memcpy(net->csr_column + at, row->uid, row->count * sizeof *row->uid);
            memcpy(net->csr_value + at, row->value, row->count * sizeof *row->value);
        }
        at += row->count;
    }
    net->csr_start[net->count] = at;
    *ret_weights = (struct mechanism_weights){
        .start = net->csr_start, .column = net->csr_column, .value = net->csr_value};
    return SIM_OK;
}

enum sim_status chain_bonds_extend(struct chain_net *net, struct sim_error *err)
{
    struct chain_bonds *bonds = &net->bonds;
    if (bonds->row_capacity < net->count) {
        uint64_t *start = realloc(bonds->start, ((size_t)net->capacity + 1) * sizeof *start);
        if (start == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for rows of bonds");
        if (bonds->row_capacity == 0)
            start[0] = 0;
        bonds->start = start;
        bonds->row_capacity = net->capacity;
    }
    for (; bonds->rows < net->count; bonds->rows++)
        bonds->start[bonds->rows + 1] = bonds->start[bonds->rows];
    return SIM_OK;
}

static uint64_t activity_cutoff(const struct chain_params *params)
{
    if (params->activity_cutoff_factor == 0)
        return params->activity_cutoff;
    uint64_t blocks = params->activity_cutoff_factor * params->tempo / 1000;
    return blocks == 0 ? 1 : blocks;
}

/* The owner's first uid, which the current mechanisms treat apart. */
static uint32_t owner_uid(const struct chain *chain, const struct chain_net *net)
{
    if (chain->profile != CHAIN_CURRENT || net->owner == CHAIN_NONE)
        return MECHANISM_NO_UID;
    for (uint32_t uid = 0; uid < net->count; uid++)
        if (net->coldkey[uid] == net->owner)
            return uid;
    return MECHANISM_NO_UID;
}

enum sim_status chain_mechanism_input(const struct chain *chain, struct chain_net *net,
                                      uint64_t emission_rao, struct mechanism_input *ret_input,
                                      struct sim_error *err)
{
    const struct chain_params *params = &net->params;
    struct mechanism_input input = {
        .neuron_count = net->count,
        .block = chain->block,
        .last_step_block = net->last_step_block,
        .emission_rao = emission_rao,
        .rules = {.tempo_blocks = params->tempo,
                  .activity_cutoff_blocks = activity_cutoff(params),
                  .max_validators = params->max_validators,
                  .stake_threshold_rao = params->weights_stake_threshold},
        .owner_uid = owner_uid(chain, net),
        .stake_rao = net->stake_rao,
        .last_update = net->last_update,
        .block_at_registration = net->block_at_registration,
        .permit = net->permit,
        .earliest_commit_block = params->commit_reveal ? net->earliest_commit : NULL,
        .pruned = net->pruned,
        .priority = net->priority,
        .memory = net->memory,
        .outside = net->outside};
    enum sim_status status = gather_weights(net, &input.weights, err);
    if (status == SIM_OK)
        status = chain_bonds_extend(net, err);
    if (status != SIM_OK)
        return status;
    input.bonds = (struct mechanism_bonds){
        .start = net->bonds.start, .column = net->bonds.column, .value = net->bonds.value};
    *ret_input = input;
    return SIM_OK;
}

/* The kept output, made anew when the network's size or the mechanism's words changed. */
enum sim_status chain_output_ready(struct chain_net *net, struct sim_error *err)
{
    uint32_t words = net->mechanism->memory_words;
    if (net->output != NULL && net->output->neuron_count == net->count &&
        net->output->memory_words == words)
        return SIM_OK;
    net->output = mechanism_output_free(net->output);
    return mechanism_output_create(net->count, words, &net->output, err);
}

/* ----------------------------------------------------------------------- output of an epoch */

void chain_bonds_take(struct chain_net *net)
{
    struct mechanism_bonds_out *out = &net->output->bonds;
    struct chain_bonds *bonds = &net->bonds;
    memcpy(bonds->start, out->start, ((size_t)net->count + 1) * sizeof *bonds->start);
    uint32_t *column = bonds->column;
    uint64_t *value = bonds->value, capacity = bonds->capacity;
    bonds->column = out->column;
    bonds->value = out->value;
    bonds->capacity = out->capacity;
    out->column = column;
    out->value = value;
    out->capacity = capacity;
}

/* A mechanism without a pruning score of its own is pruned by what it pays. */
static void default_pruning_score(struct chain_net *net)
{
    uint64_t most = 0;
    for (uint32_t uid = 0; uid < net->count; uid++)
        if (net->emission_rao[uid] > most)
            most = net->emission_rao[uid];
    for (uint32_t uid = 0; uid < net->count && most > 0; uid++)
        net->pruning_score[uid] =
            (uint64_t)((fixed_u128)net->emission_rao[uid] * net->mechanism->fraction_one / most);
}

#define CHAIN_COPY(name) memcpy(net->name, output->name, n * sizeof *net->name)

static void take_output(struct chain_net *net)
{
    const struct mechanism_output *output = net->output;
    size_t n = net->count;
    uint32_t fields = net->mechanism->fields;
    CHAIN_COPY(stake_weight);
    CHAIN_COPY(rank);
    CHAIN_COPY(trust);
    CHAIN_COPY(consensus);
    CHAIN_COPY(incentive);
    CHAIN_COPY(dividends);
    CHAIN_COPY(validator_trust);
    CHAIN_COPY(pruning_score);
    CHAIN_COPY(emission_rao);
    CHAIN_COPY(server_emission_rao);
    CHAIN_COPY(validator_emission_rao);
    CHAIN_COPY(permit);
    CHAIN_COPY(priority);
    if (fields & MECHANISM_ACTIVE)
        CHAIN_COPY(active);
    if (output->memory_words > 0)
        memcpy(net->memory, output->memory, n * output->memory_words * sizeof *net->memory);
    if (!(fields & MECHANISM_PRUNING_SCORE))
        default_pruning_score(net);
    memset(net->pruned, 0, n * sizeof *net->pruned);
    chain_bonds_take(net);
}

static void digest_epoch(struct chain *chain, const struct chain_net *net, uint64_t emission_rao)
{
    size_t n = net->count;
    const uint64_t *const arrays[] = {
        net->rank,      net->trust,         net->consensus,       net->incentive,
        net->dividends, net->pruning_score, net->validator_trust, net->emission_rao};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        digest_bytes(&chain->digest, arrays[k], n * sizeof *arrays[k]);
    digest_bytes(&chain->digest, net->permit, n);
    if (net->mechanism->fields & MECHANISM_STAKE_CHANGE)
        digest_bytes(&chain->digest, net->output->stake_change_rao, n * sizeof(int64_t));
    const struct chain_bonds *bonds = &net->bonds;
    uint64_t entries = bonds->start[bonds->rows];
    if (entries > 0) {
        digest_bytes(&chain->digest, bonds->column, entries * sizeof *bonds->column);
        digest_bytes(&chain->digest, bonds->value, entries * sizeof *bonds->value);
    }
    chain_digest_net_value(chain, CHAIN_DIGEST_EPOCH, net, 0, emission_rao);
}

/* What goes to a uid's hotkey, in the two parts that delegation tells apart. */
static struct chain_loaded parts_of(const struct chain_net *net, uint32_t uid)
{
    struct chain_loaded parts = {.hotkey = net->hotkey[uid],
                                 .change_rao = net->output->stake_change_rao[uid]};
    if (net->mechanism->fields & (MECHANISM_SERVER_EMISSION | MECHANISM_VALIDATOR_EMISSION)) {
        parts.server_rao = net->server_emission_rao[uid];
        parts.validator_rao = net->validator_emission_rao[uid];
    } else {
        parts.server_rao = net->emission_rao[uid];
    }
    return parts;
}

/* -------------------------------------------------------------------------------------- paying */

/* Takes `rao` (at most what is there) from all who staked on the hotkey, in proportion; what
 * rounding leaves comes from the first that can bear it.  Returns what was taken. */
static uint64_t take_stake(struct chain *chain, uint32_t hotkey, uint64_t rao)
{
    struct chain_account *account = &chain->accounts[hotkey];
    uint64_t total_rao = account->hotkey_stake_rao, left_rao = rao < total_rao ? rao : total_rao;
    uint64_t taken_rao = left_rao;
    /* From the back: an emptied entry is filled with the last one, which is done already. */
    for (uint32_t i = account->stake_count; i-- > 0 && left_rao > 0;) {
        struct chain_stake stake = account->stakes[i];
        uint64_t part_rao = (uint64_t)((fixed_u128)taken_rao * stake.rao / total_rao);
        chain_stake_sub(chain, hotkey, stake.coldkey, part_rao);
        left_rao -= part_rao;
    }
    while (left_rao > 0) {
        struct chain_stake stake = account->stakes[0];
        uint64_t part_rao = left_rao < stake.rao ? left_rao : stake.rao;
        chain_stake_sub(chain, hotkey, stake.coldkey, part_rao);
        left_rao -= part_rao;
    }
    chain_recycle(chain, taken_rao);
    return taken_rao;
}

/* Mints for one hotkey and adds to the sum of what was minted. */
static enum sim_status pay(struct chain *chain, const struct chain_loaded *parts,
                           uint64_t *minted_rao, struct sim_error *err)
{
    if (parts->server_rao + parts->validator_rao == 0)
        return SIM_OK;
    *minted_rao += parts->server_rao + parts->validator_rao;
    return chain_emit_through_hotkey(chain, parts->hotkey, parts->server_rao, parts->validator_rao,
                                     err);
}

/* Takes what the mechanism takes of one hotkey; returns what could not be taken, since stake may
 * have left after the epoch. */
static uint64_t take(struct chain *chain, const struct chain_loaded *parts)
{
    if (parts->change_rao >= 0)
        return 0;
    uint64_t wanted_rao = 0 - (uint64_t)parts->change_rao;
    return wanted_rao - take_stake(chain, parts->hotkey, wanted_rao);
}

/* What the mechanism gives on top of its payments, after all has been taken: what could not be
 * taken is missing from the first gifts, so that no more is given than there was. */
static enum sim_status give_all(struct chain *chain, const struct chain_loaded *loaded,
                                uint32_t count, fixed_u128 missing_rao, uint64_t *minted_rao,
                                struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < count && status == SIM_OK; i++) {
        uint64_t gift_rao = loaded[i].change_rao > 0 ? (uint64_t)loaded[i].change_rao : 0;
        uint64_t less_rao = missing_rao < gift_rao ? (uint64_t)missing_rao : gift_rao;
        missing_rao -= less_rao;
        struct chain_loaded gift = {.hotkey = loaded[i].hotkey, .server_rao = gift_rao - less_rao};
        status = pay(chain, &gift, minted_rao, err);
    }
    return status;
}

static void announce_paid(struct chain *chain, const struct chain_net *net, uint64_t minted_rao)
{
    chain_event_add(chain, CHAIN_EVENT_PAID, net->netuid)->amount = minted_rao;
}

static enum sim_status pay_all(struct chain *chain, struct chain_net *net,
                               const struct chain_loaded *loaded, uint32_t count,
                               struct sim_error *err)
{
    uint64_t minted_rao = 0;
    fixed_u128 missing_rao = 0;
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < count && status == SIM_OK; i++) {
        status = pay(chain, &loaded[i], &minted_rao, err);
        missing_rao += take(chain, &loaded[i]);
    }
    if (status == SIM_OK)
        status = give_all(chain, loaded, count, missing_rao, &minted_rao, err);
    if (status == SIM_OK)
        announce_paid(chain, net, minted_rao);
    return status;
}

/* Lays out what the epoch pays, in uid order; returns the sum. */
static enum sim_status load(struct chain_net *net, fixed_u128 *ret_sum, struct sim_error *err)
{
    if (net->loaded_capacity < net->count) {
        struct chain_loaded *loaded = realloc(net->loaded, net->capacity * sizeof *loaded);
        if (loaded == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %u payments", net->capacity);
        net->loaded = loaded;
        net->loaded_capacity = net->capacity;
    }
    fixed_u128 sum = 0;
    for (uint32_t uid = 0; uid < net->count; uid++) {
        net->loaded[uid] = parts_of(net, uid);
        sum += net->loaded[uid].server_rao;
        sum += net->loaded[uid].validator_rao;
    }
    net->loaded_count = net->count;
    *ret_sum = sum;
    return SIM_OK;
}

/* --------------------------------------------------------------------------------------- epoch */

enum sim_status chain_run_epoch(struct chain *chain, struct chain_net *net, uint64_t emission_rao,
                                struct sim_error *err)
{
    net->loaded_count = 0;
    struct chain_event *event;
    fixed_u128 sum = 0;
    if (net->count > 0) {
        struct mechanism_input input;
        enum sim_status status = chain_mechanism_input(chain, net, emission_rao, &input, err);
        if (status == SIM_OK)
            status = chain_output_ready(net, err);
        if (status == SIM_OK)
            status = mechanism_epoch(net->mechanism, net->mechanism_params, &input, net->output,
                                     &net->scratch, NULL, err);
        if (status != SIM_OK)
            return sim_error_context(err, "network %u, block %llu", net->netuid,
                                     (unsigned long long)chain->block);
        if (net->keeps_input)
            status = chain_keep_input(net, &input, err);
        if (status != SIM_OK)
            return status;
        take_output(net);
        digest_epoch(chain, net, emission_rao);
        status = load(net, &sum, err);
        if (status != SIM_OK)
            return status;
    }
    if (sum > emission_rao) {
        net->loaded_count = 0;
        sum = 0;
    }
    net->epoch_index++;
    net->last_step_block = chain->block;
    event = chain_event_add(chain, CHAIN_EVENT_EPOCH, net->netuid);
    event->amount = emission_rao;
    event->lost_rao = emission_rao - (uint64_t)sum;
    event->other = (uint32_t)net->epoch_index;
    event->output = net->count > 0 ? net->output : NULL;
    event->input = net->count > 0 && net->keeps_input ? &net->kept : NULL;
    return SIM_OK;
}

enum sim_status chain_pay_loaded(struct chain *chain, struct chain_net *net, struct sim_error *err)
{
    if (net->loaded_count == 0)
        return SIM_OK;
    enum sim_status status = pay_all(chain, net, net->loaded, net->loaded_count, err);
    net->loaded_count = 0;
    return status;
}
