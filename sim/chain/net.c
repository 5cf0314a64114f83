/*
 * A network's memory: arrays by uid, rows of weights, bonds.
 */
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

struct chain_net *chain_net_of(const struct chain *chain, uint16_t netuid)
{
    for (uint32_t i = 0; i < chain->net_count; i++)
        if (chain->nets[i].netuid == netuid)
            return &chain->nets[i];
    return NULL;
}

size_t chain_net_words(const struct chain_net *net)
{
    return net->mechanism == NULL ? 0 : net->mechanism->memory_words;
}

/* ------------------------------------------------------------------------------------ memory */

/* Grows *array from old to new elements and zeroes what is new. */
static bool grow_zeroed(void **array, size_t old, size_t new, size_t element_bytes)
{
    void *grown = realloc(*array, new *element_bytes);
    if (grown == NULL)
        return false;
    memset((char *)grown + old * element_bytes, 0, (new - old) * element_bytes);
    *array = grown;
    return true;
}

enum sim_status chain_net_grow(struct chain_net *net, uint32_t capacity, struct sim_error *err)
{
    SIM_ASSERT(capacity >= net->capacity);
    bool ok = true;
#define GROW(type, name)                                                                           \
    ok = ok && grow_zeroed((void **)&net->name, net->capacity, capacity, sizeof(type));
    CHAIN_NET_ARRAYS(GROW)
#undef GROW
    ok = ok && grow_zeroed((void **)&net->rows, net->capacity, capacity, sizeof *net->rows);
    ok = ok &&
         grow_zeroed((void **)&net->candidates, net->capacity, capacity, sizeof *net->candidates);
    size_t words = chain_net_words(net);
    if (words > 0)
        ok = ok && grow_zeroed((void **)&net->memory, net->capacity * words, capacity * words,
                               sizeof *net->memory);
    if (!ok)
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %u uids of network %u", capacity,
                        net->netuid);
    net->capacity = capacity;
    chain_net_refresh_view(net);
    return SIM_OK;
}

enum sim_status chain_net_grow_accounts(struct chain_net *net, uint32_t old_capacity,
                                        uint32_t capacity, struct sim_error *err)
{
    uint32_t *grown = realloc(net->uid_of_account, capacity * sizeof *grown);
    if (grown == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %u accounts", capacity);
    for (uint32_t i = old_capacity; i < capacity; i++)
        grown[i] = CHAIN_NONE;
    net->uid_of_account = grown;
    return SIM_OK;
}

enum sim_status chain_net_init(struct chain *chain, struct chain_net *net,
                               const struct chain_net_config *config, struct sim_error *err)
{
    const struct chain_params *params = &config->params;
    *net = (struct chain_net){.netuid = config->netuid,
                              .owner = config->owner,
                              .params = *params,
                              .mechanism = config->mechanism,
                              .mechanism_params = config->mechanism_params,
                              .difficulty = params->difficulty,
                              .burn_rao = params->burn,
                              .burn_factor_half_life = params->burn_half_life};
    net->burn_factor_q32 = rules_decay_factor_q32(params->burn_half_life);
    enum sim_status status = chain_net_grow_accounts(net, 0, chain->account_capacity, err);
    if (status == SIM_OK)
        status = chain_net_grow(net, params->max_uids, err);
    return status;
}

void chain_net_release(struct chain_net *net)
{
    for (uint32_t uid = 0; uid < net->capacity; uid++) {
        free(net->rows[uid].uid);
        free(net->rows[uid].value);
    }
    for (uint32_t i = 0; i < net->commit_count; i++)
        free(net->commits[i].payload);
#define FREE(type, name) free(net->name);
    CHAIN_NET_ARRAYS(FREE)
#undef FREE
    free(net->memory);
    free(net->rows);
    free(net->uid_of_account);
    free(net->candidates);
    free(net->bonds.start);
    free(net->bonds.column);
    free(net->bonds.value);
    free(net->used);
    free(net->loaded);
    free(net->commits);
    mechanism_output_free(net->output);
    mechanism_scratch_release(&net->scratch);
    free(net->csr_start);
    free(net->csr_column);
    free(net->csr_value);
    free(net->kept_words);
}

/* -------------------------------------------------------------------------------------- rows */

/* Heapsort by uid: no allocation, the same steps for every machine. */
static void sift_down(uint32_t *uids, uint32_t *values, uint32_t root, uint32_t count)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && uids[child + 1] > uids[child])
            child++;
        if (uids[root] >= uids[child])
            return;
        uint32_t uid = uids[root], value = values[root];
        uids[root] = uids[child];
        values[root] = values[child];
        uids[child] = uid;
        values[child] = value;
        root = child;
    }
}

