/*
 * The chain's state as bytes: what the future depends on, and nothing that follows from it.
 * load.c reads the same fields in the same order.
 */
#include "base/buffer.h"
#include "base/param_text.h"
#include "chain/state.h"

/* -------------------------------------------------------------------------------------- writing */

static void put_u32s(struct buffer *buffer, uint32_t count, const uint32_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        buffer_put_u32(buffer, values[i]);
}

static void put_account(struct buffer *buffer, const struct chain_account *account)
{
    buffer_put_bytes(buffer, account->key, sizeof account->key);
    buffer_put_u64(buffer, account->balance_rao);
    buffer_put_u32(buffer, account->owner);
    buffer_put_u8(buffer, account->delegate);
    buffer_put_u32(buffer, account->take);
    buffer_put_u64(buffer, account->take_changed_block);
    buffer_put_u64(buffer, account->last_tx_block);
    buffer_put_u32(buffer, account->stake_count);
    for (uint32_t i = 0; i < account->stake_count; i++) {
        buffer_put_u32(buffer, account->stakes[i].coldkey);
        buffer_put_u64(buffer, account->stakes[i].rao);
    }
}

/* Parameters may have changed since the scenario; lists of texts cannot. */
static void put_params(struct buffer *buffer, const struct chain_params *params)
{
    const struct param_table *table = chain_param_table(CHAIN_FINNEY);
    for (size_t i = 0; i < table->key_count; i++)
        if (table->keys[i].kind != PARAM_STRING_LIST)
            buffer_put_bytes(buffer, (const char *)params + table->keys[i].offset,
                             param_field_bytes(table->keys[i].kind));
}

static void put_rows(struct buffer *buffer, const struct chain_net *net)
{
    for (uint32_t uid = 0; uid < net->count; uid++) {
        const struct chain_weights *row = &net->rows[uid];
        buffer_put_u32(buffer, row->count);
        put_u32s(buffer, row->count, row->uid);
        put_u32s(buffer, row->count, row->value);
    }
}

static void put_bonds(struct buffer *buffer, const struct chain_bonds *bonds)
{
    buffer_put_u32(buffer, bonds->rows);
    for (uint32_t uid = 0; uid < bonds->rows; uid++) {
        uint64_t from = bonds->start[uid], to = bonds->start[uid + 1];
        buffer_put_u64(buffer, to - from);
        for (uint64_t k = from; k < to; k++) {
            buffer_put_u32(buffer, bonds->column[k]);
            buffer_put_u64(buffer, bonds->value[k]);
        }
    }
}

static void put_waiting(struct buffer *buffer, const struct chain_net *net)
{
    buffer_put_u32(buffer, net->loaded_count);
    for (uint32_t i = 0; i < net->loaded_count; i++) {
        buffer_put_u32(buffer, net->loaded[i].hotkey);
        buffer_put_u64(buffer, net->loaded[i].server_rao);
        buffer_put_u64(buffer, net->loaded[i].validator_rao);
        buffer_put_i64(buffer, net->loaded[i].change_rao);
    }
    buffer_put_u32(buffer, net->commit_count);
    for (uint32_t i = 0; i < net->commit_count; i++) {
        const struct chain_commit *commit = &net->commits[i];
        buffer_put_u32(buffer, commit->hotkey);
        buffer_put_u64(buffer, commit->epoch);
        buffer_put_u64(buffer, commit->block);
        buffer_put_u8(buffer, commit->is_hash);
        buffer_put_bytes(buffer, commit->hash, sizeof commit->hash);
        buffer_put_u64(buffer, commit->version_key);
        buffer_put_u32(buffer, commit->count);
        put_u32s(buffer, 2 * commit->count, commit->payload);
    }
    buffer_put_u32(buffer, net->used_count);
    for (uint32_t i = 0; i < net->used_count; i++) {
        buffer_put_u64(buffer, net->used[i].block_number);
        buffer_put_bytes(buffer, net->used[i].seal, sizeof net->used[i].seal);
    }
}

