/*
 * Stretches in which nothing happens, made in one go.
 *
 * A block is idle when no call waits, no epoch, adjustment, payment or opening of commits is due,
 * prices rest and the emission is the last block's.  Then all that a block does is to add the same
 * emission to the same pending sums, which m blocks do by multiplying.
 */
#include "chain/state.h"

/* Whether the network's next block could be merged at all. */
static bool net_rests(const struct chain *chain, const struct chain_net *net)
{
    const struct chain_params *params = &net->params;
    if (net->registrations_block > 0 || net->loaded_count > 0 || chain_has_sealed(net))
        return false;
    if (chain->profile != CHAIN_CURRENT)
        return net->owner == CHAIN_NONE || params->owner_cut == 0;
    if (params->burn_half_life == 0)
        return true;
    return net->burn_factor_half_life == params->burn_half_life &&
           rules_burn_decay(net->burn_rao, net->burn_factor_q32, params->min_burn,
                            params->max_burn) == net->burn_rao;
}

/* The first block after this one in which something of the network is due. */
static uint64_t net_next_block(const struct chain *chain, const struct chain_net *net)
{
    uint64_t next = chain->block + 1, due = UINT64_MAX;
    if (net->mechanism == NULL) /* root: its epochs go by this rule under every profile */
        due = chain->nets[0].params.emission_split != CHAIN_SPLIT_ROOT || net->params.tempo == 0
                  ? UINT64_MAX
                  : next + rules_blocks_until_epoch(net->netuid, net->params.tempo, next);
    else
        due = net->params.tempo == 0 && chain->profile != CHAIN_NAKAMOTO
                  ? UINT64_MAX
                  : next + chain_blocks_until_epoch(chain, net->netuid, next);
    if (chain->profile == CHAIN_CURRENT)
        return due;
    uint64_t adjustment = net->last_adjustment_block + net->params.adjustment_interval;
    return adjustment < due ? adjustment : due;
}

uint64_t chain_idle_blocks(const struct chain *chain, uint64_t last)
{
    if (chain->pending_count > 0 || chain->event_count > chain->block_event_count ||
        chain->block == 0)
        return 0;
    uint64_t end = chain_next_emission_change(chain, chain->block + 1);
    if (last + 1 < end)
        end = last + 1;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        if (!net_rests(chain, &chain->nets[i]))
            return 0;
        uint64_t next = net_next_block(chain, &chain->nets[i]);
        end = next < end ? next : end;
    }
    return end > chain->block + 1 ? end - chain->block - 1 : 0;
}

static void merge(struct chain *chain, uint64_t blocks)
{
    uint64_t block_rao = chain_emission_of_block(chain, chain->block + 1);
    for (uint32_t i = 0; i < chain->net_count; i++) {
        struct chain_net *net = &chain->nets[i];
        chain_accrue(chain, net, chain_net_part(chain, net, block_rao), blocks);
        chain_net_refresh_view(net);
    }
    chain->block += blocks;
    chain->event_count = chain->block_event_count = 0;
}

enum sim_status chain_run_to(struct chain *chain, uint64_t last, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    while (chain->block < last && status == SIM_OK) {
        uint64_t blocks = chain_idle_blocks(chain, last);
        if (blocks > 0)
            merge(chain, blocks);
        else
            status = chain_block(chain, chain->block + 1, err);
    }
    return status;
}
