/*
 * The chain's state from bytes that save.c wrote, field by field in its order.
 *
 * What follows from the state (views, who sits where, sums) is made again.  The result goes
 * through chain_check, so damage that the reader did not notice does not become a chain.
 */
#include "base/buffer.h"
#include "base/param_text.h"
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

/* A count of items that follow, each of at least item_bytes. */
static uint32_t get_count(struct buffer_reader *reader, size_t item_bytes)
{
    uint32_t count = buffer_get_u32(reader);
    if (reader->failed || count > (reader->size_bytes - reader->position) / item_bytes) {
        buffer_reader_fail(reader);
        return 0;
    }
    return count;
}

/* Room for count items, at least one; NULL marks the reader as failed too, so that callers ask
 * once at the end. */
static void *get_room(struct buffer_reader *reader, size_t count, size_t item_bytes)
{
    void *items = calloc(count + 1, item_bytes);
    if (items == NULL)
        buffer_reader_fail(reader);
    return items;
}

static void get_u32s(struct buffer_reader *reader, uint32_t count, uint32_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = buffer_get_u32(reader);
}

static uint32_t get_account_id(struct buffer_reader *reader, const struct chain *chain,
                               bool may_be_none)
{
    uint32_t id = buffer_get_u32(reader);
    if (id < chain->account_count || (may_be_none && id == CHAIN_NONE))
        return id;
    buffer_reader_fail(reader);
    return 0;
}

static void get_account(struct buffer_reader *reader, struct chain *chain,
                        struct chain_account *account)
{
    buffer_get_bytes(reader, account->key, sizeof account->key);
    account->balance_rao = buffer_get_u64(reader);
    account->owner = get_account_id(reader, chain, true);
    account->delegate = buffer_get_u8(reader) != 0;
    account->take = (uint16_t)buffer_get_u32(reader);
    account->take_changed_block = buffer_get_u64(reader);
    account->last_tx_block = buffer_get_u64(reader);
    uint32_t count = get_count(reader, 12);
    account->stakes = get_room(reader, count, sizeof *account->stakes);
    if (account->stakes == NULL)
        return;
    account->stake_count = account->stake_capacity = count;
    for (uint32_t i = 0; i < count; i++) {
        account->stakes[i].coldkey = get_account_id(reader, chain, false);
        account->stakes[i].rao = buffer_get_u64(reader);
        account->hotkey_stake_rao += account->stakes[i].rao;
    }
    chain->total_stake_rao += account->hotkey_stake_rao;
}

static enum sim_status get_accounts(struct buffer_reader *reader, struct chain *chain,
                                    struct sim_error *err)
{
    uint32_t count = get_count(reader, 70);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id;
        enum sim_status status = chain_add_account(chain, "", &id, err);
        if (status != SIM_OK)
            return status;
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        get_account(reader, chain, &chain->accounts[i]);
    return SIM_OK;
}

static bool choice_exists(const struct param_key *key, int choice)
{
    for (int i = 0; key->choices[i] != NULL; i++)
        if (i == choice)
            return true;
    return false;
}

/* Values outside of their key's bounds are damage. */
static void get_param(struct buffer_reader *reader, const struct param_key *key, void *field)
{
    char reason[PARAM_REASON_BYTES];
    _Alignas(16) unsigned char value[16] = {0}; /* as the widest kind wants it */
    size_t size_bytes = param_field_bytes(key->kind);
    SIM_ASSERT(size_bytes <= sizeof value);
    buffer_get_bytes(reader, value, size_bytes);
    bool sound = true;
    if (key->kind == PARAM_BOOL)
        sound = value[0] <= 1;
    else if (key->kind == PARAM_ENUM)
        sound = choice_exists(key, *(const int *)(const void *)value);
    else
        sound = param_within(key, value, reason);
    if (sound)
        memcpy(field, value, size_bytes);
    else
        buffer_reader_fail(reader);
}

static void get_params(struct buffer_reader *reader, struct chain_params *params)
{
    const struct param_table *table = chain_param_table(CHAIN_FINNEY);
    for (size_t i = 0; i < table->key_count; i++)
        if (table->keys[i].kind != PARAM_STRING_LIST)
            get_param(reader, &table->keys[i], (char *)params + table->keys[i].offset);
}

