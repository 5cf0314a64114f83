/*
 * Registration: the checks in the real order, then a slot.
 */
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- pruning */

/* The mechanism's fraction in the scale of 0..one. */
static uint64_t rescale(uint64_t value, uint64_t from_one, uint64_t one)
{
    if (from_one == one)
        return value;
    return (uint64_t)((fixed_u128)value * one / from_one);
}

static bool owns_network(const struct chain_net *net, uint32_t uid)
{
    return net->owner != CHAIN_NONE && net->coldkey[uid] == net->owner;
}

/* The network owner's earliest uids are safe, up to the limit: whether fewer than `limit` of the
 * owner's came before this one. */
static bool is_immortal(const struct chain_net *net, uint32_t uid)
{
    if (!owns_network(net, uid))
        return false;
    uint32_t earlier = 0;
    for (uint32_t other = 0; other < net->count; other++)
        if (owns_network(net, other) &&
            (net->block_at_registration[other] < net->block_at_registration[uid] ||
             (net->block_at_registration[other] == net->block_at_registration[uid] && other < uid)))
            earlier++;
    return earlier < net->params.owner_immortal_limit;
}

static void fill_candidates(const struct chain *chain, const struct chain_net *net,
                            struct rules_candidate *candidates)
{
    uint64_t fraction_one = net->view.fraction_one;
    for (uint32_t uid = 0; uid < net->count; uid++) {
        uint64_t score = net->emission_rao[uid];
        if (chain->profile == CHAIN_NAKAMOTO)
            score = rescale(net->incentive[uid], fraction_one, UINT64_MAX);
        else if (chain->profile == CHAIN_FINNEY)
            score = rescale(net->pruning_score[uid], fraction_one, UINT16_MAX);
        candidates[uid] = (struct rules_candidate){
            .score = score,
            .stake_rao = net->stake_rao[uid],
            .block_at_registration = net->block_at_registration[uid],
            .immortal = chain->profile == CHAIN_CURRENT && is_immortal(net, uid)};
    }
}

uint32_t chain_uid_to_prune(const struct chain *chain, struct chain_net *net)
{
    struct rules_candidate *candidates = net->candidates;
    fill_candidates(chain, net, candidates);
    const struct chain_params *params = &net->params;
    switch (chain->profile) {
    case CHAIN_NAKAMOTO:
        return rules_prune_nakamoto(net->count, candidates, chain->total_stake_rao, chain->block,
                                    params);
    case CHAIN_FINNEY:
        return rules_prune_finney(net->count, candidates, chain->block, params->immunity_period);
    default:
        return rules_prune_current(net->count, candidates, chain->block, params->immunity_period,
                                   params->min_non_immune);
    }
}

/* ---------------------------------------------------------------------------------------- slot */

static bool registered_somewhere(const struct chain *chain, uint32_t hotkey)
{
    for (uint32_t i = 0; i < chain->net_count; i++)
        if (chain->nets[i].uid_of_account[hotkey] != CHAIN_NONE)
            return true;
    return false;
}

void chain_evict(struct chain *chain, struct chain_net *net, uint32_t uid, uint32_t hotkey,
                 uint32_t coldkey)
{
    uint32_t old_hotkey = net->hotkey[uid], old_coldkey = net->coldkey[uid];
    chain_replace(chain, net, uid, hotkey, coldkey);
    uint64_t paid_back = 0;
    bool unstakes = chain->profile == CHAIN_NAKAMOTO || net->params.unstake_on_replacement;
    if (unstakes && !registered_somewhere(chain, old_hotkey))
        paid_back = chain_unstake_all(chain, old_hotkey);
    /* nakamoto keeps owners in the records of neurons: without a record the hotkey is anybody's. */
    if (chain->profile == CHAIN_NAKAMOTO)
        chain->accounts[old_hotkey].owner = CHAIN_NONE;
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_EVICTED, net->netuid);
    event->uid = uid;
    event->hotkey = old_hotkey;
    event->coldkey = old_coldkey;
    event->amount = paid_back;
}

