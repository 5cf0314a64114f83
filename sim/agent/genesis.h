/*
 * genesis.h: who holds which uid at the start, where a table says it (chain/genesis.h).
 */
#ifndef AGENT_GENESIS_H
#define AGENT_GENESIS_H

#include "agent/agents.h"

struct genesis_holder {
    uint32_t group, index;
};

/* The neuron of each line of setup->genesis: ret_holders (neuron_count).  Where
 * the lines name no groups, every neuron of a group with `genesis: true` gets one.  SIM_CONFIG when
 * they do not go up. */
SIM_CHECKED enum sim_status genesis_assign(const struct agents_setup *setup,
                                           struct genesis_holder *ret_holders,
                                           struct sim_error *err);

/* What a scenario's first state must not be, before a run: a table that fits the groups badly, or a
 * network in which nothing can ever be minted.  SIM_CONFIG with the reason. */
SIM_CHECKED enum sim_status genesis_plan_check(const struct agents_setup *setup,
                                               const struct chain_net_config *net,
                                               struct sim_error *err);

#endif
