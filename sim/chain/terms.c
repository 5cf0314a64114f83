/*
 * What a registration costs, at the start of each block.
 */
#include "chain/state.h"

void chain_set_difficulty(struct chain *chain, struct chain_net *net, uint64_t difficulty)
{
    if (difficulty == net->difficulty)
        return;
    net->difficulty = difficulty;
    chain_digest_net_value(chain, CHAIN_DIGEST_DIFFICULTY, net, 0, difficulty);
    chain_event_add(chain, CHAIN_EVENT_DIFFICULTY, net->netuid)->amount = difficulty;
}

void chain_set_burn(struct chain *chain, struct chain_net *net, uint64_t burn_rao, bool announce)
{
    if (burn_rao == net->burn_rao)
        return;
    net->burn_rao = burn_rao;
    chain_digest_net_value(chain, CHAIN_DIGEST_BURN, net, 0, burn_rao);
    if (announce)
        chain_event_add(chain, CHAIN_EVENT_BURN, net->netuid)->amount = burn_rao;
}

static void end_interval(struct chain *chain, struct chain_net *net)
{
    net->registrations_interval = net->pow_interval = net->burn_interval = 0;
    net->last_adjustment_block = chain->block;
}

static void adjust_nakamoto(struct chain *chain, struct chain_net *net)
{
    const struct chain_params *params = &net->params;
    chain_set_difficulty(chain, net,
                         rules_difficulty_double(net->difficulty, net->registrations_interval,
                                                 params->target_registrations,
                                                 params->min_difficulty, params->max_difficulty));
    end_interval(chain, net);
}

static void adjust_finney(struct chain *chain, struct chain_net *net)
{
    struct rules_terms terms = {.burn_rao = net->burn_rao,
                                .difficulty = net->difficulty,
                                .registrations = net->registrations_interval,
                                .pow = net->pow_interval,
                                .burn = net->burn_interval};
    rules_adjust_terms(&net->params, &terms);
    chain_set_difficulty(chain, net, terms.difficulty);
    chain_set_burn(chain, net, terms.burn_rao, true);
    end_interval(chain, net);
}

static void decay_current(struct chain *chain, struct chain_net *net)
{
    const struct chain_params *params = &net->params;
    if (params->burn_half_life == 0 || chain->block <= 1)
        return;
    if (net->burn_factor_half_life != params->burn_half_life) {
        net->burn_factor_half_life = params->burn_half_life;
        net->burn_factor_q32 = rules_decay_factor_q32(params->burn_half_life);
    }
    chain_set_burn(
        chain, net,
        rules_burn_decay(net->burn_rao, net->burn_factor_q32, params->min_burn, params->max_burn),
        false);
}

void chain_adjust_terms(struct chain *chain, struct chain_net *net)
{
    net->registrations_block = 0;
    if (chain->profile == CHAIN_CURRENT) {
        decay_current(chain, net);
        return;
    }
    if (chain->block - net->last_adjustment_block < net->params.adjustment_interval)
        return;
    if (chain->profile == CHAIN_NAKAMOTO)
        adjust_nakamoto(chain, net);
    else
        adjust_finney(chain, net);
}