void chain_row_sort(uint32_t *uids, uint32_t *values, uint32_t count)
{
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++)
        sorted = uids[i - 1] < uids[i];
    if (sorted)
        return;
    for (uint32_t root = count / 2; root-- > 0;)
        sift_down(uids, values, root, count);
    for (uint32_t last = count - 1; last > 0; last--) {
        uint32_t uid = uids[0], value = values[0];
        uids[0] = uids[last];
        values[0] = values[last];
        uids[last] = uid;
        values[last] = value;
        sift_down(uids, values, 0, last);
    }
}

static bool row_reserve(struct chain_weights *row, uint32_t count)
{
    if (count <= row->capacity)
        return true;
    uint32_t *uids = realloc(row->uid, count * sizeof *uids);
    if (uids == NULL)
        return false;
    row->uid = uids;
    uint32_t *values = realloc(row->value, count * sizeof *values);
    if (values == NULL)
        return false;
    row->value = values;
    row->capacity = count;
    return true;
}

enum sim_status chain_weights_store(struct chain *chain, struct chain_net *net, uint32_t uid,
                                    uint32_t count, const uint32_t *uids, const uint32_t *values,
                                    struct sim_error *err)
{
    struct chain_weights *row = &net->rows[uid];
    if (!row_reserve(row, count))
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for a row of %u weights", count);
    row->count = count;
    if (count > 0) {
        memcpy(row->uid, uids, count * sizeof *uids);
        memcpy(row->value, values, count * sizeof *values);
        chain_row_sort(row->uid, row->value, count);
        digest_bytes(&chain->digest, row->uid, count * sizeof *uids);
        digest_bytes(&chain->digest, row->value, count * sizeof *values);
    }
    chain_digest_net_value(chain, CHAIN_DIGEST_ROW, net, uid, count);
    return SIM_OK;
}

void chain_bonds_clear_row(struct chain_net *net, uint32_t uid)
{
    struct chain_bonds *bonds = &net->bonds;
    if (uid >= bonds->rows)
        return;
    uint64_t from = bonds->start[uid], to = bonds->start[uid + 1], end = bonds->start[bonds->rows];
    if (from == to)
        return;
    memmove(bonds->column + from, bonds->column + to, (end - to) * sizeof *bonds->column);
    memmove(bonds->value + from, bonds->value + to, (end - to) * sizeof *bonds->value);
    for (uint32_t row = uid + 1; row <= bonds->rows; row++)
        bonds->start[row] -= to - from;
}

/* -------------------------------------------------------------------------------------- uids */

/* What is on a hotkey and who holds it, in a slot of the network. */
static void slot_assign(struct chain *chain, struct chain_net *net, uint32_t uid, uint32_t hotkey,
                        uint32_t coldkey, uint64_t block)
{
    net->hotkey[uid] = hotkey;
    net->coldkey[uid] = coldkey;
    net->stake_rao[uid] = chain->accounts[hotkey].hotkey_stake_rao;
    net->block_at_registration[uid] = block;
    net->active[uid] = 1;
    net->uid_of_account[hotkey] = uid;
    chain_digest_net_value(chain, CHAIN_DIGEST_SLOT, net, uid, hotkey);
}

uint32_t chain_net_append(struct chain *chain, struct chain_net *net, uint32_t hotkey,
                          uint32_t coldkey, uint64_t block)
{
    SIM_ASSERT(net->count < net->capacity);
    uint32_t uid = net->count++;
    slot_assign(chain, net, uid, hotkey, coldkey, block);
    net->last_update[uid] = block;
    net->earliest_commit[uid] = MECHANISM_NO_BLOCK;
    return uid;
}

static void clear_epoch_values(struct chain_net *net, uint32_t uid)
{
    net->stake_weight[uid] = net->rank[uid] = net->trust[uid] = net->consensus[uid] = 0;
    net->incentive[uid] = net->dividends[uid] = net->validator_trust[uid] = 0;
    net->pruning_score[uid] = net->emission_rao[uid] = 0;
    net->server_emission_rao[uid] = net->validator_emission_rao[uid] = 0;
    net->permit[uid] = 0;
    net->priority[uid] = 0;
    size_t words = chain_net_words(net);
    for (size_t word = 0; word < words; word++)
        net->memory[uid * words + word] = 0;
}