static void get_rows(struct buffer_reader *reader, struct chain_net *net)
{
    for (uint32_t uid = 0; uid < net->count && !reader->failed; uid++) {
        struct chain_weights *row = &net->rows[uid];
        uint32_t count = get_count(reader, 8);
        row->uid = get_room(reader, count, sizeof *row->uid);
        row->value = get_room(reader, count, sizeof *row->value);
        if (reader->failed)
            return;
        row->count = row->capacity = count;
        get_u32s(reader, count, row->uid);
        get_u32s(reader, count, row->value);
    }
}

static bool bonds_reserve(struct chain_bonds *bonds, uint64_t entries)
{
    if (entries <= bonds->capacity)
        return true;
    uint64_t capacity = 2 * entries + 64;
    uint32_t *column = realloc(bonds->column, capacity * sizeof *column);
    if (column != NULL)
        bonds->column = column;
    uint64_t *value = realloc(bonds->value, capacity * sizeof *value);
    if (value != NULL)
        bonds->value = value;
    if (column == NULL || value == NULL)
        return false;
    bonds->capacity = capacity;
    return true;
}

static void get_bonds(struct buffer_reader *reader, struct chain_net *net)
{
    struct chain_bonds *bonds = &net->bonds;
    uint32_t rows = get_count(reader, 8);
    if (rows > net->count)
        buffer_reader_fail(reader);
    bonds->start = get_room(reader, (size_t)net->capacity + 1, sizeof *bonds->start);
    if (reader->failed)
        return;
    bonds->row_capacity = net->capacity;
    for (; bonds->rows < rows; bonds->rows++) {
        uint64_t at = bonds->start[bonds->rows], count = buffer_get_count(reader, 12);
        if (!bonds_reserve(bonds, at + count))
            buffer_reader_fail(reader);
        if (reader->failed)
            return;
        for (uint64_t k = at; k < at + count; k++) {
            bonds->column[k] = buffer_get_u32(reader);
            bonds->value[k] = buffer_get_u64(reader);
        }
        bonds->start[bonds->rows + 1] = at + count;
    }
}

static void get_commit(struct buffer_reader *reader, const struct chain *chain,
                       struct chain_commit *commit)
{
    commit->hotkey = get_account_id(reader, chain, false);
    commit->epoch = buffer_get_u64(reader);
    commit->block = buffer_get_u64(reader);
    commit->is_hash = buffer_get_u8(reader) != 0;
    buffer_get_bytes(reader, commit->hash, sizeof commit->hash);
    commit->version_key = buffer_get_u64(reader);
    uint32_t count = get_count(reader, 8);
    commit->payload = get_room(reader, 2 * (size_t)count, sizeof *commit->payload);
    if (commit->payload == NULL)
        return;
    commit->count = count;
    get_u32s(reader, 2 * count, commit->payload);
}

static void get_waiting(struct buffer_reader *reader, const struct chain *chain,
                        struct chain_net *net)
{
    uint32_t count = get_count(reader, 28);
    net->loaded = get_room(reader, count, sizeof *net->loaded);
    net->loaded_count = net->loaded_capacity = net->loaded == NULL ? 0 : count;
    for (uint32_t i = 0; i < net->loaded_count; i++) {
        net->loaded[i].hotkey = get_account_id(reader, chain, false);
        net->loaded[i].server_rao = buffer_get_u64(reader);
        net->loaded[i].validator_rao = buffer_get_u64(reader);
        net->loaded[i].change_rao = buffer_get_i64(reader);
    }
    count = get_count(reader, 32);
    net->commits = get_room(reader, count, sizeof *net->commits);
    net->commit_count = net->commit_capacity = net->commits == NULL ? 0 : count;
    for (uint32_t i = 0; i < net->commit_count; i++)
        get_commit(reader, chain, &net->commits[i]);
    count = get_count(reader, 40);
    net->used = get_room(reader, count, sizeof *net->used);
    net->used_count = net->used_capacity = net->used == NULL ? 0 : count;
    for (uint32_t i = 0; i < net->used_count; i++) {
        net->used[i].block_number = buffer_get_u64(reader);
        buffer_get_bytes(reader, net->used[i].seal, sizeof net->used[i].seal);
    }
}

