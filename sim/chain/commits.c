/*
 * Rows of weights committed in secret.
 *
 * Two forms.  A timelocked commit holds the sealed row; the chain opens it itself.  A commit of a
 * hash is opened by its owner, who must reveal row and salt in exactly the epoch that lies
 * reveal_period behind the commit's; later it has expired.  Either way nobody reads the row before.
 */
#include "chain/blake2.h"
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- epochs */

/* The epoch that a call of this block belongs to: where one is due but deferred, the next. */
static uint64_t epoch_now(const struct chain *chain, const struct chain_net *net)
{
    return net->epoch_index + chain_net_epoch_due(chain, net, chain->block);
}

static bool has_expired(const struct chain_net *net, const struct chain_commit *commit,
                        uint64_t epoch)
{
    return epoch > commit->epoch + net->params.reveal_period;
}

bool chain_has_sealed(const struct chain_net *net)
{
    for (uint32_t i = 0; i < net->commit_count; i++)
        if (!net->commits[i].is_hash)
            return true;
    return false;
}

/* The epoch that runs belongs to the next one already, as the real chain counts. */
void chain_refresh_earliest_commits(struct chain_net *net)
{
    for (uint32_t uid = 0; uid < net->count; uid++)
        net->earliest_commit[uid] = MECHANISM_NO_BLOCK;
    for (uint32_t i = net->commit_count; i-- > 0;) {
        uint32_t uid = net->uid_of_account[net->commits[i].hotkey];
        if (uid != CHAIN_NONE && !has_expired(net, &net->commits[i], net->epoch_index + 1))
            net->earliest_commit[uid] = net->commits[i].block;
    }
}

/* ------------------------------------------------------------------------------------- commits */

static bool commit_reserve(struct chain_net *net)
{
    if (net->commit_count < net->commit_capacity)
        return true;
    uint32_t capacity = net->commit_capacity == 0 ? 16 : net->commit_capacity * 2;
    struct chain_commit *commits = realloc(net->commits, capacity * sizeof *commits);
    if (commits == NULL)
        return false;
    net->commits = commits;
    net->commit_capacity = capacity;
    return true;
}

/* How many of the hotkey's commits can still be opened. */
static uint32_t open_commits(const struct chain *chain, const struct chain_net *net,
                             uint32_t hotkey)
{
    uint64_t epoch = epoch_now(chain, net);
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->commit_count; i++) {
        const struct chain_commit *commit = &net->commits[i];
        bool open = !commit->is_hash || !has_expired(net, commit, epoch);
        count += commit->hotkey == hotkey && open;
    }
    return count;
}

static enum chain_fault check_commit(const struct chain *chain, const struct chain_net *net,
                                     uint32_t hotkey, enum chain_commit_form form)
{
    if (net == NULL)
        return CHAIN_FAULT_NETWORK_DOES_NOT_EXIST;
    if (!net->params.commit_reveal)
        return CHAIN_FAULT_COMMIT_REVEAL_DISABLED;
    if (net->params.commit_form != (int)form)
        return CHAIN_FAULT_CALL_DISABLED;
    uint32_t uid = net->uid_of_account[hotkey];
    if (uid == CHAIN_NONE)
        return CHAIN_FAULT_NOT_REGISTERED;
    if (!rules_weights_rate_ok(net->params.weights_rate_limit, net->last_update[uid], chain->block))
        return CHAIN_FAULT_COMMITTING_WEIGHTS_TOO_FAST;
    if (open_commits(chain, net, hotkey) >= net->params.max_pending_commits)
        return CHAIN_FAULT_TOO_MANY_UNREVEALED_COMMITS;
    return CHAIN_FAULT_OK;
}

/* The checked commit takes effect; without memory for it the block fails. */
static void append(struct chain *chain, struct chain_net *net, uint64_t id,
                   const struct chain_commit *commit)
{
    uint32_t uid = net->uid_of_account[commit->hotkey];
    net->commits[net->commit_count] = *commit;
    net->commits[net->commit_count].epoch = epoch_now(chain, net);
    net->commits[net->commit_count++].block = chain->block;
    net->last_update[uid] = chain->block;
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_COMMITTED, net->netuid);
    event->uid = uid;
    event->hotkey = commit->hotkey;
    event->amount = commit->count;
    event->other = (uint32_t)epoch_now(chain, net);
    event->id = id;
}

