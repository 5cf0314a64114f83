/*
 * outside.h: what no chain knows, measured for mechanisms that ask for it.
 *
 * In the block that runs an epoch, before the chain makes it, the facts of struct mechanism_outside
 * are taken from the neurons as they are at that instant: models on held-out text and on a public
 * test, the owners' hash rates, the operations done since the last epoch, who shares a model, who
 * is marked an attacker.  Nothing is kept from one epoch to the next, so there is nothing to save;
 * chance is keyed by the neurons' names and the number of the epoch.  Measuring changes no neuron
 * and moves no draw.  What a model is worth costs a measurement and is told only to a mechanism
 * that asks for it; one that asks for nothing is told nothing, also after one that was.
 */
#ifndef WORLD_OUTSIDE_H
#define WORLD_OUTSIDE_H

#include "agent/agents.h"
#include "base/error.h"
#include "chain/chain.h"

/* Borrowed; must outlive the block. */
struct outside_wiring {
    const struct agents_setup *setup;
    struct agents *agents;
    struct chain *chain;
    uint32_t test_sequences; /* of each test */
};

struct outside;

/* Room for all uids and models.  The caller owns *ret_outside.  SIM_MEMORY. */
SIM_CHECKED enum sim_status outside_create(const struct outside_wiring *wiring,
                                           struct outside **ret_outside, struct sim_error *err);
/* Accepts NULL, returns NULL.  The chain must not run an epoch afterwards. */
struct outside *outside_free(struct outside *outside);

/* Before chain_block(number): measures what the network's mechanism needs, if the block runs its
 * epoch, and hands it to the chain.  SIM_NUMERIC names a model that has no loss. */
SIM_CHECKED enum sim_status outside_feed(struct outside *outside, uint64_t number,
                                         struct sim_error *err);

#endif
