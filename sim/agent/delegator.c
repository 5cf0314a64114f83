/*
 * delegator.c: people who hold no hotkey and choose whose stake to add to.
 *
 * Every `interval` a delegator looks at the network's delegates.  What one of them pays is what a
 * unit of stake on it earned in the last epoch after the delegate's take:
 *
 *     return = validator emission x (1 - take) / stake
 *
 * Free balance goes to the delegate that it chooses.  A delegator that goes by return takes all its
 * stake back when a rival pays more than (1 + switch_gain) times as much, or when the hotkey has
 * lost its uid; at its next look it chooses anew.
 */
#include "agent/state.h"

#include <stdio.h>

static const char *const choice_names[] = {"return", "stake", "random", NULL};

#define AT(field) offsetof(struct delegator_params, field)
static const struct param_key delegator_keys[] = {
    {"count", PARAM_U32, AT(count), "0", "1000000", NULL, NULL, "coldkeys of the kind"},
    {"balance", PARAM_AMOUNT_RAO | PARAM_DIST_FLAG, AT(balance_rao), "0 rao", "21000000 TAO", NULL,
     NULL, "free balance at the start"},
    {"interval", PARAM_BLOCKS, AT(interval_blocks), "1 blocks", NULL, "1200 blocks", NULL,
     "blocks between two looks at the delegates, which chains with a rate limit should not refuse"},
    {"choice", PARAM_ENUM, AT(choice), NULL, NULL, "return", choice_names,
     "who is chosen: the delegate whose stake earned most, the one with most stake, or any"},
    {"switch_gain", PARAM_REAL, AT(switch_gain), "0", NULL, "0.1", NULL,
     "choice return: a rival must pay this much more, as a share, for the stake to move"},
};
#undef AT
static const struct param_condition delegator_conditions[] = {{"switch_gain", "choice=return"}};
const struct param_table delegator_param_table =
    PARAM_TABLE_WHEN("delegators", struct delegator_params, delegator_keys, delegator_conditions,
                     "holders of balance who choose whose stake to add to");

/* ---- the market */

static double return_of(const struct agents *agents, const struct chain_view *view, uint32_t uid)
{
    uint16_t take = 0;
    bool is_delegate = chain_is_delegate(agents->wiring.chain, view->hotkey[uid], &take);
    if (!is_delegate || view->stake_rao[uid] == 0)
        return 0;
    double kept = 1 - (double)take / 65535.0;
    return kept * (double)view->validator_emission_rao[uid] / (double)view->stake_rao[uid];
}

/* The uid of the delegate that is chosen, or AGENT_NONE; ties go to the larger stake, then to the
 * lower uid. */
static uint32_t choose(const struct agents *agents, struct agent_delegator *delegator,
                       const struct chain_view *view)
{
    uint32_t best = AGENT_NONE, seen = 0;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        uint16_t take;
        if (!chain_is_delegate(agents->wiring.chain, view->hotkey[uid], &take))
            continue;
        seen++;
        bool better = best == AGENT_NONE;
        if (!better && delegator->params->choice == DELEGATOR_RANDOM)
            better = stream_below(&delegator->dice, seen) == 0;
        else if (!better) {
            double gain = 0;
            if (delegator->params->choice == DELEGATOR_RETURN)
                gain = return_of(agents, view, uid) - return_of(agents, view, best);
            better = gain > 0 || (gain == 0 && view->stake_rao[uid] > view->stake_rao[best]);
        }
        best = better ? uid : best;
    }
    return best;
}

/* ---- acting */

static enum sim_status submit(struct agents *agents, const struct agent_delegator *delegator,
                              enum chain_call kind, uint64_t amount_rao, struct sim_error *err)
{
    uint64_t id;
    struct chain_extrinsic call = {.kind = kind,
                                   .signer = delegator->account,
                                   .hotkey = delegator->hotkey,
                                   .amount_rao = amount_rao};
    return chain_submit(agents->wiring.chain, &call, &id, err);
}

