/*
 * schedule.h: what a scenario changes while it runs.
 *
 * A schedule is a list of changes in the order of time, each a list of keys with the blocks in
 * which their new values stand.  A change takes place between events, before everything else of
 * its instant: it is no event itself, so one that sets what is there already leaves every digest
 * as it was.  A change at the instant of a block precedes that block.
 */
#ifndef WORLD_SCHEDULE_H
#define WORLD_SCHEDULE_H

#include "agent/strategy.h"
#include "base/error.h"
#include "base/param.h"
#include "chain/mechanism.h"

#include <stddef.h>
#include <stdint.h>

/* The blocks whose keys can change; which keys of them do is said by PARAM_LIVE_FLAG. */
enum world_block {
    WORLD_CHAIN,     /* struct chain_params */
    WORLD_MECHANISM, /* as a whole, with its parameters */
    WORLD_QUERY,     /* struct query_params */
    WORLD_HOST,      /* struct group_host_params, of a group */
    WORLD_STRATEGY,  /* of a group, as a whole */
    WORLD_RECORD,    /* struct probe_params */
    WORLD_VOTE       /* struct vote_params, of a voter of root */
};

#define WORLD_LEDGER UINT32_MAX

/* One key.  Everything is borrowed and outlives the world. */
struct world_set {
    const char *path, *value; /* for the result: "chain.tempo", "50 blocks" */
    enum world_block block;
    uint32_t network;            /* which of the networks; WORLD_LEDGER: the chain as a whole */
    uint32_t group;              /* WORLD_HOST, WORLD_STRATEGY: index in the setup; WORLD_VOTE */
    const struct param_key *key; /* which field of `values`; NULL for a block as a whole */
    const void *values;          /* the block as it is from then on */
    const struct mechanism_ops *mechanism; /* WORLD_MECHANISM */
    const struct strategy_ops *strategy;   /* WORLD_STRATEGY */
};

struct world_change {
    int64_t at_ns;
    const struct world_set *sets; /* (set_count) */
    size_t set_count;
};

/* `limits:` of a scenario. */
struct world_limits {
    uint32_t max_uids; /* room for so many, whatever the chain allows; 0: what the schedule needs */
};
extern const struct param_table world_limits_table;

#endif
