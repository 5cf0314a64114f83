/*
 * money.c: what owners do with their money, once a block.
 *
 * A uid's price is the network's burn, or what its difficulty costs in hashes.  With `payback` an
 * owner wants one only while it earns its price back in time, going by what the servers of the
 * network earned in the last epoch:
 *
 *     (mean server emission a block - upkeep) x payback >= price
 *
 * where no epoch has paid a server yet, nobody can tell and everybody tries.
 */
#include "agent/money.h"

#include "agent/state.h"

static const char *const register_names[] = {"work", "burn", "cheaper", NULL};

#define AT(field) offsetof(struct group_money_params, field)
static const struct param_key money_keys[] = {
    {"balance", PARAM_AMOUNT_RAO | PARAM_DIST_FLAG, AT(balance_rao), "0 rao", "21000000 TAO",
     "0 rao", NULL, "free balance at the start; the neurons of one owner add up"},
    {"register", PARAM_ENUM, AT(registration), NULL, NULL, "work", register_names,
     "how a uid is bought: by proof of work, by burning balance, or by what costs less at the "
     "time"},
    {"burn_limit", PARAM_AMOUNT_RAO, AT(burn_limit_rao), "0 rao", NULL, "21000000 TAO", NULL,
     "the owner waits while a burn costs more"},
    {"work_price", PARAM_AMOUNT_RAO, AT(work_price_rao), "0 rao", NULL, "0 rao", NULL,
     "what 10^12 hashes cost the owner, to compare work with burning and with income"},
    {"payback", PARAM_BLOCKS, AT(payback_blocks), NULL, NULL, "0 blocks", NULL,
     "a uid is wanted only while it earns its price in so many blocks; 0 = whatever it earns"},
    {"upkeep", PARAM_AMOUNT_RAO, AT(upkeep_rao_per_block), "0 rao", NULL, "0 rao", NULL,
     "what the machine behind a uid costs a block, taken off the income that payback counts"},
    {"interval", PARAM_BLOCKS, AT(interval_blocks), NULL, NULL, "0 blocks", NULL,
     "blocks between two decisions on stake; 0 = none are made"},
    {"stake_share", PARAM_REAL, AT(stake_share), "0", "1", "0", NULL,
     "part of the free balance above the reserve that is staked each interval, on the first of the "
     "own hotkeys that holds a uid"},
    {"reserve", PARAM_AMOUNT_RAO, AT(reserve_rao), "0 rao", NULL, "0 rao", NULL,
     "free balance that is not staked"},
    {"unstake_share", PARAM_REAL, AT(unstake_share), "0", "1", "0", NULL,
     "part of the own stake on each hotkey, above what is kept, that is taken back each interval"},
    {"keep", PARAM_AMOUNT_RAO, AT(keep_rao), "0 rao", NULL, "0 rao", NULL,
     "own stake on a hotkey that is never taken back"},
    {"delegate", PARAM_BOOL, AT(delegate), NULL, NULL, "false", NULL,
     "the hotkeys take other people's stake, where the chain has delegation"},
    {"take", PARAM_FRACTION_U16, AT(take), NULL, NULL, "11796/65535", NULL,
     "a delegate's part of what its nominators' stake earns; profile current lets it be chosen"},
    {"owns_network", PARAM_BOOL, AT(owns_network), NULL, NULL, "false", NULL,
     "the owner of the group's first neuron owns the network: chain.owner_cut goes to it; in "
     "profile current its uids set weights without stake or permit, earn no incentive, and "
     "chain.owner_immortal_limit of them stay"},
};
#undef AT
static const struct param_condition money_conditions[] = {
    {"burn_limit", "register=burn|cheaper"},
    {"work_price", "register=cheaper or payback!=0 blocks"},
    {"upkeep", "payback!=0 blocks"},
    {"stake_share", "interval!=0 blocks"},
    {"reserve", "interval!=0 blocks and stake_share!=0"},
    {"unstake_share", "interval!=0 blocks"},
    {"keep", "interval!=0 blocks and unstake_share!=0"},
    {"delegate", "chain.delegation=true"},
    {"take", "chain=current and chain.delegation=true and delegate=true"},
    {"owns_network", "chain!=nakamoto"},
};
const struct param_table group_money_param_table =
    PARAM_TABLE_WHEN("money", struct group_money_params, money_keys, money_conditions,
                     "what the owner of a neuron does with its balance and stake");

static const struct group_money_params *money_of(const struct agents *agents,
                                                 const struct agent_owner *owner)
{
    return agents_group_of(agents, owner->first_neuron)->money;
}

/* ---- what a uid costs and earns */

static double work_cost_rao(const struct group_money_params *money, const struct chain_view *view)
{
    return (double)view->difficulty * 1e-12 * (double)money->work_price_rao;
}

/* Emission of the servers that the network has, per server and block; negative: not known yet. */
static double server_income_rao(const struct agents *agents, const struct chain_view *view)
{
    double sum_rao = 0;
    uint32_t servers = 0;
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        sum_rao += (double)view->server_emission_rao[uid];
        servers += agents->axon[uid];
    }
    uint64_t epoch_blocks = view->params->tempo + 1;
    return sum_rao > 0 && servers > 0 ? sum_rao / servers / (double)epoch_blocks : -1;
}