/* The chain sees nothing of the row yet, so its content is not checked. */
enum chain_fault chain_call_commit_weights(struct chain *chain, struct chain_pending *pending)
{
    struct chain_net *net = chain_net_of(chain, pending->call.netuid);
    enum chain_fault fault = check_commit(chain, net, pending->call.signer, CHAIN_COMMIT_TIMELOCK);
    if (fault == CHAIN_FAULT_OK && pending->call.row_count != pending->call.value_count)
        fault = CHAIN_FAULT_WEIGHT_VEC_NOT_EQUAL_SIZE;
    if (fault != CHAIN_FAULT_OK)
        return fault;
    if (!commit_reserve(net)) {
        chain->out_of_memory = true;
        return CHAIN_FAULT_OK;
    }
    struct chain_row_call row = chain_row_of_call(chain, pending);
    struct chain_commit commit = {.hotkey = row.hotkey,
                                  .version_key = row.version_key,
                                  .count = row.uid_count,
                                  .payload = pending->payload};
    pending->payload = NULL; /* the commit owns it now */
    append(chain, net, pending->id, &commit);
    return CHAIN_FAULT_OK;
}

/* ----------------------------------------------------------------------- opened by the chain */

static void open_sealed(struct chain *chain, struct chain_net *net,
                        const struct chain_commit *commit)
{
    struct chain_row_call row = {.hotkey = commit->hotkey,
                                 .uid = net->uid_of_account[commit->hotkey],
                                 .uid_count = commit->count,
                                 .value_count = commit->count,
                                 .uids = commit->payload,
                                 .values = commit->payload + commit->count,
                                 .version_key = commit->version_key};
    enum chain_fault fault = chain_row_check(chain, net, &row, false);
    if (fault == CHAIN_FAULT_OK) {
        chain_row_accept(chain, net, &row);
        chain_row_announce(chain, CHAIN_EVENT_WEIGHTS_SET, net, &row)->age_blocks =
            chain->block - commit->block;
        return;
    }
    struct chain_event *event = chain_row_announce(chain, CHAIN_EVENT_FAILED, net, &row);
    event->call = CHAIN_COMMIT_WEIGHTS;
    event->fault = fault;
}

void chain_reveal_due(struct chain *chain, struct chain_net *net)
{
    uint32_t kept = 0, count = net->commit_count;
    for (uint32_t i = 0; i < count; i++) {
        struct chain_commit commit = net->commits[i];
        if (commit.is_hash || net->epoch_index < commit.epoch + net->params.reveal_period) {
            net->commits[kept++] = commit;
            continue;
        }
        open_sealed(chain, net, &commit);
        free(commit.payload);
    }
    net->commit_count = kept;
}

/* ----------------------------------------------------------------------- opened by its owner */

struct encoder {
    uint8_t *bytes;
    size_t size_bytes;
};

static void put_uint(struct encoder *encoder, uint64_t value, int width_bytes)
{
    for (int i = 0; i < width_bytes; i++)
        encoder->bytes[encoder->size_bytes++] = (uint8_t)(value >> 8 * i);
}

/* SCALE's compact length, which rows of up to 2^30 - 1 entries need no more of. */
static void put_length(struct encoder *encoder, uint32_t length)
{
    if (length < 64)
        put_uint(encoder, length << 2, 1);
    else if (length < 16384)
        put_uint(encoder, length << 2 | 1, 2);
    else
        put_uint(encoder, (uint64_t)length << 2 | 2, 4);
}

static void put_u16s(struct encoder *encoder, uint32_t count, const uint32_t *values)
{
    put_length(encoder, count);
    for (uint32_t i = 0; i < count; i++)
        put_uint(encoder, values[i], 2);
}

/* false: no memory. */
static bool hash_of_row(const struct chain *chain, const struct chain_extrinsic *call,
                        const uint32_t *uids, const uint32_t *values, uint8_t ret_hash[32])
{
    enum { FIXED_BYTES = 32 + 2 + 3 * 4 + 2 * CHAIN_SALT_COUNT + 8 };
    struct encoder encoder = {
        malloc(FIXED_BYTES + 2 * ((size_t)call->row_count + call->value_count)), 0};
    if (encoder.bytes == NULL)
        return false;
    memcpy(encoder.bytes, chain->accounts[call->signer].key, 32);
    encoder.size_bytes = 32;
    put_uint(&encoder, call->netuid, 2);
    put_u16s(&encoder, call->row_count, uids);
    put_u16s(&encoder, call->value_count, values);
    put_length(&encoder, CHAIN_SALT_COUNT);
    for (int i = 0; i < CHAIN_SALT_COUNT; i++)
        put_uint(&encoder, call->salt[i], 2);
    put_uint(&encoder, call->version_key, 8);
    blake2_256(encoder.bytes, encoder.size_bytes, ret_hash);
    free(encoder.bytes);
    return true;
}

