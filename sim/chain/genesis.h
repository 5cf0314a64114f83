/*
 * genesis.h: a chain's first state from a table of a real network's.
 *
 * Two lists of lines in CSV, each with a header line: `uid,hotkey,stake_tao` (uids 0, 1, 2, ... in
 * order), maybe with a fourth column `group`; and `uid,target,weight` (any order; weights of a row
 * in any scale).  Reading and applying are apart, so that the caller may give the keys to neurons
 * of its own.
 */
#ifndef CHAIN_GENESIS_H
#define CHAIN_GENESIS_H

#include "chain/chain.h"

/* `genesis:` of a scenario. */
struct genesis_params {
    struct param_strings neurons, weights; /* lines, header first; none: no table */
};
extern const struct param_table genesis_param_table;

struct genesis_neuron {
    char hotkey[64];    /* the address as the table has it */
    char group[64];     /* "" where the table has no such column */
    uint64_t stake_rao; /* digits behind the ninth decimal are cut */
    bool weighs;        /* has an entry for another uid */
};

struct genesis_entry {
    uint32_t uid, target;
    double weight; /* >= 0 */
    size_t line;   /* index of its line */
};

/* Owned memory; start as {0}. */
struct genesis_table {
    struct genesis_neuron *neurons;
    uint32_t neuron_count;
    struct genesis_entry *entries; /* ascending (uid, target) */
    size_t entry_count;
};

/* Where a table is wrong; line and column count from 0. */
struct genesis_place {
    bool in_weights;
    size_t line;
    unsigned column;
};

enum { GENESIS_PROBLEMS_MAX = 20 };

struct genesis_problem {
    struct genesis_place place;
    char text[320];
};

/* The first of what is wrong with a table; start as {0}. */
struct genesis_problems {
    struct genesis_problem items[GENESIS_PROBLEMS_MAX];
    size_t count; /* of all; as many as there is room for are kept */
};

/* SIM_CONFIG for lines that are none, uids out of order, hotkeys or entries given twice: all of
 * them are in `problems`, and `err` has the first.  SIM_MEMORY. */
SIM_CHECKED enum sim_status genesis_parse(const struct genesis_params *params,
                                          struct genesis_table *ret_table,
                                          struct genesis_problems *problems, struct sim_error *err);
void genesis_release(struct genesis_table *table);

/* The rows, scaled so that the largest entry is the profile's full weight; the uids are
 * there. */
SIM_CHECKED enum sim_status genesis_apply_weights(struct chain *chain, uint16_t netuid,
                                                  const struct genesis_table *table,
                                                  struct sim_error *err);

/* Whether a mechanism pays nothing as long as nobody has stake. */
bool genesis_needs_stake(const struct mechanism_ops *mechanism);

/* Refuses, with the reason, a first state from which nothing can ever be minted: no stake and no
 * balance anywhere, on a chain that has something to mint, under a mechanism that pays only where
 * there is stake. */
SIM_CHECKED enum sim_status genesis_check(const struct chain *chain, struct sim_error *err);

#endif
