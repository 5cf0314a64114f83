/*
 * Calls that wait, and the order in which a block takes them.
 */
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

/* After this many calls that do not fit, a block's author stops looking for smaller ones. */
enum { MAX_SKIPPED = 8 };

/* ----------------------------------------------------------------------------- encoded lengths */

/* Bytes of SCALE's compact length prefix. */
static uint64_t compact_bytes(uint64_t value)
{
    return value < 64 ? 1 : value < 16384 ? 2 : value < (1 << 30) ? 4 : 9;
}

/* Signature envelope: version 1, address 33, signature 65, era 2, nonce 2, tip 1; call index 2. */
enum { ENVELOPE_BYTES = 106, KEY_BYTES = 32 };

static uint64_t row_bytes(enum chain_profile profile, const struct chain_extrinsic *call)
{
    uint64_t width = profile == CHAIN_NAKAMOTO ? 4 : 2;
    uint64_t bytes = compact_bytes(call->row_count) + compact_bytes(call->value_count) +
                     width * ((uint64_t)call->row_count + call->value_count);
    return profile == CHAIN_NAKAMOTO ? bytes : bytes + 2 + 8; /* netuid, version key */
}

uint64_t chain_encoded_bytes(enum chain_profile profile, const struct chain_extrinsic *call)
{
    uint64_t netuid_bytes = profile == CHAIN_NAKAMOTO ? 0 : 2;
    uint64_t body = 0;
    switch (call->kind) {
    case CHAIN_SET_WEIGHTS:
    case CHAIN_COMMIT_WEIGHTS:
        body = row_bytes(profile, call);
        break;
    case CHAIN_REVEAL_WEIGHTS:
        body = row_bytes(profile, call) + compact_bytes(CHAIN_SALT_COUNT) + 2 * CHAIN_SALT_COUNT;
        break;
    case CHAIN_COMMIT_HASH:
        body = netuid_bytes + sizeof call->commit_hash;
        break;
    case CHAIN_REGISTER_POW: /* block, nonce, work with its length, two keys */
        body = netuid_bytes + 8 + 8 + 1 + 32 + 2 * KEY_BYTES;
        break;
    case CHAIN_REGISTER_BURN:
        body = netuid_bytes + KEY_BYTES;
        break;
    case CHAIN_SERVE_AXON: /* version 4, ip 16, port 2, type, protocol and two spare bytes */
        body = netuid_bytes + 4 + 16 + 2 + 4;
        break;
    case CHAIN_SET_TAKE:
        body = KEY_BYTES + 2;
        break;
    case CHAIN_BECOME_DELEGATE:
    case CHAIN_REGISTER_ROOT:
        body = KEY_BYTES;
        break;
    default: /* a key and an amount */
        body = KEY_BYTES + 8;
        break;
    }
    uint64_t bytes = ENVELOPE_BYTES + body;
    return bytes + compact_bytes(bytes);
}

/* -------------------------------------------------------------------------------- priorities */

static bool carries_row(enum chain_call kind)
{
    return kind == CHAIN_SET_WEIGHTS || kind == CHAIN_COMMIT_WEIGHTS ||
           kind == CHAIN_REVEAL_WEIGHTS;
}

static bool is_about_weights(enum chain_call kind)
{
    return carries_row(kind) || kind == CHAIN_COMMIT_HASH;
}

/* Rows of weights wait behind everything else.  nakamoto ranks them by the priority that stake
 * has earned per byte, later chains by how long the uid has been silent. */
static uint64_t priority_of(const struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    if (!is_about_weights(call->kind))
        return UINT64_MAX;
    const struct chain_net *net = chain_net_of(chain, call->netuid);
    uint32_t uid = net == NULL ? CHAIN_NONE : net->uid_of_account[call->signer];
    if (uid == CHAIN_NONE)
        return 0;
    if (chain->profile == CHAIN_NAKAMOTO) {
        fixed_u128 priority = net->priority[uid];
        priority = priority * 1000000 / pending->bytes;
        return priority > UINT64_MAX ? UINT64_MAX : (uint64_t)priority;
    }
    return chain->block - net->last_update[uid] + UINT32_MAX;
}

/* More urgent first; among equals who came first. */
static int compare_urgency(const void *left, const void *right)
{
    const struct chain_pending *a = left, *b = right;
    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* ------------------------------------------------------------------------------------ waiting */

static void announce_failure(struct chain *chain, const struct chain_pending *pending,
                             enum chain_fault fault)
{
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_FAILED, pending->call.netuid);
    event->id = pending->id;
    event->call = pending->call.kind;
    event->fault = fault;
    event->hotkey = pending->call.hotkey;
    event->coldkey = pending->call.signer;
}

static void drop_least_urgent(struct chain *chain)
{
    uint32_t least = 0;
    for (uint32_t i = 0; i < chain->pending_count; i++) {
        chain->pending[i].priority = priority_of(chain, &chain->pending[i]);
        if (compare_urgency(&chain->pending[i], &chain->pending[least]) > 0)
            least = i;
    }
    announce_failure(chain, &chain->pending[least], CHAIN_FAULT_MEMPOOL_FULL);
    free(chain->pending[least].payload);
    chain->pending[least] = chain->pending[--chain->pending_count];
}

