/*
 * world.h: one run, from a checked scenario to result.h5.
 *
 * The world builds every layer, owns all of them, lets the event loop dispatch, makes a block every
 * block_time, and hands state to the probe.  It decides nothing about neurons, chains or networks.
 *
 *   world_create(&setup, &world, err);
 *   world_run(world, err);           // to setup.params->until, or until *setup.stop is set
 *   world_finish(world, err);        // result.h5
 *   world = world_free(world);
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "agent/agents.h"
#include "agent/vote.h"
#include "base/error.h"
#include "base/param.h"
#include "chain/chain.h"
#include "net/net.h"
#include "probe/probe.h"
#include "world/faults.h"
#include "world/schedule.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* The scenario's own top-level keys. */
struct world_params {
    const char *name;
    const char *question; /* what the scenario is for, in one line */
    const char *cost;     /* about how long it takes, for whoever chooses one */
    uint64_t seed;
    int64_t until_ns;
    int64_t block_time_ns;
    uint64_t event_limit; /* most events pending at once */
    bool merge_idle_blocks;
    uint64_t memo_bytes; /* memory for answers that identical questions to a shared model reuse */
};
extern const struct param_table world_param_table;

/* How a run stands, for whoever shows progress: of several networks epochs and peers are added up,
 * and the rest are means, weighted by peers. */
struct world_status {
    int64_t now_ns, until_ns;
    uint64_t block;
    uint64_t event_count;
    struct probe_summary summary;
};

/* `networks: {NAME: {...}}`: what an entry says of itself. */
struct world_network_params {
    uint32_t netuid;
};
extern const struct param_table world_network_table;

/* One of several networks. */
struct world_network {
    const char *name;           /* part of the identity of what its groups draw */
    struct agents_setup agents; /* seed, netuid, block_time and uid_capacity are set by the world */
};
enum { WORLD_NETWORKS_MAX = 64 };

/* Everything is borrowed and outlives the world, except where it says copied. */
struct world_setup {
    const struct world_params *params;
    struct agents_setup agents; /* the only network's, where `networks` is NULL */
    /* (network_count) in the order of chain.nets, which may begin with root. */
    const struct world_network *networks;
    uint32_t network_count;
    const struct vote *votes; /* (vote_count) checked with vote_check(): who sits in root */
    uint32_t vote_count;
    struct chain_config chain; /* seed is set by the world */
    const struct net_options *net;
    const struct probe_params *probe;
    const struct world_fault *faults; /* (fault_count) checked with world_fault_check() */
    uint32_t fault_count;
    const struct world_limits *limits;  /* NULL: none */
    const struct world_change *changes; /* (change_count) in the order of time */
    size_t change_count;
    uint32_t threads; /* all of them, the loop's included */

    const char *folder;   /* run folder */
    const char *version;  /* of the program */
    const char *scenario; /* resolved, as text */
    const char *scenario_sha256;
    const char *mechanism_sha256; /* of a shared object that holds it; NULL: built in */
    const char *kernel;           /* of the products: a checkpoint of another one is refused */
    /* The scenario whose checkpoint the folder may hold, for a run that shares its past; NULL. */
    const char *parent_sha256;
    /* Continue from the folder's newest good checkpoint; from the start when it has none.  Else an
     * earlier run's checkpoints are removed. */
    bool resume;
    bool checkpoint_each_epoch; /* for tests: not only after a while */
    /* Not 0: end after the block under way, with a checkpoint; may be NULL. */
    const volatile sig_atomic_t *stop;
    void (*progress)(void *context, const struct world_status *status); /* after each block, or
                                                                           NULL */
    void *progress_context;
    /* For tests; see compute/compute.h. */
    struct compute_options compute_test;
    bool check; /* world_check() after every block */
};

struct world;

/* Builds and connects all layers; writes the genesis rows, or takes up a checkpoint.  The caller
 * owns *ret_world.  SIM_CONFIG for what does not fit together (a checkpoint of another version,
 * scenario or kernel), SIM_MEMORY, SIM_IO (all checkpoints are damaged). */
SIM_CHECKED enum sim_status world_create(const struct world_setup *setup, struct world **ret_world,
                                         struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct world *world_free(struct world *world);

/* True, and the epoch rows before the checkpoint, when the world was taken up from one. */
bool world_resumed(const struct world *world, uint64_t *ret_epoch);
/* Which newer checkpoints were damaged and passed over; "" when none was. */
const char *world_damage(const struct world *world);

/* A checkpoint as others see it. */
struct world_checkpoint {
    bool found;
    uint64_t epoch;            /* rows before it */
    char scenario_sha256[128]; /* whose it is */
};
/* The newest good checkpoint of a folder that was taken at `until_ns` or before.  SIM_IO when all
 * are damaged, SIM_CONFIG for those of another format. */
SIM_CHECKED enum sim_status world_find_checkpoint(const char *folder, int64_t until_ns,
                                                  struct world_checkpoint *ret_checkpoint,
                                                  struct sim_error *err);

/* Runs to the end.  SIM_INTERRUPTED when *stop was set: a checkpoint is kept. */
SIM_CHECKED enum sim_status world_run(struct world *world, struct sim_error *err);

/* Writes digests, provenance and result.h5. */
SIM_CHECKED enum sim_status world_finish(struct world *world, struct sim_error *err);

struct world_digests {
    uint64_t order, chain, model, trace;
};
/* To look at, between events. */
const struct agents *world_agents(const struct world *world, uint32_t network);
struct compute_counters world_compute(const struct world *world);

struct world_digests world_digests(const struct world *world);
struct world_status world_status(const struct world *world);

/* Every layer's own check and what must hold between them.  SIM_NUMERIC names what is broken;
 * what only a bug can break is asserted. */
SIM_CHECKED enum sim_status world_check(const struct world *world, struct sim_error *err);

#endif
