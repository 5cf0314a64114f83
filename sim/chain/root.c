/*
 * The root network: 64 or so seats held by stake, whose weights on networks split the emission.
 *
 *   rank_j  = sum_i S_i w_ij             S share of root stake, w row normalised
 *   trust_j = sum_i S_i [w_ij > 0]
 *   share_j = rank_j / (1 + exp(-10 (trust_j - 1/2))), normalised
 *
 * in 32.32 fixed point, every network that has a mechanism (docs/CHAIN.md says what differs).
 */
#include "chain/state.h"

static struct chain_net *root_of(const struct chain *chain)
{
    struct chain_net *net = &chain->nets[0];
    return net->mechanism == NULL ? net : NULL;
}

/* ----------------------------------------------------------------------------------- the seats */

static uint32_t poorest_seat(const struct chain_net *root)
{
    uint32_t poorest = 0;
    for (uint32_t uid = 1; uid < root->count; uid++)
        if (root->stake_rao[uid] < root->stake_rao[poorest])
            poorest = uid;
    return poorest;
}

static enum chain_fault check_seat(const struct chain *chain, const struct chain_net *root,
                                   const struct chain_extrinsic *call)
{
    if (root == NULL)
        return CHAIN_FAULT_NETWORK_DOES_NOT_EXIST;
    uint32_t per_block = root->params.max_registrations_per_block;
    if (per_block > 0 && root->registrations_block >= per_block)
        return CHAIN_FAULT_TOO_MANY_REGISTRATIONS_BLOCK;
    if (root->uid_of_account[call->hotkey] != CHAIN_NONE)
        return CHAIN_FAULT_ALREADY_REGISTERED;
    if (chain->accounts[call->hotkey].owner != call->signer)
        return CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
    if (root->count >= root->params.max_uids &&
        chain->accounts[call->hotkey].hotkey_stake_rao <= root->stake_rao[poorest_seat(root)])
        return CHAIN_FAULT_STAKE_TOO_LOW_FOR_ROOT;
    return CHAIN_FAULT_OK;
}

enum chain_fault chain_call_register_root(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *root = root_of(chain);
    enum chain_fault fault = check_seat(chain, root, call);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    uint32_t uid, replaced = CHAIN_NONE;
    if (root->count < root->params.max_uids) {
        uid = chain_net_append(chain, root, call->hotkey, call->signer, chain->block);
    } else {
        uid = poorest_seat(root);
        replaced = root->hotkey[uid];
        chain_replace(chain, root, uid, call->hotkey, call->signer);
        root->rows[uid].count = 0;
    }
    root->registrations_block++;
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_REGISTERED, root->netuid);
    event->uid = uid;
    event->hotkey = call->hotkey;
    event->coldkey = call->signer;
    event->other = replaced;
    event->id = pending->id;
    return CHAIN_FAULT_OK;
}

/* ----------------------------------------------------------------------------------- the shares */

/* Adds what one seat says about network `netuid`. */
static void add_vote(const struct chain_net *root, uint32_t uid, int64_t stake_share,
                     uint16_t netuid, int64_t *rank, int64_t *trust)
{
    const struct chain_weights *row = &root->rows[uid];
    uint64_t sum = 0, value = 0;
    for (uint32_t i = 0; i < row->count; i++) {
        sum += row->value[i];
        if (row->uid[i] == netuid)
            value = row->value[i];
    }
    if (value == 0)
        return;
    int64_t weight = fixed_div_safe(fixed_from_i64((int64_t)value), fixed_from_i64((int64_t)sum));
    *rank = fixed_add(*rank, fixed_mul(stake_share, weight));
    *trust = fixed_add(*trust, stake_share);
}

static int64_t support_of(const struct chain_net *root, uint16_t netuid)
{
    fixed_u128 total = 0;
    for (uint32_t uid = 0; uid < root->count; uid++)
        total += root->stake_rao[uid];
    int64_t rank = 0, trust = 0;
    for (uint32_t uid = 0; uid < root->count && total > 0; uid++) {
        int64_t share = (int64_t)(((fixed_u128)root->stake_rao[uid] << 32) / total);
        add_vote(root, uid, share, netuid, &rank, &trust);
    }
    return fixed_mul(rank, fixed_sigmoid_safe(trust, fixed_from_i64(10), FIXED_ONE / 2));
}

/* Without any support the shares stay what they were. */
void chain_root_epoch(struct chain *chain)
{
    struct chain_net *root = root_of(chain);
    if (root == NULL || root->params.emission_split != CHAIN_SPLIT_ROOT ||
        rules_blocks_until_epoch(root->netuid, root->params.tempo, chain->block) != 0)
        return;
    int64_t sum = 0;
    for (uint32_t i = 1; i < chain->net_count; i++)
        sum += support_of(root, chain->nets[i].netuid);
    root->last_step_block = chain->block;
    root->epoch_index++;
    for (uint32_t i = 1; i < chain->net_count && sum > 0; i++)
        chain->nets[i].share = (uint64_t)support_of(root, chain->nets[i].netuid);
    if (sum > 0)
        chain->share_sum = (uint64_t)sum;
}