/* Who sits where; two uids of one hotkey are left for chain_check to find. */
static void seat_hotkeys(struct buffer_reader *reader, const struct chain *chain,
                         struct chain_net *net)
{
    for (uint32_t uid = 0; uid < net->count; uid++) {
        if (!chain_is_account(chain, net->hotkey[uid]) ||
            !chain_is_account(chain, net->coldkey[uid])) {
            buffer_reader_fail(reader);
            return;
        }
        net->uid_of_account[net->hotkey[uid]] = uid;
    }
}

static void get_prices(struct buffer_reader *reader, struct chain_net *net)
{
    net->difficulty = buffer_get_u64(reader);
    net->burn_rao = buffer_get_u64(reader);
    net->registrations_block = buffer_get_u32(reader);
    net->registrations_interval = buffer_get_u32(reader);
    net->pow_interval = buffer_get_u32(reader);
    net->burn_interval = buffer_get_u32(reader);
    net->last_adjustment_block = buffer_get_u64(reader);
    net->share = buffer_get_u64(reader);
    net->pending_rao = buffer_get_u64(reader);
    net->pending_owner_rao = buffer_get_u64(reader);
    net->blocks_since_step = buffer_get_u64(reader);
    net->last_step_block = buffer_get_u64(reader);
    net->epoch_index = buffer_get_u64(reader);
}

static enum sim_status get_net(struct buffer_reader *reader, struct chain *chain,
                               struct chain_net *net, struct sim_error *err)
{
    char name[128];
    buffer_get_tag(reader, "net");
    uint32_t netuid = buffer_get_u32(reader);
    buffer_get_string(reader, name, sizeof name);
    const char *mechanism = net->mechanism == NULL ? "" : net->mechanism->params->name;
    if (!reader->failed && (netuid != net->netuid || strcmp(name, mechanism) != 0))
        return SIM_FAIL(err, SIM_CONFIG,
                        "the saved chain has network %u under mechanism '%s', not %u under '%s'",
                        netuid, name, net->netuid, mechanism);
    get_params(reader, &net->params);
    uint32_t count = get_count(reader, 1);
    if (reader->failed || count > net->params.max_uids || net->params.max_uids > UINT16_MAX) {
        buffer_reader_fail(reader);
        return SIM_OK;
    }
    if (net->params.max_uids > net->capacity) {
        enum sim_status status = chain_net_grow(net, net->params.max_uids, err);
        if (status != SIM_OK)
            return status;
    }
    net->count = count;
#define GET(type, name) buffer_get_bytes(reader, net->name, net->count * sizeof(type));
    CHAIN_NET_ARRAYS(GET)
#undef GET
    size_t words = chain_net_words(net) * net->count;
    for (size_t i = 0; i < words; i++)
        net->memory[i] = buffer_get_u64(reader);
    seat_hotkeys(reader, chain, net);
    get_rows(reader, net);
    get_bonds(reader, net);
    get_waiting(reader, chain, net);
    get_prices(reader, net);
    chain_net_refresh_view(net);
    return SIM_OK;
}

static void get_call(struct buffer_reader *reader, const struct chain *chain,
                     struct chain_extrinsic *call)
{
    call->kind = (enum chain_call)buffer_get_u32(reader);
    call->netuid = (uint16_t)buffer_get_u32(reader);
    call->signer = get_account_id(reader, chain, false);
    call->hotkey = buffer_get_u32(reader);
    call->coldkey = buffer_get_u32(reader);
    call->amount_rao = buffer_get_u64(reader);
    call->take = (uint16_t)buffer_get_u32(reader);
    call->work.block_number = buffer_get_u64(reader);
    call->work.nonce = buffer_get_u64(reader);
    buffer_get_bytes(reader, call->work.seal, sizeof call->work.seal);
    call->solver = buffer_get_u32(reader);
    call->version_key = buffer_get_u64(reader);
    buffer_get_bytes(reader, call->commit_hash, sizeof call->commit_hash);
    for (size_t i = 0; i < CHAIN_SALT_COUNT; i++)
        call->salt[i] = (uint16_t)buffer_get_u32(reader);
    call->ip_type = buffer_get_u8(reader);
    call->ip_high = buffer_get_u64(reader);
    call->ip_low = buffer_get_u64(reader);
    call->port = (uint16_t)buffer_get_u32(reader);
    call->modality = buffer_get_u8(reader);
    call->row_count = buffer_get_u32(reader);
    call->value_count = buffer_get_u32(reader);
}