uint32_t chain_take_slot(struct chain *chain, struct chain_net *net, uint32_t hotkey,
                         uint32_t coldkey, uint64_t burn_rao, uint64_t id)
{
    uint32_t uid, replaced = CHAIN_NONE;
    if (net->count < net->params.max_uids) {
        uid = chain_net_append(chain, net, hotkey, coldkey, chain->block);
    } else {
        uid = chain_uid_to_prune(chain, net);
        SIM_ASSERT(uid != CHAIN_NONE);
        /* A second registration before the next epoch picks somebody else. */
        if (chain->profile == CHAIN_FINNEY)
            net->pruning_score[uid] = net->view.fraction_one;
        replaced = net->hotkey[uid];
        chain_evict(chain, net, uid, hotkey, coldkey);
    }
    if (chain->profile == CHAIN_NAKAMOTO) {
        /* A new record votes for itself. */
        uint32_t one = net->view.weight_one;
        if (chain_weights_store(chain, net, uid, 1, &uid, &one, NULL) != SIM_OK)
            chain->out_of_memory = true;
    }
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_REGISTERED, net->netuid);
    event->uid = uid;
    event->hotkey = hotkey;
    event->coldkey = coldkey;
    event->other = replaced;
    event->amount = burn_rao;
    event->id = id;
    net->registrations_block++;
    net->registrations_interval++;
    return uid;
}

/* -------------------------------------------------------------------------------------- checks */

static enum chain_fault check_caps(const struct chain_net *net)
{
    const struct chain_params *params = &net->params;
    uint32_t per_block = params->max_registrations_per_block;
    if (per_block > 0 && net->registrations_block >= per_block)
        return CHAIN_FAULT_TOO_MANY_REGISTRATIONS_BLOCK;
    uint64_t factor = params->max_registrations_per_interval_factor;
    if (factor > 0 && net->registrations_interval >= factor * params->target_registrations)
        return CHAIN_FAULT_TOO_MANY_REGISTRATIONS_INTERVAL;
    return CHAIN_FAULT_OK;
}

bool chain_registration_open(const struct chain *chain, uint16_t netuid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL);
    struct chain_net next = *net;
    next.registrations_block = 0;
    bool adjusts = chain->profile != CHAIN_CURRENT &&
                   chain->block + 1 - net->last_adjustment_block >= net->params.adjustment_interval;
    if (adjusts)
        next.registrations_interval = 0;
    return net->params.registration_allowed && check_caps(&next) == CHAIN_FAULT_OK;
}

/* An account becomes a hotkey of the coldkey; false when it is somebody else's. */
static bool owns_or_unknown(const struct chain *chain, uint32_t hotkey, uint32_t coldkey)
{
    uint32_t owner = chain->accounts[hotkey].owner;
    return owner == CHAIN_NONE || owner == coldkey;
}

static bool work_used(const struct chain_net *net, const struct pow_work *work)
{
    for (uint32_t i = 0; i < net->used_count; i++)
        if (memcmp(net->used[i].seal, work->seal, sizeof work->seal) == 0)
            return true;
    return false;
}

static void keep_used_work(struct chain *chain, struct chain_net *net, const struct pow_work *work)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < net->used_count; i++) /* stale work fails before it is looked up */
        if (chain->block - net->used[i].block_number < net->params.pow_window)
            net->used[kept++] = net->used[i];
    net->used_count = kept;
    if (net->used_count == net->used_capacity) {
        uint32_t capacity = net->used_capacity == 0 ? 16 : net->used_capacity * 2;
        struct chain_used_work *used = realloc(net->used, capacity * sizeof *used);
        if (used == NULL) {
            chain->out_of_memory = true;
            return;
        }
        net->used = used;
        net->used_capacity = capacity;
    }
    net->used[net->used_count] = (struct chain_used_work){.block_number = work->block_number};
    memcpy(net->used[net->used_count++].seal, work->seal, sizeof work->seal);
}

/* A drawn seal cannot be recomputed; that it was solved for this hotkey stands in for it, where
 * the rule binds work to a hotkey at all. */
static bool seal_holds(const struct chain *chain, const struct chain_net *net,
                       const struct chain_extrinsic *call)
{
    enum pow_seal_rule rule = (enum pow_seal_rule)net->params.pow_seal;
    if (chain->nets[0].params.pow == CHAIN_POW_STATISTICAL)
        return rule != POW_SEAL_KECCAK_HOTKEY || call->solver == call->hotkey;
    uint8_t block_hash[32] = {0}, seal[32];
    if (call->work.block_number < chain->block) /* a block has no hash while it is made */
        chain_block_hash(chain, call->work.block_number, block_hash);
    pow_seal(rule, block_hash, chain->accounts[call->hotkey].key, call->work.nonce, seal);
    return memcmp(seal, call->work.seal, sizeof seal) == 0;
}

