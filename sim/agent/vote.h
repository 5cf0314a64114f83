/*
 * vote.h: holders of root seats, who weigh networks.
 *
 * Where root's weights split the emission, named groups of neurons seek seats in the root network
 * with their own hotkeys and say there what each network is worth to them.  Both are ordinary calls
 * of the chain: a seat goes by the stake on the hotkey, a row by the seat's, and what the chain
 * refuses is tried again `interval` blocks later.  Nothing is kept between two blocks.
 */
#ifndef AGENT_VOTE_H
#define AGENT_VOTE_H

#include "agent/agents.h"

/* `root:` of a scenario. */
struct vote_root_params {
    uint64_t tempo_blocks;
    uint32_t seats;
};
extern const struct param_table vote_root_param_table;

/* `root: {voters: {NAME: {...}}}` */
struct vote_params {
    const char *group;            /* "NETWORK/GROUP" */
    uint32_t first;               /* so many of it; 0: all */
    struct param_strings weights; /* "NETWORK VALUE" */
    uint64_t interval_blocks;
};
extern const struct param_table vote_param_table;

struct vote {
    const char *name;
    const struct vote_params *params;
};

/* A network that may be weighed or vote; borrowed. */
struct vote_network {
    const char *name;
    uint16_t netuid;
    const struct agents_group *groups; /* (group_count) of which name and count are read */
    uint32_t group_count;
    const struct agents *agents; /* NULL before a run */
};

/* That the group and the networks are there, and that the weights are whole numbers.  SIM_CONFIG,
 * and the key at fault in *ret_key. */
SIM_CHECKED enum sim_status vote_check(const struct vote *vote, const struct vote_network *networks,
                                       uint32_t network_count, const char **ret_key,
                                       struct sim_error *err);

/* After a block: submits what is due.  The votes have been checked.  SIM_MEMORY. */
SIM_CHECKED enum sim_status vote_on_block(const struct vote *votes, uint32_t vote_count,
                                          const struct vote_network *networks,
                                          uint32_t network_count, struct chain *chain,
                                          struct sim_error *err);

#endif