static void put_net(struct buffer *buffer, const struct chain_net *net)
{
    buffer_put_tag(buffer, "net");
    buffer_put_u32(buffer, net->netuid);
    buffer_put_string(buffer, net->mechanism == NULL ? "" : net->mechanism->params->name);
    put_params(buffer, &net->params);
    buffer_put_u32(buffer, net->count);
#define PUT(type, name) buffer_put_bytes(buffer, net->name, net->count * sizeof(type));
    CHAIN_NET_ARRAYS(PUT)
#undef PUT
    size_t words = chain_net_words(net) * net->count;
    for (size_t i = 0; i < words; i++)
        buffer_put_u64(buffer, net->memory[i]);
    put_rows(buffer, net);
    put_bonds(buffer, &net->bonds);
    put_waiting(buffer, net);
    buffer_put_u64(buffer, net->difficulty);
    buffer_put_u64(buffer, net->burn_rao);
    buffer_put_u32(buffer, net->registrations_block);
    buffer_put_u32(buffer, net->registrations_interval);
    buffer_put_u32(buffer, net->pow_interval);
    buffer_put_u32(buffer, net->burn_interval);
    buffer_put_u64(buffer, net->last_adjustment_block);
    buffer_put_u64(buffer, net->share);
    buffer_put_u64(buffer, net->pending_rao);
    buffer_put_u64(buffer, net->pending_owner_rao);
    buffer_put_u64(buffer, net->blocks_since_step);
    buffer_put_u64(buffer, net->last_step_block);
    buffer_put_u64(buffer, net->epoch_index);
}

static void put_pending(struct buffer *buffer, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    buffer_put_u64(buffer, pending->id);
    buffer_put_u64(buffer, pending->submitted_block);
    buffer_put_u32(buffer, call->kind);
    buffer_put_u32(buffer, call->netuid);
    buffer_put_u32(buffer, call->signer);
    buffer_put_u32(buffer, call->hotkey);
    buffer_put_u32(buffer, call->coldkey);
    buffer_put_u64(buffer, call->amount_rao);
    buffer_put_u32(buffer, call->take);
    buffer_put_u64(buffer, call->work.block_number);
    buffer_put_u64(buffer, call->work.nonce);
    buffer_put_bytes(buffer, call->work.seal, sizeof call->work.seal);
    buffer_put_u32(buffer, call->solver);
    buffer_put_u64(buffer, call->version_key);
    buffer_put_bytes(buffer, call->commit_hash, sizeof call->commit_hash);
    for (size_t i = 0; i < CHAIN_SALT_COUNT; i++)
        buffer_put_u32(buffer, call->salt[i]);
    buffer_put_u8(buffer, call->ip_type);
    buffer_put_u64(buffer, call->ip_high);
    buffer_put_u64(buffer, call->ip_low);
    buffer_put_u32(buffer, call->port);
    buffer_put_u8(buffer, call->modality);
    buffer_put_u32(buffer, call->row_count);
    buffer_put_u32(buffer, call->value_count);
    put_u32s(buffer, call->row_count + call->value_count, pending->payload);
}

enum sim_status chain_save(const struct chain *chain, struct buffer *buffer, struct sim_error *err)
{
    buffer_put_tag(buffer, "chain");
    buffer_put_u8(buffer, (uint8_t)chain->profile);
    buffer_put_u64(buffer, chain->seed);
    buffer_put_u64(buffer, chain->block);
    buffer_put_u64(buffer, chain->total_issuance_rao);
    buffer_put_u64(buffer, chain->next_id);
    buffer_put_bytes(buffer, &chain->digest, sizeof chain->digest);
    buffer_put_u32(buffer, chain->account_count);
    for (uint32_t i = 0; i < chain->account_count; i++)
        put_account(buffer, &chain->accounts[i]);
    buffer_put_u32(buffer, chain->net_count);
    for (uint32_t i = 0; i < chain->net_count; i++)
        put_net(buffer, &chain->nets[i]);
    buffer_put_tag(buffer, "mempool");
    buffer_put_u32(buffer, chain->pending_count);
    for (uint32_t i = 0; i < chain->pending_count; i++)
        put_pending(buffer, &chain->pending[i]);
    return buffer_status(buffer, err);
}