enum sim_status chain_commit_hash(const struct chain *chain, const struct chain_extrinsic *reveal,
                                  uint8_t ret_hash[32], struct sim_error *err)
{
    SIM_ASSERT(chain_is_account(chain, reveal->signer));
    if (!hash_of_row(chain, reveal, reveal->row_uids, reveal->row_values, ret_hash))
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for a commit of %u weights",
                        reveal->row_count);
    return SIM_OK;
}

/* Forgets the hotkey's commits of hashes up to place `last` of the list that have expired by
 * `epoch`; UINT64_MAX: all up to there. */
static void forget_hashes(struct chain_net *net, uint32_t hotkey, uint32_t last, uint64_t epoch)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < net->commit_count; i++) {
        const struct chain_commit *commit = &net->commits[i];
        bool is_old = i <= last && (epoch == UINT64_MAX || has_expired(net, commit, epoch));
        if (!commit->is_hash || commit->hotkey != hotkey || !is_old)
            net->commits[kept++] = *commit;
        else
            free(commit->payload); /* one that was loaded has memory for its empty row */
    }
    net->commit_count = kept;
}

enum chain_fault chain_call_commit_hash(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *net = chain_net_of(chain, call->netuid);
    enum chain_fault fault = check_commit(chain, net, call->signer, CHAIN_COMMIT_OF_HASH);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    forget_hashes(net, call->signer, UINT32_MAX, epoch_now(chain, net));
    if (!commit_reserve(net)) {
        chain->out_of_memory = true;
        return CHAIN_FAULT_OK;
    }
    struct chain_commit commit = {.hotkey = call->signer, .is_hash = true};
    memcpy(commit.hash, call->commit_hash, sizeof commit.hash);
    append(chain, net, pending->id, &commit);
    return CHAIN_FAULT_OK;
}

/* The place of the commit that a revealed row opens in *ret_place; what is wrong otherwise. */
static enum chain_fault find_commit(const struct chain *chain, const struct chain_net *net,
                                    uint32_t hotkey, const uint8_t hash[32], uint32_t *ret_place)
{
    uint64_t epoch = epoch_now(chain, net);
    bool was_there = false, any_open = false;
    for (uint32_t i = 0; i < net->commit_count; i++) {
        const struct chain_commit *commit = &net->commits[i];
        if (!commit->is_hash || commit->hotkey != hotkey)
            continue;
        bool expired = has_expired(net, commit, epoch);
        bool same = memcmp(commit->hash, hash, sizeof commit->hash) == 0;
        any_open = any_open || !expired;
        was_there = was_there || (expired && same);
        if (expired || !same)
            continue;
        *ret_place = i;
        return epoch == commit->epoch + net->params.reveal_period ? CHAIN_FAULT_OK
                                                                  : CHAIN_FAULT_REVEAL_TOO_EARLY;
    }
    if (was_there)
        return CHAIN_FAULT_EXPIRED_WEIGHT_COMMIT;
    return any_open ? CHAIN_FAULT_INVALID_REVEAL_HASH : CHAIN_FAULT_NO_WEIGHTS_COMMIT_FOUND;
}

/* A row that its commit covers still goes through all checks; the commits before it lapse. */
enum chain_fault chain_call_reveal_weights(struct chain *chain, struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *net = chain_net_of(chain, call->netuid);
    if (net == NULL)
        return CHAIN_FAULT_NO_WEIGHTS_COMMIT_FOUND;
    if (!net->params.commit_reveal)
        return CHAIN_FAULT_COMMIT_REVEAL_DISABLED;
    struct chain_row_call row = chain_row_of_call(chain, pending);
    uint8_t hash[32];
    if (!hash_of_row(chain, call, row.uids, row.values, hash)) {
        chain->out_of_memory = true;
        return CHAIN_FAULT_OK;
    }
    uint32_t place;
    enum chain_fault fault = find_commit(chain, net, call->signer, hash, &place);
    if (fault == CHAIN_FAULT_OK)
        fault = chain_row_check(chain, net, &row, false);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    uint64_t committed_block = net->commits[place].block;
    forget_hashes(net, call->signer, place, UINT64_MAX);
    chain_row_accept(chain, net, &row);
    struct chain_event *event = chain_row_announce(chain, CHAIN_EVENT_WEIGHTS_SET, net, &row);
    event->id = pending->id;
    event->age_blocks = chain->block - committed_block;
    return CHAIN_FAULT_OK;
}
