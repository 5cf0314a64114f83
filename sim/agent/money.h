/*
 * money.h: what a scenario says of owners' money and of delegators.
 *
 * An owner is a coldkey: it pays for uids by work or by burning, puts free balance on its hotkeys
 * or takes stake back, and may open a hotkey to other people's stake.  Delegators hold no hotkey;
 * they choose whose stake to add to.  All of it happens once a block, behind the chain's events
 * (money.c, delegator.c), so that it needs no events of its own.
 */
#ifndef AGENT_MONEY_H
#define AGENT_MONEY_H

#include "base/dist.h"
#include "base/error.h"
#include "base/param.h"

#include <stdbool.h>
#include <stdint.h>

enum money_register { MONEY_WORK, MONEY_BURN, MONEY_CHEAPER };

/* `money:` of a group. */
struct group_money_params {
    struct dist balance_rao;       /* free, at the start; an owner's neurons add up */
    int registration;              /* enum money_register */
    uint64_t burn_limit_rao;       /* a dearer uid is waited for */
    uint64_t work_price_rao;       /* what 1e12 hashes cost */
    uint64_t payback_blocks;       /* 0: a uid is wanted whatever it earns */
    uint64_t upkeep_rao_per_block; /* what a uid's machine costs */
    uint64_t interval_blocks;      /* between two acts of staking; 0 = none */
    double stake_share;            /* of the free balance above the reserve */
    uint64_t reserve_rao;
    double unstake_share; /* of the own stake above what is kept */
    uint64_t keep_rao;
    bool delegate;
    uint16_t take;
    bool owns_network; /* the owner of the group's first neuron */
};

enum delegator_choice { DELEGATOR_RETURN, DELEGATOR_STAKE, DELEGATOR_RANDOM };

/* `delegators: {NAME: {...}}` */
struct delegator_params {
    uint32_t count;
    struct dist balance_rao;
    uint64_t interval_blocks; /* between two looks at the market */
    int choice;               /* enum delegator_choice */
    double switch_gain;       /* a rival must pay this much more, as a share */
};

extern const struct param_table group_money_param_table;
extern const struct param_table delegator_param_table;

/* SIM_CONFIG: two groups own the network, or one without neurons; *ret_group is its name then. */
struct agents_setup;
SIM_CHECKED enum sim_status money_plan_check(const struct agents_setup *setup,
                                             const char **ret_group, struct sim_error *err);

#endif