static bool call_is_sound(const struct buffer_reader *reader, const struct chain *chain,
                          const struct chain_extrinsic *call)
{
    uint64_t items = (uint64_t)call->row_count + call->value_count;
    return !reader->failed && items <= (reader->size_bytes - reader->position) / 4 &&
           chain_call_names_accounts(chain, call);
}

static enum sim_status get_mempool(struct buffer_reader *reader, struct chain *chain,
                                   struct sim_error *err)
{
    buffer_get_tag(reader, "mempool");
    uint64_t next_id = chain->next_id;
    uint32_t count = get_count(reader, 100);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct chain_extrinsic call = {0};
        uint64_t id = buffer_get_u64(reader), submitted_block = buffer_get_u64(reader), new_id;
        get_call(reader, chain, &call);
        if (!call_is_sound(reader, chain, &call)) {
            buffer_reader_fail(reader);
            break;
        }
        uint32_t *payload =
            get_room(reader, (size_t)call.row_count + call.value_count, sizeof *payload);
        if (payload == NULL)
            break;
        get_u32s(reader, call.row_count + call.value_count, payload);
        call.row_uids = payload;
        call.row_values = payload + call.row_count;
        enum sim_status status = chain_submit(chain, &call, &new_id, err);
        free(payload);
        if (status != SIM_OK)
            return status;
        chain->pending[chain->pending_count - 1].id = id;
        chain->pending[chain->pending_count - 1].submitted_block = submitted_block;
    }
    chain->next_id = next_id;
    return SIM_OK;
}

static enum sim_status get_chain(struct buffer_reader *reader, struct chain *chain,
                                 struct sim_error *err)
{
    buffer_get_tag(reader, "chain");
    if (buffer_get_u8(reader) != (uint8_t)chain->profile || buffer_get_u64(reader) != chain->seed)
        return reader->failed
                   ? buffer_reader_status(reader, err)
                   : SIM_FAIL(err, SIM_CONFIG, "the saved chain has another profile or seed");
    uint64_t block = buffer_get_u64(reader);
    chain->total_issuance_rao = buffer_get_u64(reader);
    chain->next_id = buffer_get_u64(reader);
    struct digest digest;
    buffer_get_bytes(reader, &digest, sizeof digest);
    enum sim_status status = get_accounts(reader, chain, err);
    if (status == SIM_OK && buffer_get_u32(reader) != chain->net_count)
        status = SIM_FAIL(err, SIM_CONFIG, "the saved chain has another number of networks");
    for (uint32_t i = 0; i < chain->net_count && status == SIM_OK; i++)
        status = get_net(reader, chain, &chain->nets[i], err);
    chain->share_sum = 0;
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain->share_sum += chain->nets[i].share;
    if (status == SIM_OK)
        status = get_mempool(reader, chain, err);
    chain->block = block;
    chain->digest = digest;
    chain->event_count = chain->block_event_count = 0;
    return status == SIM_OK ? buffer_reader_status(reader, err) : status;
}

enum sim_status chain_load(const struct chain_config *config, struct buffer_reader *reader,
                           struct chain **ret_chain, struct sim_error *err)
{
    struct chain *chain;
    enum sim_status status = chain_create(config, &chain, err);
    if (status != SIM_OK)
        return status;
    status = get_chain(reader, chain, err);
    if (status == SIM_OK && chain_check(chain, err) != SIM_OK) {
        sim_error_context(err, "the saved chain");
        status = SIM_IO;
        if (err != NULL)
            err->status = SIM_IO;
    }
    if (status != SIM_OK) {
        chain_free(chain);
        return status;
    }
    *ret_chain = chain;
    return SIM_OK;
}
