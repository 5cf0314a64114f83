/*
 * What a block mints, when an epoch is due, and how its result becomes stake.
 *
 *   nakamoto  a step when blocks since the last one + 1 reach tempo; paid in the same block
 *   finney    emission queues up; an epoch every tempo + 1 blocks; paid in the NEXT block
 *   current   minted at once into a pending sum; an epoch tempo blocks after the last one; paid in
 *             the same block, what the mechanism does not pay out is taken out of issuance; of
 *             epochs that are due together a block runs max_epochs_per_block, lowest netuids first,
 *             and the next tempo of those that had to wait begins later
 */
#include "chain/state.h"

/* ------------------------------------------------------------------------------- how much, when */

static uint64_t table_emission(const struct chain_params *params, uint64_t number)
{
    uint64_t rao = 0;
    for (size_t i = 0; i < params->emission_table.count; i++) {
        uint64_t from = 0, value = 0;
        bool ok = chain_emission_line(params->emission_table.items[i], &from, &value);
        SIM_ASSERT(ok); /* chain_params_check has read it */
        if (from > number)
            break;
        rao = value;
    }
    return rao;
}

uint64_t chain_emission_of_block(const struct chain *chain, uint64_t number)
{
    const struct chain_params *params = &chain->nets[0].params;
    uint64_t rao = params->block_emission;
    if (params->emission_table.count > 0)
        rao = table_emission(params, number);
    else if (params->halving)
        return rules_block_emission(chain->total_issuance_rao, rao, params->max_issuance);
    if (params->halving && chain->total_issuance_rao + rao > params->max_issuance)
        rao = params->max_issuance > chain->total_issuance_rao
                  ? params->max_issuance - chain->total_issuance_rao
                  : 0;
    return rao;
}

/* Emission changes where the table says so, or in the block after issuance reaches a threshold:
 * block number + k sees issuance + k x emission, which must stay below it. */
uint64_t chain_next_emission_change(const struct chain *chain, uint64_t number)
{
    const struct chain_params *params = &chain->nets[0].params;
    uint64_t block = UINT64_MAX, rao;
    for (size_t i = 0; i < params->emission_table.count; i++)
        if (chain_emission_line(params->emission_table.items[i], &block, &rao) && block > number)
            return block;
    if (params->emission_table.count > 0 || !params->halving)
        return UINT64_MAX;
    uint64_t emission = chain_emission_of_block(chain, number);
    if (emission == 0)
        return UINT64_MAX;
    uint64_t threshold =
        rules_next_halving(chain->total_issuance_rao, params->block_emission, params->max_issuance);
    return number + (threshold - chain->total_issuance_rao + emission - 1) / emission;
}

uint64_t chain_block_emission_rao(const struct chain *chain)
{
    return chain_emission_of_block(chain, chain->block + 1);
}

void chain_share_out(struct chain *chain)
{
    chain->share_sum = 0;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        struct chain_net *net = &chain->nets[i];
        net->share = net->mechanism == NULL ? 0 : chain_emission_parts(net->params.emission_share);
        chain->share_sum += net->share;
    }
}

double chain_emission_share(const struct chain *chain, uint16_t netuid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL);
    return chain->share_sum == 0 ? 0 : (double)net->share / (double)chain->share_sum;
}

/* The network's part of a block's emission.  Parts are floors; what is left goes to the first
 * network that has a share, so that they sum to the whole. */
uint64_t chain_net_part(const struct chain *chain, const struct chain_net *net, uint64_t rao)
{
    uint64_t given = 0, part = 0;
    const struct chain_net *first = NULL;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        const struct chain_net *other = &chain->nets[i];
        uint64_t floor_rao =
            other->share == 0 ? 0 : (uint64_t)((fixed_u128)rao * other->share / chain->share_sum);
        if (first == NULL && other->share > 0)
            first = other;
        if (other == net)
            part = floor_rao;
        given += floor_rao;
    }
    return net == first ? part + (rao - given) : part;
}

bool chain_net_epoch_due(const struct chain *chain, const struct chain_net *net, uint64_t number)
{
    uint64_t tempo = net->params.tempo;
    if (net->mechanism == NULL)
        return false;
    switch (chain->profile) {
    case CHAIN_NAKAMOTO:
        return net->blocks_since_step + 1 >= tempo;
    case CHAIN_FINNEY:
        return rules_blocks_until_epoch(net->netuid, tempo, number) == 0;
    default:
        return tempo > 0 && number - net->last_step_block >= tempo;
    }
}

/* Whether a network whose epoch is due has to wait, since so many before it run theirs. */
static bool is_deferred(const struct chain *chain, const struct chain_net *net, uint64_t number)
{
    uint32_t most = chain->nets[0].params.max_epochs_per_block, before = 0;
    if (chain->profile != CHAIN_CURRENT || most == 0)
        return false;
    for (const struct chain_net *other = chain->nets; other < net; other++)
        before += chain_net_epoch_due(chain, other, number);
    return before >= most;
}

bool chain_epoch_due(const struct chain *chain, uint16_t netuid, uint64_t number)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && number == chain->block + 1);
    return chain_net_epoch_due(chain, net, number) && !is_deferred(chain, net, number);
}

uint64_t chain_blocks_until_epoch(const struct chain *chain, uint16_t netuid, uint64_t number)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL);
    uint64_t tempo = net->params.tempo, last = net->last_step_block;
    if (chain->profile == CHAIN_FINNEY)
        return rules_blocks_until_epoch(netuid, tempo, number);
    if (tempo == 0)
        return chain->profile == CHAIN_NAKAMOTO ? 0 : 1000;
    return number - last >= tempo ? 0 : tempo - (number - last);
}