static bool is_worth(const struct agents *agents, const struct group_money_params *money,
                     const struct chain_view *view, double price_rao)
{
    if (money->payback_blocks == 0)
        return true;
    double income_rao = server_income_rao(agents, view);
    if (income_rao < 0)
        return true;
    double net_rao = income_rao - (double)money->upkeep_rao_per_block;
    return net_rao * (double)money->payback_blocks >= price_rao;
}

static bool may_burn(const struct agents *agents, const struct agent_owner *owner,
                     const struct group_money_params *money, const struct chain_view *view)
{
    uint64_t balance_rao = chain_balance_rao(agents->wiring.chain, owner->account);
    return view->params->burn_registration && view->burn_rao <= money->burn_limit_rao &&
           balance_rao >= view->burn_rao &&
           balance_rao - view->burn_rao >= view->params->existential_deposit &&
           chain_registration_open(agents->wiring.chain, view->netuid);
}

static bool prefers_burn(const struct group_money_params *money, const struct chain_view *view)
{
    if (money->registration == MONEY_CHEAPER && view->params->pow_registration)
        return (double)view->burn_rao < work_cost_rao(money, view);
    return money->registration != MONEY_WORK;
}

bool money_works(const struct agents *agents, const struct agent_owner *owner)
{
    const struct group_money_params *money = money_of(agents, owner);
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    if (!view->params->pow_registration || money->registration == MONEY_BURN)
        return false;
    bool burns = prefers_burn(money, view) && may_burn(agents, owner, money, view);
    return !burns && is_worth(agents, money, view, work_cost_rao(money, view));
}

/* ---- buying a uid */

static enum sim_status burn(struct agents *agents, struct agent_owner *owner, struct sim_error *err)
{
    struct chain_extrinsic call = {
        .kind = CHAIN_REGISTER_BURN,
        .netuid = agents->setup.netuid,
        .signer = owner->account,
        .hotkey = agents->neurons[owner->first_waiting].hotkey,
    };
    return chain_submit(agents->wiring.chain, &call, &owner->submitted, err);
}

static enum sim_status buy(struct agents *agents, uint32_t index, int64_t now_ns,
                           struct sim_error *err)
{
    struct agent_owner *owner = &agents->owners[index];
    const struct group_money_params *money = money_of(agents, owner);
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    if (owner->first_waiting == AGENT_NONE || owner->submitted != 0)
        return SIM_OK;
    if (prefers_burn(money, view) && may_burn(agents, owner, money, view) &&
        is_worth(agents, money, view, (double)view->burn_rao)) {
        owner->solving = false;
        owner->generation++;
        return burn(agents, owner, err);
    }
    /* What a block changed may make work worth its price, or no longer so. */
    if (owner->solving != money_works(agents, owner))
        return enter_work(agents, index, now_ns, err);
    return SIM_OK;
}

/* ---- staking */

static enum sim_status move_stake(struct agents *agents, enum chain_call kind, uint32_t hotkey,
                                  uint32_t coldkey, double amount_rao, struct sim_error *err)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    uint64_t id, rounded_rao = (uint64_t)amount_rao;
    if (rounded_rao == 0 || rounded_rao < view->params->min_stake)
        return SIM_OK;
    struct chain_extrinsic call = {
        .kind = kind, .signer = coldkey, .hotkey = hotkey, .amount_rao = rounded_rao};
    return chain_submit(agents->wiring.chain, &call, &id, err);
}

static enum sim_status unstake(struct agents *agents, const struct agent_owner *owner,
                               const struct group_money_params *money, struct sim_error *err)
{
    struct chain *chain = agents->wiring.chain;
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < owner->neuron_count && status == SIM_OK; i++) {
        uint32_t hotkey = agents->neurons[owner->first_neuron + i].hotkey;
        uint64_t stake_rao = chain_stake_rao(chain, hotkey, owner->account);
        if (stake_rao > money->keep_rao)
            status = move_stake(agents, CHAIN_REMOVE_STAKE, hotkey, owner->account,
                                money->unstake_share * (double)(stake_rao - money->keep_rao), err);
    }
    return status;
}

static enum sim_status stake(struct agents *agents, const struct agent_owner *owner,
                             const struct group_money_params *money, struct sim_error *err)
{
    struct chain *chain = agents->wiring.chain;
    const struct chain_view *view = chain_view(chain, agents->setup.netuid);
    uint64_t balance_rao = chain_balance_rao(chain, owner->account);
    uint64_t kept_rao = money->reserve_rao + view->params->existential_deposit;
    for (uint32_t i = 0; i < owner->neuron_count && balance_rao > kept_rao; i++) {
        const struct agent_neuron *neuron = &agents->neurons[owner->first_neuron + i];
        if (neuron->uid != AGENT_NONE)
            return move_stake(agents, CHAIN_ADD_STAKE, neuron->hotkey, owner->account,
                              money->stake_share * (double)(balance_rao - kept_rao), err);
    }
    return SIM_OK;
}