static bool wants_to_move(const struct agents *agents, struct agent_delegator *delegator,
                          const struct chain_view *view)
{
    uint32_t uid = chain_uid_of_hotkey(agents->wiring.chain, view->netuid, delegator->hotkey);
    if (uid == CHAIN_NONE)
        return true;
    if (delegator->params->choice != DELEGATOR_RETURN)
        return false;
    uint32_t best = choose(agents, delegator, view);
    double now = return_of(agents, view, uid);
    return best != AGENT_NONE && best != uid &&
           return_of(agents, view, best) > (1 + delegator->params->switch_gain) * now;
}

static enum sim_status look(struct agents *agents, struct agent_delegator *delegator,
                            struct sim_error *err)
{
    struct chain *chain = agents->wiring.chain;
    const struct chain_view *view = chain_view(chain, agents->setup.netuid);
    uint64_t stake_rao = delegator->hotkey == AGENT_NONE
                             ? 0
                             : chain_stake_rao(chain, delegator->hotkey, delegator->account);
    if (stake_rao > 0 && wants_to_move(agents, delegator, view))
        return submit(agents, delegator, CHAIN_REMOVE_STAKE, stake_rao, err);
    uint64_t balance_rao = chain_balance_rao(chain, delegator->account);
    uint64_t kept_rao = view->params->existential_deposit;
    if (balance_rao <= kept_rao || balance_rao - kept_rao < view->params->min_stake)
        return SIM_OK;
    if (stake_rao == 0) {
        uint32_t uid = choose(agents, delegator, view);
        if (uid == AGENT_NONE)
            return SIM_OK;
        delegator->hotkey = view->hotkey[uid];
    }
    return submit(agents, delegator, CHAIN_ADD_STAKE, balance_rao - kept_rao, err);
}

enum sim_status delegator_on_block(struct agents *agents, struct sim_error *err)
{
    uint64_t block = chain_block_number(agents->wiring.chain);
    enum sim_status status = SIM_OK;
    for (uint32_t d = 0; d < agents->delegator_count && status == SIM_OK; d++) {
        struct agent_delegator *delegator = &agents->delegators[d];
        if ((block + delegator->phase_blocks) % delegator->params->interval_blocks == 0)
            status = look(agents, delegator, err);
    }
    return status;
}

/* ---- life */

static const char *stable_name(const struct agents_delegators *kind)
{
    return kind->stable_name != NULL ? kind->stable_name : kind->name;
}

void delegator_build(struct agents *agents)
{
    uint32_t at = 0;
    for (uint32_t k = 0; k < agents->setup.delegator_kind_count; k++) {
        const struct agents_delegators *kind = &agents->setup.delegators[k];
        for (uint32_t i = 0; i < kind->params->count; i++) {
            struct agent_delegator *delegator = &agents->delegators[at++];
            uint64_t entity = stream_entity(stable_name(kind), i);
            struct stream draw;
            stream_init(&draw, agents->seed, STREAM_DELEGATE, entity, 0);
            *delegator = (struct agent_delegator){
                .params = kind->params,
                .index = i,
                .kind = k,
                .hotkey = AGENT_NONE,
                .balance_rao = dist_draw_u64(&kind->params->balance_rao, &draw),
                .phase_blocks = stream_below(&draw, kind->params->interval_blocks),
            };
            stream_init(&delegator->dice, agents->seed, STREAM_DELEGATE, entity, 1);
        }
    }
    SIM_ASSERT(at == agents->delegator_count);
}

enum sim_status delegator_genesis(struct agents *agents, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t d = 0; d < agents->delegator_count && status == SIM_OK; d++) {
        struct agent_delegator *delegator = &agents->delegators[d];
        char name[256];
        snprintf(name, sizeof(name), "%s/%u/delegator",
                 stable_name(&agents->setup.delegators[delegator->kind]), delegator->index);
        status = chain_add_account(agents->wiring.chain, name, &delegator->account, err);
        if (status == SIM_OK)
            status = chain_genesis_balance(agents->wiring.chain, delegator->account,
                                           delegator->balance_rao, err);
    }
    return status;
}