static enum chain_fault check_work(const struct chain *chain, const struct chain_net *net,
                                   const struct chain_extrinsic *call)
{
    const struct pow_work *work = &call->work;
    if (work->block_number > chain->block ||
        chain->block - work->block_number >= net->params.pow_window)
        return CHAIN_FAULT_INVALID_WORK_BLOCK;
    if (net->params.pow_used_list && work_used(net, work))
        return CHAIN_FAULT_WORK_REPEATED;
    if (!pow_meets(work->seal, net->difficulty))
        return CHAIN_FAULT_INVALID_DIFFICULTY;
    return seal_holds(chain, net, call) ? CHAIN_FAULT_OK : CHAIN_FAULT_INVALID_SEAL;
}

/* Signer, network and switch: what finney checks before the caps. */
static enum chain_fault check_origin(const struct chain *chain, const struct chain_net *net,
                                     const struct chain_extrinsic *call, bool switched_on)
{
    if (chain->profile != CHAIN_NAKAMOTO && call->kind == CHAIN_REGISTER_POW &&
        call->signer != call->hotkey)
        return CHAIN_FAULT_HOTKEY_ORIGIN_MISMATCH;
    if (net == NULL || net->mechanism == NULL) /* seats in the root network are not for sale */
        return CHAIN_FAULT_NETWORK_DOES_NOT_EXIST;
    if (!switched_on)
        return CHAIN_FAULT_CALL_DISABLED;
    return net->params.registration_allowed ? CHAIN_FAULT_OK : CHAIN_FAULT_REGISTRATION_DISABLED;
}

static bool slot_obtainable(const struct chain *chain, struct chain_net *net)
{
    return net->count < net->params.max_uids || chain_uid_to_prune(chain, net) != CHAIN_NONE;
}

enum chain_fault chain_call_register_pow(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *net = chain_net_of(chain, call->netuid);
    enum chain_fault fault =
        check_origin(chain, net, call, net != NULL && net->params.pow_registration);
    if (fault == CHAIN_FAULT_OK)
        fault = check_caps(net);
    if (fault == CHAIN_FAULT_OK && net->uid_of_account[call->hotkey] != CHAIN_NONE)
        fault = CHAIN_FAULT_ALREADY_REGISTERED;
    if (fault == CHAIN_FAULT_OK)
        fault = check_work(chain, net, call);
    if (fault == CHAIN_FAULT_OK && !owns_or_unknown(chain, call->hotkey, call->coldkey))
        fault = CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
    if (fault != CHAIN_FAULT_OK)
        return fault;
    chain->accounts[call->hotkey].owner = call->coldkey;
    if (net->params.pow_used_list)
        keep_used_work(chain, net, &call->work);
    net->pow_interval++;
    chain_take_slot(chain, net, call->hotkey, call->coldkey, 0, pending->id);
    return CHAIN_FAULT_OK;
}

enum chain_fault chain_call_register_burn(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *net = chain_net_of(chain, call->netuid);
    enum chain_fault fault =
        check_origin(chain, net, call, net != NULL && net->params.burn_registration);
    if (fault == CHAIN_FAULT_OK)
        fault = check_caps(net);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    if (net->uid_of_account[call->hotkey] != CHAIN_NONE)
        return CHAIN_FAULT_ALREADY_REGISTERED;
    uint64_t balance_rao = chain->accounts[call->signer].balance_rao, price_rao = net->burn_rao;
    if (balance_rao < price_rao)
        return CHAIN_FAULT_NOT_ENOUGH_BALANCE_TO_STAKE;
    if (!owns_or_unknown(chain, call->hotkey, call->signer))
        return CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
    if (!slot_obtainable(chain, net))
        return CHAIN_FAULT_NO_NEURON_ID_AVAILABLE;
    if (balance_rao - price_rao < chain->nets[0].params.existential_deposit)
        return CHAIN_FAULT_BALANCE_WITHDRAWAL_ERROR;
    chain_balance_sub(chain, call->signer, price_rao);
    chain_recycle(chain, price_rao);
    chain->accounts[call->hotkey].owner = call->signer;
    net->burn_interval++;
    chain_take_slot(chain, net, call->hotkey, call->signer, price_rao, pending->id);
    if (chain->profile == CHAIN_CURRENT)
        chain_set_burn(chain, net,
                       rules_burn_bump(price_rao, net->params.burn_increase, net->params.min_burn,
                                       net->params.max_burn),
                       true);
    return CHAIN_FAULT_OK;
}
