/*
 * genesis.h: a chain's first state from a table of a real network's.
 *
 * Two CSV files with a header line each: `uid,hotkey,stake_tao` (uids 0, 1, 2, ... in order) and
 * `uid,target,weight` (any order; weights of a row in any scale).  Reading and applying are apart,
 * so that the caller may give the keys to neurons of its own.
 */
#ifndef CHAIN_GENESIS_H
#define CHAIN_GENESIS_H

#include "chain/chain.h"

struct genesis_neuron {
    char hotkey[64];    /* the address as the file has it */
    uint64_t stake_rao; /* digits behind the ninth decimal are cut */
};

struct genesis_entry {
    uint32_t uid, target;
    double weight; /* >= 0 */
};

/* Owned memory; start as {0}. */
struct genesis_table {
    struct genesis_neuron *neurons;
    uint32_t neuron_count;
    struct genesis_entry *entries; /* ascending (uid, target) */
    size_t entry_count;
};

/* weights_path may be NULL.  SIM_IO where a file cannot be read; SIM_CONFIG "file:line: what" for
 * a line that is none, a uid out of order, a hotkey or an entry given twice. */
SIM_CHECKED enum sim_status genesis_read_csv(const char *neurons_path, const char *weights_path,
                                             struct genesis_table *ret_table,
                                             struct sim_error *err);
void genesis_release(struct genesis_table *table);

/* Accounts (hotkey by its address, coldkey "owner of ADDRESS"), neurons with stake and permit, and
 * rows scaled so that the largest entry is the profile's full weight.  The first uid gets
 * *ret_first_account as hotkey and the next account as coldkey, and so on in pairs. */
SIM_CHECKED enum sim_status genesis_apply(struct chain *chain, uint16_t netuid,
                                          const struct genesis_table *table,
                                          uint32_t *ret_first_account, struct sim_error *err);

/* Refuses, with the reason, a first state from which nothing can ever be minted: no stake and no
 * balance anywhere under a mechanism that pays only where there is stake. */
SIM_CHECKED enum sim_status genesis_check(const struct chain *chain, struct sim_error *err);

#endif
