/*
 * state.h: the fields behind world.h, for sim/world alone.
 */
#ifndef WORLD_STATE_H
#define WORLD_STATE_H

#include "base/buffer.h"
#include "event/loop.h"
#include "record/checkpoint.h"
#include "world/outside.h"
#include "world/provenance.h"
#include "world/world.h"

/* One network of the chain, with its neurons and what is kept of them. */
struct subnet {
    const char *name; /* NULL: the only one */
    struct agents_setup setup;
    struct chain_net_config *net; /* of world->chain_nets */
    struct agents *agents;
    struct probe *probe;
    struct outside *outside;
    uint32_t first_kind;              /* of its agents' events */
    uint32_t first_host, first_owner; /* how many those before it have */
    const struct mechanism_ops *first_mechanism;

    /* schedule.c's: what the setup points to, since it changes */
    struct query_params query;
    struct agents_group *groups;     /* (group_count) */
    struct group_host_params *hosts; /* (group_count) */
};

struct world {
    struct world_setup setup;
    struct chain_net_config *chain_nets; /* (setup.chain.net_count) root first, if there is one */
    struct subnet *subnets;              /* (subnet_count) the last of chain_nets */
    uint32_t subnet_count;
    struct probe_network *probe_networks; /* (subnet_count) */
    struct vote_network *vote_networks;   /* (subnet_count) */
    struct vote *votes;                   /* (setup.vote_count) the schedule may change them */
    struct net_host *hosts;               /* of all networks */
    uint32_t host_count;
    struct evq *queue;
    struct loop *loop;
    struct version_pool *versions;
    struct compute_pool *pool;
    struct net *net;
    struct faults *faults; /* NULL when nothing goes wrong */
    struct chain *chain;
    struct record *record;
    struct provenance_clock clock;
    bool interrupted;

    /* schedule.c's: what the setup points to, since it changes */
    struct probe_params probe_params;
    const struct strategy_ops **later_strategies; /* (later_strategy_count) the schedule's */
    size_t later_strategy_count;
    uint64_t applied; /* changes of the schedule so far */

    /* checkpoint.c's */
    struct checkpoint *opened; /* while a world is built from one */
    struct record_mark mark;   /* the opened one's */
    bool resumed;
    char damage[512];                           /* which newer checkpoints were damaged; "" */
    struct buffer buffer;                       /* one section's bytes */
    double checkpoint_end_s, checkpoint_cost_s; /* wall time of the last one */
    uint64_t checkpoint_count;                  /* written by this process */
    double checkpoint_total_s;
};

/* ---- idle.c */
/* Makes the idle blocks behind the last one, where the scenario lets them be merged; *ret_next_ns
 * is when the next block is due. */
SIM_CHECKED enum sim_status world_skip_idle(struct world *world, int64_t now_ns,
                                            int64_t *ret_next_ns, struct sim_error *err);

/* ---- world.c */
/* The network of a host, and the host's number there. */
struct subnet *world_subnet_of_host(const struct world *world, uint32_t host, uint32_t *ret_own);
struct agents_wiring world_wiring(const struct world *world, const struct subnet *subnet);

/* ---- root.c */
/* Behind a block, where root splits the emission: rows about root, and what its holders do next. */
SIM_CHECKED enum sim_status world_root_block(struct world *world, int64_t now_ns,
                                             struct sim_error *err);

/* ---- checkpoint.c */
/* Whether enough wall time has passed for another, at the end of an epoch. */
bool world_checkpoint_due(const struct world *world);
/* Between events.  SIM_IO. */
SIM_CHECKED enum sim_status world_checkpoint_write(struct world *world, struct sim_error *err);

/* When the setup says so, finds the newest good checkpoint: world->opened, NULL when there is none.
 * Otherwise removes what an earlier run left.  SIM_CONFIG for one that another version, scenario
 * or kernel wrote. */
SIM_CHECKED enum sim_status world_checkpoint_open(struct world *world, struct sim_error *err);
/* What stands in for the first steps of a new run while `opened` is there. */
SIM_CHECKED enum sim_status world_resume_chain(struct world *world, struct sim_error *err);
SIM_CHECKED enum sim_status world_resume_agents(struct world *world, struct sim_error *err);
/* Queue, loop and probe; closes the checkpoint. */
SIM_CHECKED enum sim_status world_resume_rest(struct world *world, struct sim_error *err);

/* ---- faults.c */
/* Behind the network; nothing when the scenario has no faults. */
SIM_CHECKED enum sim_status world_faults_build(struct world *world, uint32_t first_kind,
                                               struct sim_error *err);
/* The network's callback (context = the world): a flood's messages to the faults, the others to
 * the agents. */
SIM_CHECKED enum sim_status world_delivered(void *world, uint64_t tag, enum net_outcome outcome,
                                            int64_t now_ns, struct sim_error *err);
/* Puts the names that the events' numbers stand for. */
void world_faults_name(const struct world *world);
/* ---- schedule.c */
/* Before the layers are built: the setup's copies that change, after the first `applied` changes;
 * the networks' configs in chain_nets; room for the most uids that the schedule ever allows. */
SIM_CHECKED enum sim_status world_schedule_prepare(struct world *world, struct sim_error *err);
/* Behind genesis, or behind what was resumed: the rows of /schedule. */
SIM_CHECKED enum sim_status world_schedule_begin(struct world *world, struct sim_error *err);
/* What the networks' mechanisms of the start and of the schedule need to be told (enum
 * mechanism_need). */
uint32_t world_schedule_needs(const struct world *world);
/* When the next change is due; TIME_NS_MAX when there is none. */
int64_t world_schedule_next_ns(const struct world *world);
/* Makes it.  SIM_CONFIG for what the chain refuses, SIM_MEMORY. */
SIM_CHECKED enum sim_status world_schedule_apply(struct world *world, struct sim_error *err);
void world_schedule_release(struct world *world);

#endif