void chain_set_outside(struct chain *chain, uint16_t netuid,
                       const struct mechanism_outside *outside)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL);
    net->outside = outside;
}

/* --------------------------------------------------------------------------- order in a block */

static uint64_t owner_part(const struct chain_net *net, uint64_t rao)
{
    return net->owner == CHAIN_NONE ? 0 : rules_part_u16(rao, net->params.owner_cut);
}

/* finney pays the owner's part in the block; current keeps it with the rest, and both are issued
 * at once (and digested with the epoch that pays them). */
void chain_accrue(struct chain *chain, struct chain_net *net, uint64_t part_rao, uint64_t blocks)
{
    uint64_t cut_rao = owner_part(net, part_rao);
    net->pending_rao += (part_rao - cut_rao) * blocks;
    net->blocks_since_step += blocks;
    if (chain->profile == CHAIN_CURRENT) {
        net->pending_owner_rao += cut_rao * blocks;
        chain->total_issuance_rao += part_rao * blocks;
    } else if (cut_rao > 0) {
        chain_issue(chain, cut_rao * blocks);
        chain_balance_add(chain, net->owner, cut_rao * blocks);
    }
}

static enum sim_status step_nakamoto(struct chain *chain, struct sim_error *err)
{
    struct chain_net *net = &chain->nets[0];
    bool due = chain_net_epoch_due(chain, net, chain->block);
    chain_accrue(chain, net, chain_emission_of_block(chain, chain->block), 1);
    enum sim_status status = SIM_OK;
    if (due) {
        status = chain_run_epoch(chain, net, net->pending_rao, err);
        if (status == SIM_OK)
            status = chain_pay_loaded(chain, net, err);
        net->pending_rao = 0;
        net->blocks_since_step = 0;
    }
    chain_adjust_terms(chain, net);
    return status;
}

static enum sim_status step_finney(struct chain *chain, struct sim_error *err)
{
    uint64_t block_rao = chain_emission_of_block(chain, chain->block);
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain_adjust_terms(chain, &chain->nets[i]);
    chain_root_epoch(chain);
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < chain->net_count && status == SIM_OK; i++)
        status = chain_pay_loaded(chain, &chain->nets[i], err);
    for (uint32_t i = 0; i < chain->net_count && status == SIM_OK; i++) {
        struct chain_net *net = &chain->nets[i];
        chain_accrue(chain, net, chain_net_part(chain, net, block_rao), 1);
        if (!chain_net_epoch_due(chain, net, chain->block))
            continue;
        status = chain_run_epoch(chain, net, net->pending_rao, err);
        net->pending_rao = 0;
        net->blocks_since_step = 0;
    }
    return status;
}

/* Incentive of the owner's own uids is not paid out. */
static void burn_owner_incentive(struct chain_net *net)
{
    for (uint32_t i = 0; i < net->loaded_count; i++)
        if (net->owner != CHAIN_NONE && net->coldkey[i] == net->owner)
            net->loaded[i].server_rao = 0;
}

/* The pending sum is part of issuance: paying mints it again, so all of it leaves first. */
static enum sim_status epoch_current(struct chain *chain, struct chain_net *net,
                                     struct sim_error *err)
{
    uint64_t offered_rao = net->pending_rao;
    chain_refresh_earliest_commits(net);
    enum sim_status status = chain_run_epoch(chain, net, offered_rao, err);
    if (status != SIM_OK)
        return status;
    burn_owner_incentive(net);
    net->pending_rao = 0;
    net->blocks_since_step = 0;
    chain_recycle(chain, offered_rao);
    if (net->pending_owner_rao > 0)
        chain_balance_add(chain, net->owner, net->pending_owner_rao);
    net->pending_owner_rao = 0;
    return chain_pay_loaded(chain, net, err);
}

/* In the order of netuids; those beyond the cap are still due in the next block. */
static enum sim_status run_due_epochs(struct chain *chain, struct sim_error *err)
{
    uint32_t most = chain->nets[0].params.max_epochs_per_block, run = 0;
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < chain->net_count && status == SIM_OK; i++) {
        struct chain_net *net = &chain->nets[i];
        if (!chain_net_epoch_due(chain, net, chain->block))
            continue;
        if (most > 0 && run >= most) {
            chain_event_add(chain, CHAIN_EVENT_DEFERRED, net->netuid);
            continue;
        }
        status = epoch_current(chain, net, err);
        run++;
    }
    return status;
}

static enum sim_status step_current(struct chain *chain, struct sim_error *err)
{
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain_adjust_terms(chain, &chain->nets[i]);
    uint64_t block_rao = chain_emission_of_block(chain, chain->block);
    for (uint32_t i = 0; i < chain->net_count; i++)
        if (chain->nets[i].commit_count > 0)
            chain_reveal_due(chain, &chain->nets[i]);
    chain_root_epoch(chain);
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain_accrue(chain, &chain->nets[i], chain_net_part(chain, &chain->nets[i], block_rao), 1);
    return run_due_epochs(chain, err);
}

enum sim_status chain_emission_step(struct chain *chain, struct sim_error *err)
{
    switch (chain->profile) {
    case CHAIN_NAKAMOTO:
        return step_nakamoto(chain, err);
    case CHAIN_FINNEY:
        return step_finney(chain, err);
    default:
        return step_current(chain, err);
    }
}