/* Others' weights on the uid become 0 (the current profile). */
static void zero_column(struct chain_net *net, uint32_t column)
{
    for (uint32_t uid = 0; uid < net->count; uid++) {
        struct chain_weights *row = &net->rows[uid];
        for (uint32_t i = 0; i < row->count && row->uid[i] <= column; i++)
            if (row->uid[i] == column)
                row->value[i] = 0;
    }
}

bool chain_clears_slot(enum chain_profile profile)
{
    return profile != CHAIN_FINNEY;
}

/*
 * What the newcomer finds in the slot:
 *   nakamoto  a new record: no bonds, the self weight, and others' weights on the uid as they were;
 *   finney    everything as it was, weights, bonds, permit and last update included;
 *   current   a new record, no weights, others' weights on the uid set to 0.
 * A mechanism's own words are always zeroed.
 */
void chain_replace(struct chain *chain, struct chain_net *net, uint32_t uid, uint32_t hotkey,
                   uint32_t coldkey)
{
    net->uid_of_account[net->hotkey[uid]] = CHAIN_NONE;
    net->pruned[uid] = 1;
    net->last_served[uid] = 0; /* addresses belong to hotkeys, not to slots */
    net->earliest_commit[uid] = MECHANISM_NO_BLOCK;
    size_t words = chain_net_words(net);
    for (size_t word = 0; word < words; word++)
        net->memory[uid * words + word] = 0;
    if (chain_clears_slot(chain->profile)) {
        clear_epoch_values(net, uid);
        chain_bonds_clear_row(net, uid);
        net->rows[uid].count = 0;
        net->last_update[uid] = chain->block;
    }
    /* The rows of the root network name networks. */
    if (chain->profile == CHAIN_CURRENT && net->mechanism != NULL)
        zero_column(net, uid);
    slot_assign(chain, net, uid, hotkey, coldkey, chain->block);
}

/* -------------------------------------------------------------------------------------- view */

void chain_net_refresh_view(struct chain_net *net)
{
    net->view = (struct chain_view){
        .netuid = net->netuid,
        .neuron_count = net->count,
        .max_uids = net->params.max_uids,
        .epoch_index = net->epoch_index,
        .last_epoch_block = net->last_step_block,
        .difficulty = net->difficulty,
        .burn_rao = net->burn_rao,
        .registrations_this_block = net->registrations_block,
        .registrations_this_interval = net->registrations_interval,
        .last_adjustment_block = net->last_adjustment_block,
        .pending_emission_rao = net->pending_rao,
        .fraction_one = net->mechanism == NULL ? UINT16_MAX : net->mechanism->fraction_one,
        .weight_one = net->mechanism == NULL ? UINT16_MAX : net->mechanism->weight_one,
        .mechanism = net->mechanism,
        .params = &net->params,
        .hotkey = net->hotkey,
        .coldkey = net->coldkey,
        .stake_rao = net->stake_rao,
        .stake_weight = net->stake_weight,
        .rank = net->rank,
        .trust = net->trust,
        .consensus = net->consensus,
        .incentive = net->incentive,
        .dividends = net->dividends,
        .validator_trust = net->validator_trust,
        .pruning_score = net->pruning_score,
        .emission_rao = net->emission_rao,
        .server_emission_rao = net->server_emission_rao,
        .validator_emission_rao = net->validator_emission_rao,
        .validator_permit = net->permit,
        .active = net->active,
        .last_update = net->last_update,
        .block_at_registration = net->block_at_registration,
        .priority = net->priority,
    };
}

const struct chain_view *chain_view(const struct chain *chain, uint16_t netuid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    return net == NULL ? NULL : &net->view;
}

struct chain_row chain_weights_row(const struct chain *chain, uint16_t netuid, uint32_t uid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && uid < net->count);
    const struct chain_weights *row = &net->rows[uid];
    return (struct chain_row){.count = row->count, .uid = row->uid, .value = row->value};
}

struct chain_bond_row chain_bonds_row(const struct chain *chain, uint16_t netuid, uint32_t uid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && uid < net->count);
    const struct chain_bonds *bonds = &net->bonds;
    if (uid >= bonds->rows)
        return (struct chain_bond_row){0};
    uint64_t from = bonds->start[uid];
    return (struct chain_bond_row){.count = (uint32_t)(bonds->start[uid + 1] - from),
                                   .uid = bonds->column + from,
                                   .value = bonds->value + from};
}

uint32_t chain_uid_of_hotkey(const struct chain *chain, uint16_t netuid, uint32_t hotkey)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && chain_is_account(chain, hotkey));
    return net->uid_of_account[hotkey];
}