static enum sim_status reserve(struct chain *chain, struct sim_error *err)
{
    if (chain->pending_count < chain->pending_capacity)
        return SIM_OK;
    uint32_t capacity = chain->pending_capacity == 0 ? 64 : chain->pending_capacity * 2;
    struct chain_pending *pending = realloc(chain->pending, capacity * sizeof *pending);
    if (pending == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %u waiting calls", capacity);
    chain->pending = pending;
    chain->pending_capacity = capacity;
    return SIM_OK;
}

/* The row's uids and values, one behind the other, in memory of its own. */
static bool copy_row(const struct chain_extrinsic *call, uint32_t **ret_payload)
{
    *ret_payload = NULL;
    size_t count = (size_t)call->row_count + call->value_count;
    if (count == 0)
        return true;
    uint32_t *payload = malloc(count * sizeof *payload);
    if (payload == NULL)
        return false;
    if (call->row_count > 0)
        memcpy(payload, call->row_uids, call->row_count * sizeof *payload);
    if (call->value_count > 0)
        memcpy(payload + call->row_count, call->row_values, call->value_count * sizeof *payload);
    *ret_payload = payload;
    return true;
}

bool chain_call_names_accounts(const struct chain *chain, const struct chain_extrinsic *call)
{
    if (call->kind >= CHAIN_CALL_COUNT || !chain_is_account(chain, call->signer))
        return false;
    bool names_hotkey = !is_about_weights(call->kind) && call->kind != CHAIN_SERVE_AXON &&
                        call->kind != CHAIN_TRANSFER;
    bool names_coldkey = call->kind == CHAIN_REGISTER_POW || call->kind == CHAIN_TRANSFER;
    return (!names_hotkey || chain_is_account(chain, call->hotkey)) &&
           (!names_coldkey || chain_is_account(chain, call->coldkey));
}

enum sim_status chain_submit(struct chain *chain, const struct chain_extrinsic *extrinsic,
                             uint64_t *ret_id, struct sim_error *err)
{
    SIM_ASSERT(chain_call_names_accounts(chain, extrinsic));
    enum sim_status status = reserve(chain, err);
    if (status != SIM_OK)
        return status;
    struct chain_pending pending = {.call = *extrinsic,
                                    .id = chain->next_id,
                                    .submitted_block = chain->block,
                                    .bytes = chain_encoded_bytes(chain->profile, extrinsic)};
    if (!carries_row(extrinsic->kind))
        pending.call.row_count = pending.call.value_count = 0;
    if (!copy_row(&pending.call, &pending.payload))
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for a call");
    pending.call.row_uids = pending.call.row_values = NULL;
    chain->pending[chain->pending_count++] = pending;
    *ret_id = chain->next_id++;
    if (chain->pending_count > chain->nets[0].params.mempool_size)
        drop_least_urgent(chain);
    return SIM_OK;
}

uint32_t chain_pending_count(const struct chain *chain)
{
    return chain->pending_count;
}

void chain_mempool_release(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->pending_count; i++)
        free(chain->pending[i].payload);
    free(chain->pending);
}

/* ----------------------------------------------------------------------------------- in a block */

static enum chain_fault execute(struct chain *chain, struct chain_pending *pending)
{
    switch (pending->call.kind) {
    case CHAIN_REGISTER_POW:
        return chain_call_register_pow(chain, pending);
    case CHAIN_REGISTER_BURN:
        return chain_call_register_burn(chain, pending);
    case CHAIN_REGISTER_ROOT:
        return chain_call_register_root(chain, pending);
    case CHAIN_SET_WEIGHTS:
        return chain_call_set_weights(chain, pending);
    case CHAIN_COMMIT_WEIGHTS:
        return chain_call_commit_weights(chain, pending);
    case CHAIN_COMMIT_HASH:
        return chain_call_commit_hash(chain, pending);
    case CHAIN_REVEAL_WEIGHTS:
        return chain_call_reveal_weights(chain, pending);
    case CHAIN_SERVE_AXON:
        return chain_call_serve(chain, pending);
    case CHAIN_ADD_STAKE:
        return chain_call_add_stake(chain, pending);
    case CHAIN_REMOVE_STAKE:
        return chain_call_remove_stake(chain, pending);
    case CHAIN_BECOME_DELEGATE:
        return chain_call_become_delegate(chain, pending);
    case CHAIN_SET_TAKE:
        return chain_call_set_take(chain, pending);
    case CHAIN_TRANSFER:
        return chain_call_transfer(chain, pending);
    case CHAIN_CALL_COUNT:
        break;
    }
    SIM_ASSERT(pending->call.kind != CHAIN_CALL_COUNT);
    return CHAIN_FAULT_CALL_DISABLED;
}

static bool has_expired(const struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_params *params = &chain->nets[0].params;
    uint64_t longevity =
        is_about_weights(pending->call.kind) ? params->weights_longevity : params->call_longevity;
    return chain->block - pending->submitted_block >= longevity;
}

void chain_run_extrinsics(struct chain *chain)
{
    if (chain->pending_count == 0)
        return;
    for (uint32_t i = 0; i < chain->pending_count; i++)
        chain->pending[i].priority = priority_of(chain, &chain->pending[i]);
    qsort(chain->pending, chain->pending_count, sizeof *chain->pending, compare_urgency);

    const struct chain_params *params = &chain->nets[0].params;
    bool limited = params->capacity == CHAIN_CAPACITY_BUDGET;
    uint64_t room = params->block_size;
    uint32_t kept = 0, skipped = 0;
    for (uint32_t i = 0; i < chain->pending_count; i++) {
        struct chain_pending *pending = &chain->pending[i];
        bool fits = !limited || (pending->bytes <= room && skipped <= MAX_SKIPPED);
        if (!fits && !has_expired(chain, pending)) {
            skipped++;
            chain->pending[kept++] = *pending;
            continue;
        }
        enum chain_fault fault = CHAIN_FAULT_EXPIRED;
        if (fits) {
            room -= limited ? pending->bytes : 0;
            fault = execute(chain, pending);
        } else {
            skipped++;
        }
        if (fault != CHAIN_FAULT_OK)
            announce_failure(chain, pending, fault);
        free(pending->payload);
    }
    chain->pending_count = kept;
}