static enum sim_status decide_stake(struct agents *agents, const struct agent_owner *owner,
                                    struct sim_error *err)
{
    const struct group_money_params *money = money_of(agents, owner);
    uint64_t block = chain_block_number(agents->wiring.chain);
    if (money->interval_blocks == 0 ||
        (block + owner->money_phase_blocks) % money->interval_blocks != 0 ||
        !chain_staking_open(agents->wiring.chain, owner->account))
        return SIM_OK;
    enum sim_status status = SIM_OK;
    if (money->unstake_share > 0)
        status = unstake(agents, owner, money, err);
    if (status == SIM_OK && money->stake_share > 0)
        status = stake(agents, owner, money, err);
    return status;
}

/* ---- delegates */

enum sim_status money_open_hotkey(struct agents *agents, uint32_t index, struct sim_error *err)
{
    const struct agent_neuron *neuron = &agents->neurons[index];
    const struct agent_owner *owner = &agents->owners[neuron->owner];
    const struct group_money_params *money = money_of(agents, owner);
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    uint16_t take;
    if (!money->delegate || !view->params->delegation)
        return SIM_OK;
    uint64_t id;
    enum sim_status status = SIM_OK;
    struct chain_extrinsic call = {
        .kind = CHAIN_BECOME_DELEGATE, .signer = owner->account, .hotkey = neuron->hotkey};
    bool is_delegate = chain_is_delegate(agents->wiring.chain, neuron->hotkey, &take);
    if (!is_delegate)
        status = chain_submit(agents->wiring.chain, &call, &id, err);
    if (status != SIM_OK || !agents->setup.can_set_take ||
        money->take == (is_delegate ? take : view->params->default_take))
        return status;
    call.kind = CHAIN_SET_TAKE;
    call.take = money->take;
    return chain_submit(agents->wiring.chain, &call, &id, err);
}

/* ---- once a block */

static bool has_decisions(const struct group_money_params *money)
{
    return money->registration != MONEY_WORK || money->payback_blocks > 0 ||
           money->interval_blocks > 0;
}

bool agents_rest(const struct agents *agents)
{
    bool rest =
        agents->late_count == 0 && agents->delegator_count == 0 && agents->reveal_count == 0;
    for (uint32_t o = 0; o < agents->owner_count && rest; o++)
        rest = !has_decisions(money_of(agents, &agents->owners[o]));
    return rest;
}

/* Neurons that come later. */
static enum sim_status arrive(struct agents *agents, int64_t now_ns, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t n = 0; n < agents->neuron_count && agents->late_count > 0; n++) {
        struct agent_neuron *neuron = &agents->neurons[n];
        if (!neuron->is_late || neuron->enter_ns > now_ns || status != SIM_OK)
            continue;
        neuron->is_late = false;
        agents->late_count--;
        status = enter_want(agents, n, now_ns, err);
    }
    return status;
}

enum sim_status money_on_block(struct agents *agents, int64_t now_ns, struct sim_error *err)
{
    enum sim_status status = arrive(agents, now_ns, err);
    for (uint32_t o = 0; o < agents->owner_count && status == SIM_OK; o++) {
        if (!has_decisions(money_of(agents, &agents->owners[o])))
            continue;
        status = buy(agents, o, now_ns, err);
        if (status == SIM_OK)
            status = decide_stake(agents, &agents->owners[o], err);
    }
    return status;
}

enum sim_status money_plan_check(const struct agents_setup *setup, const char **ret_group,
                                 struct sim_error *err)
{
    const struct agents_group *first = NULL;
    for (uint32_t g = 0; g < setup->group_count; g++) {
        const struct agents_group *group = &setup->groups[g];
        if (!group->money->owns_network)
            continue;
        *ret_group = group->name;
        if (group->params->count == 0)
            return SIM_FAIL(err, SIM_CONFIG, "the group has no neuron whose owner it could be");
        if (first != NULL)
            return SIM_FAIL(err, SIM_CONFIG, "group '%s' owns the network already", first->name);
        first = group;
    }
    return SIM_OK;
}

void money_tell_owner(struct agents *agents)
{
    uint32_t last_group = AGENT_NONE;
    for (uint32_t n = 0; n < agents->neuron_count; n++) {
        const struct agent_neuron *neuron = &agents->neurons[n];
        bool is_first = neuron->group != last_group;
        last_group = neuron->group;
        if (is_first && agents_group_of(agents, n)->money->owns_network)
            chain_set_owner(agents->wiring.chain, agents->setup.netuid,
                            agents->owners[neuron->owner].account);
    }
}

enum sim_status money_genesis(struct agents *agents, struct sim_error *err)
{
    money_tell_owner(agents);
    enum sim_status status = SIM_OK;
    for (uint32_t o = 0; o < agents->owner_count && status == SIM_OK; o++)
        if (agents->owners[o].balance_rao > 0)
            status = chain_genesis_balance(agents->wiring.chain, agents->owners[o].account,
                                           agents->owners[o].balance_rao, err);
    return status;
}
