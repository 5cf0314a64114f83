/*
 * genesis.c: who holds a uid at the start, and whether anybody can ever be paid.
 *
 * Without a table the neurons of groups with `genesis: true` get uids in the order of groups and
 * indices, with the stake that their group draws.  With one, each line of it is a uid.  Where the
 * lines name groups, these get the uids and whoever is left has none.  Where they do not, the
 * groups with `genesis: true` get them all: those that validate the uids that have weighed others.
 */
#include "agent/genesis.h"

#include "agent/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- uids */

static bool takes_line(const struct agents_group *group, const struct genesis_neuron *line)
{
    if (line->group[0] != '\0')
        return strcmp(group->name, line->group) == 0;
    return group->params->genesis && group->params->validator == line->weighs;
}

static enum sim_status name_misfit(const struct agents_setup *setup, uint32_t uid,
                                   struct sim_error *err)
{
    const struct genesis_neuron *line = &setup->genesis->neurons[uid];
    if (line->group[0] != '\0')
        return SIM_FAIL(err, SIM_CONFIG,
                        "genesis.neurons: uid %u belongs to group '%s', which has no neuron left "
                        "for it (in the twin, if it has fewer)",
                        uid, line->group);
    uint32_t weighing = 0, validators = 0, others = 0;
    for (uint32_t u = 0; u < setup->genesis->neuron_count; u++)
        weighing += setup->genesis->neurons[u].weighs;
    for (uint32_t g = 0; g < setup->group_count; g++) {
        const struct group_params *params = setup->groups[g].params;
        validators += params->genesis && params->validator ? params->count : 0;
        others += params->genesis && !params->validator ? params->count : 0;
    }
    return SIM_FAIL(err, SIM_CONFIG,
                    "genesis.neurons has %u uids that weigh others and %u that do not, the groups "
                    "with genesis: true have %u validators and %u others",
                    weighing, setup->genesis->neuron_count - weighing, validators, others);
}

/* Of each uid its group and its index there. */
enum sim_status genesis_assign(const struct agents_setup *setup, struct genesis_holder *ret_holders,
                               struct sim_error *err)
{
    const struct genesis_table *table = setup->genesis;
    uint32_t *taken = calloc(setup->group_count + 1, sizeof(*taken));
    if (taken == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u groups", setup->group_count);
    enum sim_status status = SIM_OK;
    for (uint32_t uid = 0; uid < table->neuron_count && status == SIM_OK; uid++) {
        uint32_t g = 0;
        while (g < setup->group_count && (taken[g] == setup->groups[g].params->count ||
                                          !takes_line(&setup->groups[g], &table->neurons[uid])))
            g++;
        if (g == setup->group_count)
            status = name_misfit(setup, uid, err);
        else
            ret_holders[uid] = (struct genesis_holder){.group = g, .index = taken[g]++};
    }
    bool named = table->neuron_count > 0 && table->neurons[0].group[0] != '\0';
    for (uint32_t g = 0; g < setup->group_count && status == SIM_OK && !named; g++)
        if (setup->groups[g].params->genesis && taken[g] < setup->groups[g].params->count)
            status = SIM_FAIL(err, SIM_CONFIG,
                              "genesis.neurons has %u uids for the %u neurons of group '%s', which "
                              "says genesis: true",
                              taken[g], setup->groups[g].params->count, setup->groups[g].name);
    free(taken);
    return status;
}

/* ---- whether anything can be minted */

static bool can_be_positive(const struct dist *dist)
{
    return dist->shape != DIST_CONSTANT || dist->low.u64 > 0;
}

static bool will_stake(const struct agents_group *group)
{
    const struct group_money_params *money = group->money;
    return group->params->count > 0 && can_be_positive(&money->balance_rao) &&
           money->interval_blocks > 0 && money->stake_share > 0;
}

static bool has_stake(const struct agents_setup *setup)
{
    bool delegates = false, delegators = false;
    for (uint32_t g = 0; g < setup->group_count; g++) {
        const struct agents_group *group = &setup->groups[g];
        if (group->params->count > 0 && group->params->genesis && setup->genesis == NULL &&
            can_be_positive(&group->params->stake_rao))
            return true;
        if (will_stake(group))
            return true;
        delegates |= group->params->count > 0 && group->money->delegate;
    }
    for (uint32_t k = 0; k < setup->delegator_kind_count; k++)
        delegators |= setup->delegators[k].params->count > 0 &&
                      can_be_positive(&setup->delegators[k].params->balance_rao);
    for (uint32_t uid = 0; setup->genesis != NULL && uid < setup->genesis->neuron_count; uid++)
        if (setup->genesis->neurons[uid].stake_rao > 0)
            return true;
    return delegates && delegators;
}

/* Neurons of the groups that hold a uid at the start. */
static uint64_t uids_of_groups(const struct agents_setup *setup)
{
    uint64_t uids = 0;
    for (uint32_t g = 0; g < setup->group_count; g++)
        uids += setup->groups[g].params->genesis ? setup->groups[g].params->count : 0;
    return uids;
}

enum sim_status genesis_plan_check(const struct agents_setup *setup,
                                   const struct chain_net_config *net, struct sim_error *err)
{
    bool mints = net->params.block_emission > 0 || net->params.emission_table.count > 0;
    if (mints && genesis_needs_stake(net->mechanism) && !has_stake(setup))
        return SIM_FAIL(err, SIM_CONFIG,
                        "nobody holds stake at the start and nobody has a balance that he would "
                        "stake (money.stake_share, delegators), and mechanism '%s' pays only where "
                        "there is stake: nothing would ever be minted",
                        net->mechanism->params->name);
    if (setup->genesis == NULL && uids_of_groups(setup) > net->params.max_uids)
        return SIM_FAIL(err, SIM_CONFIG,
                        "the groups hold %llu uids at the start, chain.max_uids is %u",
                        (unsigned long long)uids_of_groups(setup), net->params.max_uids);
    if (setup->genesis == NULL)
        return SIM_OK;
    if (setup->genesis->neuron_count > net->params.max_uids)
        return SIM_FAIL(err, SIM_CONFIG, "genesis.neurons has %u uids, chain.max_uids is %u",
                        setup->genesis->neuron_count, net->params.max_uids);
    struct genesis_holder *holders = calloc(setup->genesis->neuron_count + 1, sizeof(*holders));
    if (holders == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u uids", setup->genesis->neuron_count);
    enum sim_status status = genesis_assign(setup, holders, err);
    free(holders);
    return status;
}
