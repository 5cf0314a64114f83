/*
 * idle.c: blocks in which nothing can happen, made in one go where the scenario allows it.
 *
 * A block is passed over when no event of a neuron or a message lies before it, no owner,
 * delegator or holder of a root seat decides anything from block to block, and the chain itself
 * calls it idle (chain_idle_blocks).  The chain's state, its digest and all rows are those of
 * single blocks; the number of events, and with it digest_order, are not, which is why a scenario
 * has to ask for it.
 */
#include "world/state.h"

enum sim_status world_skip_idle(struct world *world, int64_t now_ns, int64_t *ret_next_ns,
                                struct sim_error *err)
{
    const struct world_params *params = world->setup.params;
    int64_t end_ns = params->until_ns + 1, event_ns, next_ns = now_ns + params->block_time_ns;
    *ret_next_ns = next_ns;
    bool rest = params->merge_idle_blocks && world->setup.vote_count == 0;
    for (uint32_t s = 0; s < world->subnet_count && rest; s++)
        rest = agents_rest(world->subnets[s].agents);
    if (!rest)
        return SIM_OK;
    if (evq_peek_ns(world->queue, &event_ns) && event_ns < end_ns)
        end_ns = event_ns;
    if (end_ns <= next_ns)
        return SIM_OK;
    uint64_t room = (uint64_t)((end_ns - 1 - now_ns) / params->block_time_ns);
    uint64_t block = chain_block_number(world->chain);
    uint64_t idle = chain_idle_blocks(world->chain, block + room);
    *ret_next_ns = next_ns + (int64_t)idle * params->block_time_ns;
    return chain_run_to(world->chain, block + idle, err);
}
